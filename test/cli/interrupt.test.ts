import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processTree, processes } from "../../bench/preview/processTree";
import { root, shownProject } from "./runCli";

const start = `
  require("tsx/cjs");
  require(${JSON.stringify(join(root, "cli/mlp.ts"))})
    .main(["preview", "--stack", "slow"], { projectDir: ${JSON.stringify(shownProject)} })
    .then((code) => { process.exitCode = code; });`;

describe("mlp under Ctrl-C", function () {
  before(function () {
    // Processes are looked up in /proc.
    if (process.platform !== "linux") {
      this.skip();
    }
  });

  it("ends the program and the policies it started, and exits 130", async () => {
    const mlp = spawn(process.execPath, ["-e", start], { cwd: root });
    let stderr = "";
    mlp.stderr.on("data", (data) => (stderr += String(data)));
    const ended = new Promise<number | null>((done) => mlp.once("close", done));
    const children = await descendants(mlp.pid!, 2);
    // The runner and the policy pack are up; now the program waits for a minute.
    await sleep(1500);
    const interrupted = performance.now();
    mlp.kill("SIGINT");
    assert.equal(await ended, 130, stderr);
    assert.match(stderr, /mlp: interrupted\n$/);
    assert.ok(performance.now() - interrupted < 10_000);
    await sleep(200);
    assert.deepEqual(
      processes().filter(({ pid, isRunning }) => isRunning && children.includes(pid)),
      [],
    );
  });
});

/** Process ids below a process, as soon as there are enough of them. */
async function descendants(pid: number, count: number): Promise<number[]> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const found = processTree(pid).slice(1);
    if (found.length >= count) {
      return found.map((child) => child.pid);
    }
    await sleep(50);
  }
  return assert.fail(`fewer than ${count} children within 30 s`);
}
