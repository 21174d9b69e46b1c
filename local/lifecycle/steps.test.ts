import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { Interrupted } from "../interrupted";
import { UserError } from "../../screen/userError";
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
      Promise.reject(
        new UserError({ what: "port 5 is taken", remedy: "Choose another.", log: "x.log" }),
      );
    await assert.rejects(runner.step("Start", work), (error: StepFailure) => {
      assert.equal(error.message, "Start: port 5 is taken. Choose another. The log is x.log.");
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
      const [problem] = error.problems;
      assert.equal(problem?.what, "Ask: fetch failed: connect ECONNREFUSED");
      assert.match(problem.remedy ?? "", /^Run it again/);
      assert.equal(problem.log, log);
      return true;
    });
    assert.match(readFileSync(log, "utf8"), /steps\.test\.ts:\d+/);
    rmSync(folder, { recursive: true });
  });

  it("ends a step that waits when a service dies", async () => {
    const { output } = screen();
    const death = Promise.reject(
      new UserError({ what: "mlflow ended by itself", remedy: "Read its log." }),
    );
    const runner = new StepRunner(output, () => death);
    await assert.rejects(
      runner.step("Wait", never),
      /^StepFailure: Wait: mlflow ended by itself\. Read its log\.$/,
    );
  });

  it("passes an interruption on as one, not as a failure", async () => {
    const { output, text } = screen();
    const runner = new StepRunner(output, () => Promise.reject(new Interrupted("SIGINT")));
    await assert.rejects(runner.step("Wait", never), Interrupted);
    assert.match(text(), /^■ Wait .* interrupted by SIGINT\n$/);
  });
});
