import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DirectoryInUseError, lockDirectory } from "./instanceLock";
import { writerIdentity } from "./writerIdentity";

describe("state directory", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await fs.mkdtemp(join(tmpdir(), "mlplatform-state-"));
  });
  afterEach(() => fs.rm(directory, { recursive: true, force: true }));

  it("keeps its writer id, and another directory has another one", async () => {
    const first = await writerIdentity(directory);
    assert.match(first, /^[0-9a-f]{16}$/);
    assert.equal(await writerIdentity(directory), first);
    assert.notEqual(await writerIdentity(join(directory, "other")), first);
  });

  it("refuses a garbled writer id instead of making keys from it", async () => {
    await fs.writeFile(join(directory, "writer-id"), "../../x\n");
    await assert.rejects(writerIdentity(directory), /must hold 16 hexadecimal digits/);
  });

  it("admits one holder, and the next one after a release", async () => {
    const lock = await lockDirectory(directory);
    await assert.rejects(lockDirectory(directory), DirectoryInUseError);
    await lock.release();
    await (await lockDirectory(directory)).release();
  });

  it("admits the next holder after a kill -9, under a path longer than a socket's may be", async () => {
    const deep = join(directory, "d".repeat(120));
    const script = `require("./instanceLock").lockDirectory(process.argv[1]).then(() => {
      setInterval(() => {}, 1000); process.stdout.write("held");
    });`;
    const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", "-e", script, deep], {
      cwd: __dirname,
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => child.stdout!.once("data", resolve));
    await assert.rejects(lockDirectory(deep), DirectoryInUseError);
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    await (await lockDirectory(deep)).release();
  });
});
