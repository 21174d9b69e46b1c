import assert from "node:assert/strict";
import { Progress } from "../../screen/progress";

describe("progress", () => {
  const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
  const watch = (isTTY: boolean) => {
    const written: string[] = [];
    return { written, stream: { isTTY, columns: 40, write: (text: string) => written.push(text) } };
  };

  it("is one line on a terminal, cut to its width, and gone at the end", async () => {
    const { written, stream } = watch(true);
    const progress = new Progress(stream, { quietMs: 0 });
    progress.step(`running ${"x".repeat(60)}`);
    // The timer does not keep the process alive, so the wait is a timer of its own.
    await pause(600);
    progress.end();
    assert.ok(written.length >= 2);
    assert.ok(written[0]!.startsWith("\r\u001b[K⠋ running xxx") && written[0]!.endsWith("…"));
    assert.equal(written[0]!.length, "\r\u001b[K".length + 39);
    assert.equal(written.at(-1), "\r\u001b[K");
  });

  it("says nothing about a step that ends soon", async () => {
    const { written, stream } = watch(true);
    const progress = new Progress(stream);
    progress.step("running");
    await pause(600);
    progress.end();
    assert.deepEqual(written, []);
  });

  it("is silent in a pipe", async () => {
    const { written, stream } = watch(false);
    const progress = new Progress(stream, { quietMs: 0 });
    progress.step("running");
    await pause(600);
    progress.end();
    assert.deepEqual(written, []);
  });

  it("leaves a finished step's line, with its mark, time and last note, in a pipe too", async () => {
    for (const isTTY of [true, false]) {
      const { written, stream } = watch(isTTY);
      const progress = new Progress(stream, { quietMs: 0, titleColumns: 10 });
      progress.step("Count");
      progress.note("one");
      progress.note("two");
      await pause(300);
      progress.finish("✔");
      assert.match(written.at(-1)!, /^✔ Count {6} {3}0\.\d s {2}two\n$/);
    }
  });

  it("keeps a line above the one that is rewritten", async () => {
    const { written, stream } = watch(true);
    const progress = new Progress(stream, { quietMs: 0 });
    progress.step("running");
    await pause(300);
    progress.keep("run 1 of 3");
    progress.end();
    assert.deepEqual(written.slice(-2), ["\r\u001b[K", "run 1 of 3\n"]);
  });
});
