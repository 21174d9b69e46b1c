import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BedFolder } from "./bedFolder";
import { skipWithoutBed } from "./noBed";

const root = resolve(__dirname, "../..");

/** Makes a bed with a process that outlives it, says where both are, and waits. */
const owner = (kind: string) => `
  const { spawn } = require("node:child_process");
  const { BedFolder } = require("./test/cluster/bedFolder");
  const bed = BedFolder.make("${kind}");
  const env = { ...process.env, ...bed.environment };
  const { pid } = spawn("sleep", ["600"], { env, detached: true, stdio: "ignore" });
  console.log(JSON.stringify({ folder: bed.path, pid }));
  setInterval(() => {}, 1000);
`;

describe("the folder of a test bed", () => {
  let kind: string;
  let run: ChildProcess;
  let folder: string;
  let pid: number;

  before(skipWithoutBed);
  beforeEach(async () => {
    kind = `mlplatform-bed-${randomBytes(4).toString("hex")}-`;
    run = spawn(process.execPath, ["--require", "tsx/cjs", "--eval", owner(kind)], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(run.stdout!, "data")) as [Buffer];
    ({ folder, pid } = JSON.parse(line.toString()) as { folder: string; pid: number });
  });
  afterEach(() => {
    run?.kill("SIGKILL");
    if (isRunning()) {
      process.kill(pid, "SIGKILL");
    }
    rmSync(folder, { recursive: true, force: true });
  });

  /** A zombie has ended: nobody may be there to take its exit code. */
  const isRunning = () => {
    try {
      return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
      return false;
    }
  };

  /** What was killed is gone a moment later. */
  const hasEnded = async () => {
    for (let look = 0; look < 100 && isRunning(); look++) {
      await sleep(50);
    }
    return !isRunning();
  };

  it("is removed with its processes by the next bed after its run was killed", async () => {
    run.kill("SIGKILL");
    await once(run, "exit");
    assert.ok(existsSync(folder) && isRunning());
    const next = BedFolder.make(kind);
    try {
      assert.ok(!existsSync(folder));
      assert.ok(await hasEnded());
      assert.ok(existsSync(next.path));
    } finally {
      next.remove();
    }
  });

  it("stays while its run lives, and so do its processes", () => {
    BedFolder.make(kind).remove();
    assert.ok(existsSync(folder) && isRunning());
  });

  it("knows a run by its start, not by its pid alone", () => {
    const file = join(folder, "bed.json");
    const record = JSON.parse(readFileSync(file, "utf8")) as { owner: { startTime: number } };
    record.owner.startTime--;
    writeFileSync(file, JSON.stringify(record));
    BedFolder.make(kind).remove();
    assert.ok(!existsSync(folder));
  });

  it("stays where nothing says whose it is, or its pids are those of another namespace", () => {
    const unknown = join(tmpdir(), `${kind}unknown`);
    mkdirSync(unknown);
    try {
      const file = join(folder, "bed.json");
      const record = JSON.parse(readFileSync(file, "utf8")) as object;
      const other = { ...record, owner: { pid: 1, startTime: 1 }, pids: "pid:[1]" };
      writeFileSync(file, JSON.stringify(other));
      BedFolder.make(kind).remove();
      assert.ok(existsSync(unknown) && existsSync(folder) && isRunning());
    } finally {
      rmSync(unknown, { recursive: true });
    }
  });

  it("ends what outlived its run, and says what that was", async () => {
    const bed = BedFolder.make(kind);
    try {
      const env = { ...process.env, ...bed.environment };
      const child = spawn("sleep", ["601"], { env, stdio: "ignore" });
      await once(child, "spawn");
      assert.deepEqual(await bed.reap(), ["sleep 601"]);
      assert.deepEqual(await bed.reap(), []);
    } finally {
      bed.remove();
    }
  });
});
