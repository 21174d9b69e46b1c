import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { promises as fs } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { getRayLogManifest, ManifestStatus } from "@mlplatform/lake/rayLogs/rayLogManifest";
import { ClusterState } from "@mlplatform/lake/rayLogs/rayLogClusters";
import { startMinio, type TestStore } from "../lake/testbed/objectStores";
import { sideBySide, type WaitingCase } from "../lake/testbed/sideBySide";
import { makeOffloaderBed, type OffloaderBed } from "./testbed/offloaderBed";
import { clockSetBack, preload, sickDisk } from "./testbed/preloads";

// faults.soak.ts sets more of both.
const tinyFiles = Number(process.env["MLP_FAULT_TINY_FILES"] ?? 3_000);
const stopMs = Number(process.env["MLP_FAULT_STOP_MS"] ?? 3_000);

const traceback = `Traceback (most recent call last):
  File "train.py", line 12, in load
    return table[key]
KeyError: 'label'

During handling of the above exception, another exception occurred:

  + Exception Group Traceback (most recent call last):
  |   File "train.py", line 20, in <module>
  |     raise ExceptionGroup("two shards", shards)
  | ExceptionGroup: two shards (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: shard 0
    +------------------------------------
`;

/** What a clock wrote, and what is known of its time: microseconds since 1970, UTC, or nothing. */
const times: [line: string, micros: string | null][] = [
  ["no time at all", null],
  ["I1123 10:00:00.123456   412 raylet.cc:7] a year-less time of glog", null],
  ["2026-11-01 01:30:00,000 INFO the hour that comes twice in New York", "1793496600000000"],
  ["2026-11-01T01:30:00-04:00 INFO that hour, the first one", "1793511000000000"],
  ["2026-11-01T01:30:00-05:00 INFO that hour, the second one", "1793514600000000"],
  ["2026-03-08 02:30:00,000 INFO an hour that New York doesn't have", "1772937000000000"],
  ["2026-11-01 00:30:00,000 INFO the clock was set back", "1793493000000000"],
  ["2026-13-45 25:61:61,000 INFO no time", null],
];

