import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { Interrupted, LocalError } from "../localError";
import { type StepFailure, StepRunner } from "./steps";

function screen(): { output: NodeJS.WriteStream; text: () => string } {
  let text = "";
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return { output: output as unknown as NodeJS.WriteStream, text: () => text };
}

const never = () => new Promise<never>(() => undefined);

describe("step runner", () => {
  it("prints one line a step with its time and its last note", async () => {
    const { output, text } = screen();
    const runner = new StepRunner(output, never);
    const result = await runner.step("Count", async (say) => {
      say("one");
      say("two");
      return 2;
    });
    assert.equal(result, 2);
    assert.match(text(), /^✔ Count +\d+\.\d s {2}two\n$/);
    assert.deepEqual(
      runner.times.map(({ title }) => title),
      ["Count"],
    );
  });

  it("names the step, the reason, the remedy and the log of a failure", async () => {
    const { output } = screen();
    const runner = new StepRunner(output, never);
    const work = () =>
      Promise.reject(new LocalError("port 5 is taken", "Choose another.", "x.log"));
    await assert.rejects(runner.step("Start", work), (error: StepFailure) => {
      assert.equal(
        error.message,
        "step  : Start\nwhy   : port 5 is taken\nremedy: Choose another.\nlog   : x.log",
      );
      return true;
    });
  });

  it("says that space is missing when a write found none", async () => {
    const { output } = screen();
    const full = Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
    const failed = new StepRunner(output, never).step("Write", () => Promise.reject(full));
    await assert.rejects(failed, /no space left on the device[\s\S]*Free some space/);
  });

  it("keeps where an unexplained error came from out of the screen, and in the log", async () => {
    const { output } = screen();
    const folder = mkdtempSync(join(tmpdir(), "mlp-test-"));
    const log = join(folder, "local.log");
    const cause = new Error("fetch failed", { cause: new Error("connect ECONNREFUSED") });
    const failed = new StepRunner(output, never, log).step("Ask", () => Promise.reject(cause));
    await assert.rejects(failed, (error: StepFailure) => {
      const [step, why, remedy, last] = error.message.split("\n");
      assert.deepEqual([step, why], ["step  : Ask", "why   : fetch failed: connect ECONNREFUSED"]);
      assert.match(remedy ?? "", /^remedy: Run it again/);
      assert.equal(last, `log   : ${log}`);
      return true;
    });
    assert.match(readFileSync(log, "utf8"), /steps\.test\.ts:\d+/);
    rmSync(folder, { recursive: true });
  });

  it("ends a step that waits when a service dies", async () => {
    const { output } = screen();
    const death = Promise.reject(new LocalError("mlflow ended by itself", "Read its log."));
    const runner = new StepRunner(output, () => death);
    await assert.rejects(
      runner.step("Wait", never),
      /step {2}: Wait\nwhy {3}: mlflow ended by itself/,
    );
  });

  it("passes an interruption on as one, not as a failure", async () => {
    const { output, text } = screen();
    const runner = new StepRunner(output, () => Promise.reject(new Interrupted("SIGINT")));
    await assert.rejects(runner.step("Wait", never), Interrupted);
    assert.match(text(), /^■ Wait .* interrupted by SIGINT\n$/);
  });
});
