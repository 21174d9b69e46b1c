import assert from "node:assert/strict";
import { mkdtempSync, existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { UserError } from "../../screen/userError";
import { messages, runFixture } from "./fixtures";

describe("engine, a program that fails", () => {
  const cases: [stack: string, claim: string, expected: string[]][] = [
    [
      "test",
      "is the message and the line that threw",
      ["the size must be at least 1, got 0\n  (index.ts:28:7)"],
    ],
    [
      "inputs",
      "lists every problem of an InputPropertiesError",
      [
        'Thing "one" has 2 problems\n' +
          '  `size` must be at least 1, got 0. Set "size" in the stack.\n' +
          "  `name` isn't set.\nSet it.\n" +
          "  (index.ts:6:9)",
      ],
    ],
    [
      "module",
      "names the module that is missing",
      ["Cannot find module './missing'\n  (index.ts)"],
    ],
    ["exit", "names the code of a program that left", ["the program exited with code 7"]],
    ["syntax", "shows a syntax error", ["SyntaxError: Unexpected token ';'"]],
  ];
  for (const [stack, claim, expected] of cases) {
    it(claim, async () => {
      const { result } = await runFixture("throws", { stack });
      assert.deepEqual(messages(result), expected);
      assert.equal(result.succeeded, false);
    });
  }

  it("keeps what the program printed and logged before", async () => {
    const { result } = await runFixture("throws");
    assert.deepEqual(messages(result, "info"), ["a printed line"]);
    assert.deepEqual(messages(result, "warning"), ["a logged warning"]);
  });

  it("leaves the state of an update that failed as it was", async () => {
    const before = (await runFixture("basic", { mode: "up" })).state;
    const { state, result } = await runFixture("throws", { mode: "up", state: before });
    const kept = state.resources.filter(({ urn }) => urn.includes("::basic::"));
    assert.deepEqual(kept, before.resources);
    assert.ok(result.resources.every(({ operation }) => operation !== "delete"));
  });
});

describe("engine, ending a run", () => {
  let directory: string;
  let pidFile: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "preview-"));
    pidFile = join(directory, "pid");
    process.env.HANGS_PID_FILE = pidFile;
  });

  afterEach(() => {
    delete process.env.HANGS_PID_FILE;
    rmSync(directory, { recursive: true });
  });

  function isAlive(pid: number): boolean {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "ESRCH");
      return false;
    }
  }

  async function pid(): Promise<number> {
    while (!existsSync(pidFile) || readFileSync(pidFile, "utf8") === "") {
      await wait(20);
    }
    return Number(readFileSync(pidFile, "utf8"));
  }

  it("ends a program that ignores the first signal when it is aborted", async () => {
    const abort = new AbortController();
    const run = runFixture("hangs", { signal: abort.signal });
    const rejected = assert.rejects(run, /enough/);
    const child = await pid();
    assert.equal(isAlive(child), true);
    abort.abort(new Error("enough"));
    await rejected;
    assert.equal(isAlive(child), false);
  });

  it("ends a program that runs past the time limit", async () => {
    const rejected = assert.rejects(runFixture("hangs", { timeoutMs: 3_000 }), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /^the program of stack "test" ran longer than 3000 ms\. /);
      return true;
    });
    const child = await pid();
    await rejected;
    assert.equal(isAlive(child), false);
  });

  it("starts nothing when it is aborted before", async () => {
    const signal = AbortSignal.abort(new Error("too early"));
    await assert.rejects(runFixture("hangs", { signal }), /too early/);
    assert.equal(existsSync(pidFile), false);
  });
});
