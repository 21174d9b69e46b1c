import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StateDirectory } from "./processes/runState";

const stepTimeoutMs = 240_000;
const clone = resolve(__dirname, "..");
const main = ["--import", "tsx", join(clone, "local", "main.ts")];

/** Starts a run and waits until one of its services has been started. */
async function runUntil(service: string): Promise<{ child: ChildProcess; output: () => string }> {
  const child = spawn(process.execPath, main, { cwd: clone, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const state = new StateDirectory(clone);
  const deadline = Date.now() + stepTimeoutMs;
  for (;;) {
    assert.equal(child.exitCode, null, output);
    assert.ok(Date.now() < deadline, `${service} was not started: ${output}`);
    const record = state.record();
    const isMine = record?.owner.pid === child.pid;
    if (isMine && record?.services.some(({ name }) => name === service) === true) {
      return { child, output: () => output };
    }
    await sleep(50);
  }
}

function local(...args: string[]): { status: number | null; text: string } {
  const done = spawnSync(process.execPath, [...main, ...args], { cwd: clone, encoding: "utf8" });
  return { status: done.status, text: done.stdout + done.stderr };
}

async function end(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise((settle) => child.once("close", settle));
  }
  return child.exitCode;
}

describe("npm run local, interrupted", function () {
  this.timeout(stepTimeoutMs + 60_000);

  for (const service of ["postgres-initdb", "ray"]) {
    it(`leaves nothing after kill -9 while ${service} starts, and \`clean\``, async () => {
      const { child } = await runUntil(service);
      child.kill("SIGKILL");
      await end(child);
      const state = new StateDirectory(clone);
      const record = state.record();
      assert.ok(record !== undefined);
      assert.ok(state.remaining(record).length > 0, "the services outlive the script");
      const refused = local("up");
      assert.equal(refused.status, 2);
      assert.match(refused.text, /processes of an earlier run are still there[\s\S]*local -- stop/);
      assert.equal(local("clean").status, 0);
      assert.deepEqual(state.remaining(record), []);
      assert.deepEqual(
        record.outside.filter((directory) => existsSync(directory)),
        [],
      );
      assert.equal(existsSync(state.run), false);
    });
  }

  it("ends everything on Ctrl-C, says so, and refuses a second run meanwhile", async () => {
    const { child, output } = await runUntil("mlflow");
    const second = local("up");
    assert.equal(second.status, 2);
    assert.match(
      second.text,
      new RegExp(`another run works in this clone \\(process ${child.pid}\\)`),
    );
    child.kill("SIGINT");
    assert.equal(await end(child), 130);
    assert.match(output(), /interrupted by SIGINT/);
    const state = new StateDirectory(clone);
    const record = state.record();
    assert.ok(record !== undefined);
    assert.deepEqual(state.remaining(record), []);
    assert.equal(state.lockHolder(), undefined);
  });

  it("names the service that died, why and its log, and ends the others", async () => {
    const { child, output } = await runUntil("mlflow");
    const state = new StateDirectory(clone);
    const postgres = state.record()?.services.find(({ name }) => name === "postgres");
    assert.ok(postgres !== undefined);
    process.kill(postgres.pid, "SIGKILL");
    assert.equal(await end(child), 1);
    assert.match(output(), /local: MLflow, Ray.*: postgres ended by itself \(signal SIGKILL\)/);
    assert.match(output(), /The log is .*postgres\.log/);
    const record = state.record();
    assert.ok(record !== undefined);
    assert.deepEqual(state.remaining(record), []);
  });
});
