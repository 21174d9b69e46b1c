import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
