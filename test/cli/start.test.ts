import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Progress } from "../../screen/progress";
import { root, runCli } from "./runCli";

describe("mlp: start", () => {
  let dir: string;

  beforeEach(async () => {
    dir = await realpath(await mkdtemp(join(tmpdir(), "mlplatform-start-")));
  });

  afterEach(() => rm(dir, { recursive: true, force: true }));

  const start = (args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    return { status, stdout, stderr };
  };

  /** A clone in which `npm ci` wasn't run. */
  const copyWithoutDependencies = async () => {
    await mkdir(join(dir, "cli"));
    for (const file of ["bin.js", "mlp.ts"]) {
      await copyFile(join(root, "cli", file), join(dir, "cli", file));
    }
  };

  it("names `npm ci` where the dependencies are missing", async () => {
    await copyWithoutDependencies();
    assert.deepEqual(start([join(dir, "cli/bin.js"), "--help"]), {
      status: 2,
      stdout: "",
      stderr:
        `mlp: the dependencies are not installed (MODULE_NOT_FOUND). Run \`npm ci\` in ` +
        `${dir}.\n`,
    });
  });

  /** Runs a file on this Node, which says that it is an older one. */
  const startOnOld = async (...args: string[]) => {
    const old = join(dir, "old.js");
    await writeFile(
      old,
      'Object.defineProperty(process, "versions", { value: { node: "20.20.2" } });',
    );
    return start(["--require", old, ...args]);
  };

  it("goes on with the Node that `npm ci` installed where the user's is too old", async () => {
    const { status, stdout, stderr } = await startOnOld(join(root, "cli/bin.js"), "--help");
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
    assert.match(stdout, /^Usage: mlp /);
    assert.equal((await startOnOld(join(root, "cli/bin.js"), "nonsense")).status, 2);
  });

  it("refuses a Node that is too old where there is no other, and names the remedy", async () => {
    await copyWithoutDependencies();
    assert.deepEqual(await startOnOld(join(dir, "cli/bin.js"), "--help"), {
      status: 2,
      stdout: "",
      stderr:
        `mlp: Node 20.20.2 is too old, 22.15 or newer is needed. \`npm ci\` in ${dir} installs ` +
        `one, which this command then uses.\n`,
    });
  });

  it("shows a stack trace only when asked for", async () => {
    process.env.MLP_DEBUG = "1";
    try {
      const { stderr, code } = await runCli(["preview", "-s", "nope"]);
      assert.match(stderr, /\n {4}at .*projectFile/);
      assert.equal(code, 2);
    } finally {
      delete process.env.MLP_DEBUG;
    }
  });
});

describe("mlp: progress", () => {
  const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
  const watch = (isTTY: boolean) => {
    const written: string[] = [];
    return { written, stream: { isTTY, columns: 40, write: (text: string) => written.push(text) } };
  };

  it("is one line on a terminal, cut to its width, and gone at the end", async () => {
    const { written, stream } = watch(true);
    const progress = new Progress(stream, 0);
    progress.step(`running ${"x".repeat(60)}`);
    // The timer does not keep the process alive, so the wait is a timer of its own.
    await pause(600);
    progress.end();
    assert.ok(written.length >= 2);
    assert.ok(written[0]!.startsWith("\r\u001b[Krunning xxx") && written[0]!.endsWith("…"));
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
    const progress = new Progress(stream, 0);
    progress.step("running");
    await pause(600);
    progress.end();
    assert.deepEqual(written, []);
  });
});