describe("log offloader on files and a system that misbehave", function () {
  this.timeout(240_000 + tinyFiles * 10 + stopMs * 2);
  let minio: TestStore;

  before(async () => {
    minio = await startMinio();
  });
  after(() => minio?.stop());

  const inBed = (title: string, run: (bed: OffloaderBed) => Promise<void>): WaitingCase => ({
    title,
    async run() {
      const bed = await makeOffloaderBed(minio);
      try {
        await run(bed);
      } finally {
        await bed.end();
      }
    },
  });

  const started = async (bed: OffloaderBed, ...launch: Parameters<OffloaderBed["launch"]>) => {
    const service = bed.launch(...launch);
    await service.waitFor(/following /);
    return service;
  };

  async function shipsOnAfterClockStep(bed: OffloaderBed): Promise<void> {
    const file = join(bed.logs, "worker.out");
    await fs.writeFile(file, "before\n");
    const service = await started(bed, await preload(bed.folder, clockSetBack));
    await bed.waitForStored(7);
    service.child.kill("SIGUSR2");
    await sleep(200);
    // Neither waits for the hour to pass: a whole line, and one whose end is long in coming.
    await fs.appendFile(file, "after\ncut");
    await bed.waitForStored(16);
    const commits = await bed.metric("log_offloader_commit_seconds_sum");
    assert.ok(commits >= 0 && commits < 60, `${commits} s`);
    await fs.appendFile(file, " off\n");
    await bed.drain();
    await bed.expectWhole("worker.out", Buffer.from("before\nafter\ncut off\n"));
  }

  async function keepsStrangeTimes(bed: OffloaderBed): Promise<void> {
    const text = times.map(([line]) => `${line}\n`).join("");
    await fs.writeFile(join(bed.logs, "worker.out"), text);
    await started(bed, { TZ: "America/New_York" });
    await bed.drain();
    await bed.expectWhole("worker.out", Buffer.from(text));
    const { rows } = await bed.lake.query(
      "SELECT text, epoch_us(ts)::VARCHAR AS micros FROM raylogs ORDER BY byte_start",
      bed.node,
    );
    assert.deepEqual(
      rows.map(({ text: line, micros }) => [line, micros]),
      times,
    );
  }

  async function readsOnAfterStop(bed: OffloaderBed): Promise<void> {
    const file = join(bed.logs, "raylet.out");
    const service = await started(bed);
    await fs.writeFile(file, "first life\n");
    await bed.waitForStored(11);
    service.child.kill("SIGSTOP");
    await fs.appendFile(file, "while it stood still\n");
    await fs.rename(file, `${file}.1`);
    await fs.writeFile(file, "second life\n");
    await fs.writeFile(join(bed.logs, "short.out"), "came meanwhile\n");
    await sleep(stopMs);
    service.child.kill("SIGCONT");
    await bed.waitForStored(59);
    await bed.drain();
    const lives = (await bed.livesOf("raylet.out")).map(String);
    assert.deepEqual(lives.sort(), ["first life\nwhile it stood still\n", "second life\n"]);
    await bed.expectWhole("short.out", Buffer.from("came meanwhile\n"));
  }

  async function readsWhatIsLeftOfRing(bed: OffloaderBed): Promise<void> {
    const backups = 5;
    const file = join(bed.logs, "raylet.out");
    const generation = (number: number) =>
      Array.from({ length: 50 }, (_, line) => `generation ${number} line ${line}\n`).join("");
    const service = await started(bed);
    await fs.writeFile(file, "open at the stop\n");
    await bed.waitForStored(17);
    service.child.kill("SIGSTOP");
    await fs.appendFile(file, "and written on\n");
    // The ring goes round more than twice between two looks; what it wrote over nobody can read any
    // more.
    for (let number = 1; number <= 12; number++) {
      // The ring isn't full at first.
      for (let backup = backups - 1; backup >= 1; backup--) {
        await fs.rename(`${file}.${backup}`, `${file}.${backup + 1}`).catch(() => undefined);
      }
      await fs.rename(file, `${file}.1`);
      await fs.writeFile(file, generation(number));
    }
    service.child.kill("SIGCONT");
    await bed.drain();
    const { files } = await getRayLogManifest(bed.store, bed.node);
    const names = new Set(files.map((each) => each.file));
    const lives = await Promise.all([...names].map((name) => bed.livesOf(name)));
    const left = [12, 11, 10, 9, 8, 7].map(generation);
    // Of the first file the descriptor was open: it is whole, though the ring removed it.
    const expected = ["open at the stop\nand written on\n", ...left];
    assert.deepEqual(lives.flat().map(String).sort(), expected.sort());
    assert.equal((await bed.cluster()).isComplete, true);
  }

  async function readsTinyFiles(bed: OffloaderBed): Promise<void> {
    const textOf = (index: number) => `worker ${index}\n`;
    await fs.mkdir(join(bed.logs, "old"));
    let bytes = 0;
    for (let index = 0; index < tinyFiles; index++) {
      await fs.writeFile(join(bed.logs, "old", `worker-${index}.out`), textOf(index));
      bytes += textOf(index).length;
    }
    // As the image and its limit of 512 MiB have it.
    const nodeOptions = "--max-semi-space-size=2 --max-old-space-size=256";
    const { child } = await started(bed, { MLP_DRAIN_MS: "600000", NODE_OPTIONS: nodeOptions });
    // It looks for changes itself: a limit of inotify's watches can't touch it.
    const descriptors = await fs.readdir(`/proc/${child.pid}/fd`);
    const links = descriptors.map((fd) =>
      fs.readlink(`/proc/${child.pid}/fd/${fd}`).catch(() => "closed meanwhile"),
    );
    assert.ok(!(await Promise.all(links)).some((link) => link.includes("inotify")));
    await bed.waitForCommitted(bytes);
    const status = await fs.readFile(`/proc/${child.pid}/status`, "utf8");
    const peakMiB = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)![1]) / 1024;
    assert.ok(peakMiB < 512, `${peakMiB} MiB, with the test's own TypeScript loader`);
    await bed.drain();
    const { files } = await getRayLogManifest(bed.store, bed.node);
    assert.equal(files.length, tinyFiles);
    assert.equal((await bed.cluster()).isComplete, true);
    const { rows } = await bed.lake.query(
      `SELECT count(*)::INT AS lines, count(DISTINCT file_uid)::INT AS files,
              sum(byte_end - byte_start)::INT AS bytes, sum((file = 'old/worker-' || text[8:]
                || '.out')::INT)::INT AS own
       FROM raylogs`,
      bed.node,
    );
    assert.deepEqual(rows, [{ lines: tinyFiles, files: tinyFiles, bytes, own: tinyFiles }]);
  }

  async function livesWithFewDescriptors(bed: OffloaderBed): Promise<void> {
    const names = Array.from({ length: 300 }, (_, index) => `worker-${index}.out`);
    const append = (text: string) =>
      Promise.all(names.map((name) => fs.appendFile(join(bed.logs, name), text)));
    await append("one\n");
    const limit = ["sh", "-c", 'ulimit -n 96 && exec "$0" "$@"'];
    const service = await started(bed, {}, limit);
    await bed.waitForStored(names.length * 4);
    assert.match(service.output(), /could not be read and is tried again: EMFILE/);
    const errors = await bed.metric("log_offloader_file_errors_total");
    await append("two\n");
    await bed.waitForStored(names.length * 8);
    const more = (await bed.metric("log_offloader_file_errors_total")) - errors;
    assert.ok(more < names.length, `${more} more errors: it has to hold fewer files`);
    await append("three\n");
    await bed.drain();
    for (const name of names) {
      assert.deepEqual((await bed.livesOf(name)).map(String), ["one\ntwo\nthree\n"], name);
    }
  }

  async function outlivesSickDisk(bed: OffloaderBed): Promise<void> {
    const flag = join(bed.folder, "disk-is-sick");
    const file = join(bed.logs, "sick.out");
    await fs.writeFile(file, "one\n");
    const service = await started(bed, await preload(bed.folder, sickDisk(flag)));
    await bed.waitForStored(4);
    await fs.writeFile(flag, "");
    await fs.appendFile(file, "two\n");
    await fs.writeFile(join(bed.logs, "well.out"), "goes on\n");
    await service.waitFor(/sick\.out could not be read and is tried again: EIO/);
    await bed.waitForStored(8, "well.out");
    assert.ok((await bed.metric("log_offloader_file_errors_total")) > 0);
    await fs.rm(flag);
    await bed.waitForStored(8, "sick.out");
    await bed.drain();
    await bed.expectWhole("sick.out", Buffer.from("one\ntwo\n"));
  }

  async function namesUnreadFile(bed: OffloaderBed): Promise<void> {
    const flag = join(bed.folder, "disk-is-sick");
    await fs.writeFile(flag, "");
    await fs.writeFile(join(bed.logs, "sick.out"), "never read\n");
    await fs.writeFile(join(bed.logs, "well.out"), "read\n");
    const service = await started(bed, {
      ...(await preload(bed.folder, sickDisk(flag))),
      MLP_DRAIN_MS: "1500",
    });
    await service.waitFor(/EIO/);
    await bed.drain();
    const { status, files } = await getRayLogManifest(bed.store, bed.node);
    assert.equal(status, ManifestStatus.Final);
    assert.deepEqual(
      files.map(({ file, size, bytesCommitted }) => [file, size, bytesCommitted]).sort(),
      [
        ["sick.out", 11, 0],
        ["well.out", 5, 5],
      ],
    );
    assert.equal((await bed.cluster()).state, ClusterState.Incomplete);
  }

  async function readsWhatIsGranted(bed: OffloaderBed): Promise<void> {
    const secret = join(bed.logs, "secret.out");
    const folder = join(bed.logs, "old");
    await fs.mkdir(folder);
    await fs.writeFile(join(folder, "worker.out"), "in a closed folder\n");
    await fs.writeFile(secret, "closed\n");
    await fs.chmod(secret, 0o000);
    await fs.chmod(folder, 0o000);
    // Root reads everything, unless it has lost that right.
    const right = "-dac_override,-dac_read_search";
    const through = process.getuid!() === 0 ? ["setpriv", "--bounding-set", right] : [];
    const service = await started(bed, {}, through);
    await fs.writeFile(join(bed.logs, "open.out"), "open\n");
    await bed.waitForStored(5);
    await service.waitFor(/could not be read and is tried again: EACCES/);
    await fs.chmod(secret, 0o644);
    await fs.chmod(folder, 0o755);
    await bed.waitForStored(31);
    await bed.drain();
    await bed.expectWhole("secret.out", Buffer.from("closed\n"));
    await bed.expectWhole("old/worker.out", Buffer.from("in a closed folder\n"));
  }

  async function outlivesVanishedFolder(bed: OffloaderBed): Promise<void> {
    const ray = join(bed.folder, "ray");
    const file = join(bed.logs, "worker.out");
    await fs.writeFile(file, "first\n");
    const service = await started(bed);
    await bed.waitForStored(6);
    const writer = await fs.open(file, "a");
    await fs.rm(ray, { recursive: true });
    await writer.write("after its folder was gone\n");
    await bed.waitForStored(32);
    await writer.close();
    await fs.mkdir(bed.logs, { recursive: true });
    await fs.writeFile(file, "in a new folder\n");
    await bed.waitForStored(48);
    assert.equal(service.child.exitCode, null);
    await bed.drain();
    const lives = (await bed.livesOf("worker.out")).map(String);
    assert.deepEqual(lives.sort(), ["first\nafter its folder was gone\n", "in a new folder\n"]);
  }

  async function keepsSplitTraceback(bed: OffloaderBed): Promise<void> {
    const file = join(bed.logs, "worker.err");
    await started(bed);
    const lines = traceback.split(/(?<=\n)/);
    for (const [index, line] of lines.entries()) {
      if (index === 4 || index === 9) {
        await fs.rename(`${file}.1`, `${file}.2`).catch((error: NodeJS.ErrnoException) => {
          assert.equal(error.code, "ENOENT");
        });
        await fs.rename(file, `${file}.1`);
      }
      await fs.appendFile(file, line);
      await sleep(40);
    }
    await bed.drain();
    const { rows } = await bed.lake.query("SELECT count(*)::INT AS lines FROM raylogs", bed.node);
    assert.deepEqual(rows, [{ lines: lines.length }]);
    const lives = (await bed.livesOf("worker.err")).map(String);
    assert.deepEqual(
      lives.sort(),
      [lines.slice(0, 4), lines.slice(4, 9), lines.slice(9)].map((life) => life.join("")).sort(),
    );
  }

  async function followsTwoRaylets(bed: OffloaderBed): Promise<void> {
    const ray = join(bed.folder, "ray");
    const other = join(ray, "session_2026-11-23_10-00-01_000002_9", "logs");
    await fs.mkdir(other, { recursive: true });
    await started(bed);
    const raylet = async (logs: string, id: string) => {
      const script =
        `for i in $(seq 200); do echo "$1 $i" >> "$0/raylet.out"; echo "$1 $i" >> ` +
        `"$2/shared.out"; sleep 0.005; done`;
      const child = spawn("sh", ["-c", script, logs, id, bed.logs], { stdio: "ignore" });
      assert.deepEqual(await once(child, "close"), [0, null]);
    };
    const link = join(ray, "session_latest");
    await fs.symlink(dirname(bed.logs), link);
    const both = Promise.all([raylet(bed.logs, "first"), raylet(other, "second")]);
    await sleep(500);
    await fs.rm(link);
    await fs.symlink(dirname(other), link);
    await both;
    await bed.drain();
    const numbered = (id: string) => Array.from({ length: 200 }, (_, i) => `${id} ${i + 1}\n`);
    const lives = (await bed.livesOf("raylet.out")).map(String);
    assert.deepEqual(lives.sort(), [numbered("first").join(""), numbered("second").join("")]);
    await bed.expectWhole("shared.out", await fs.readFile(join(bed.logs, "shared.out")));
  }

  async function readsShorterFileAnew(bed: OffloaderBed): Promise<void> {
    const file = join(bed.logs, "worker.out");
    await fs.writeFile(file, "a long first life of the file\n");
    const service = await started(bed);
    await bed.waitForCommitted(30);
    await service.end("SIGKILL");
    await fs.writeFile(file, "a short one\n");
    await started(bed);
    await bed.drain();
    const lives = (await bed.livesOf("worker.out")).map(String);
    assert.deepEqual(lives, ["a long first life of the file\n", "a short one\n"]);
  }

  sideBySide(3, [
    inBed(`has ${tinyFiles} tiny files whole, without a watch of inotify`, readsTinyFiles),
    inBed("ships on when the clock is set back by an hour", shipsOnAfterClockStep),
    inBed("takes no time for another one: no year, no zone, summer's end, none", keepsStrangeTimes),
    inBed(
      `reads on after a SIGSTOP of ${stopMs / 1000} s and what was rotated meanwhile`,
      readsOnAfterStop,
    ),
    inBed("has what is left of a ring that went round between two looks", readsWhatIsLeftOfRing),
    inBed("reads 300 files with 96 descriptors", livesWithFewDescriptors),
    inBed("reads a file whole after EIO, and the others meanwhile", outlivesSickDisk),
    inBed("names in its manifest a file that it couldn't read", namesUnreadFile),
    inBed("reads a file and a folder once they are granted", readsWhatIsGranted),
    inBed("outlives Ray's folder, and follows the next one", outlivesVanishedFolder),
    inBed("has a traceback whole that two rotations split", keepsSplitTraceback),
    inBed("follows two raylets in one folder", followsTwoRaylets),
    inBed("reads a file anew that ends before its checkpoint", readsShorterFileAnew),
  ]);
});
