import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { promises as fs } from "node:fs";
import { join } from "node:path";
import {
  type ManifestFile,
  ManifestStatus,
  putRayLogManifest,
} from "@mlplatform/lake/rayLogs/rayLogManifest";
import { encodeRayLogPart } from "@mlplatform/lake/rayLogs/rayLogPart";
import { ClusterState, listRayLogClusters } from "@mlplatform/lake/rayLogs/rayLogClusters";
import { groupsOf } from "@mlplatform/lake/compaction/mergeParts";
import { listObjects } from "@mlplatform/lake/store/objectStore";
import { rayLogPartKey } from "@mlplatform/lake/tables/rayLogKeys";
import { useServiceBed } from "../../lake/testbed/serviceBed";
import { readKeeperConfig } from "./config";
import { type KeeperReport, runKeeper } from "./keeper";

const testNow = new Date("2026-11-24T12:00:00Z");
const datePattern = "2026-11-23";
const main = join(__dirname, "..", "main.ts");

describe("log keeper", function () {
  this.timeout(120_000);
  const bed = useServiceBed("logOffloader");

  const environment = (change: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    ...bed.server.environment,
    MLP_WORK_DIR: join(bed.folder, "work"),
    MLP_COMPACT_MIB: "1",
    ...change,
  });
  const keep = (change: NodeJS.ProcessEnv = {}, now = testNow): Promise<KeeperReport> =>
    runKeeper(
      { ...readKeeperConfig(environment(change)), lake: bed.server.options },
      (level, message) => assert.fail(`${level}: ${message}`),
      now,
    );

  /** Ends with its code, or the signal that killed it. */
  function keepAsProcess(change: NodeJS.ProcessEnv): Promise<number | string | null> {
    const child = spawn(process.execPath, ["--import", "tsx", main, "keeper"], {
      env: { PATH: process.env["PATH"], ...environment(change) },
      stdio: "ignore",
    });
    return new Promise((resolve) => child.once("close", (code, signal) => resolve(code ?? signal)));
  }

  /** A part with lines `from` up to `to` of one file; each line has 8 bytes. */
  async function putPart(sequence: number, from: number, to: number, change: object = {}) {
    const text = Array.from(
      { length: to - from },
      (_, index) => `line${String(from + index).padStart(3, "0")}\n`,
    ).join("");
    const place = {
      namespace: "n",
      date: datePattern,
      cluster: "c",
      writer: "a1",
      node: "head",
      ...change,
    };
    const body = await encodeRayLogPart({ ...place, rayjob: "", role: "head" }, [
      {
        session: "s",
        file: "raylet.out",
        uid: "u",
        start: from * 8,
        line: from + 1,
        lines: to - from,
        bytes: Buffer.from(text),
      },
    ]);
    await bed.store.put(rayLogPartKey({ ...place, sequence }), body);
  }

  async function putManifest(
    node: string,
    files: Partial<ManifestFile>[],
    change: { finalAt?: string | null; seenAt?: string; cluster?: string } = {},
  ) {
    const finalAt = change.finalAt === undefined ? "2026-11-23T20:00:00Z" : change.finalAt;
    await putRayLogManifest(bed.store, {
      version: 1,
      status: finalAt === null ? ManifestStatus.Open : ManifestStatus.Final,
      namespace: "n",
      cluster: change.cluster ?? "c",
      rayjob: "",
      node,
      role: "head",
      writer: "a1",
      openedAt: "2026-11-23T10:00:00Z",
      seenAt: change.seenAt ?? "2026-11-23T20:00:00Z",
      finalAt,
      files: files.map((file) => ({
        uid: "u",
        file: "raylet.out",
        names: ["raylet.out"],
        session: "s",
        size: 80,
        bytesCommitted: 80,
        sha256: null,
        isRemoved: false,
        ...file,
      })),
    });
  }

  const lines = async () =>
    (
      await bed.lake.query("SELECT text FROM raylogs ORDER BY byte_start", { namespace: "n" })
    ).rows.map(({ text }) => text);
  const tenLines = Array.from(
    { length: 10 },
    (_, index) => `line${String(index).padStart(3, "0")}`,
  );

  it("calls a cluster complete when every byte of its manifests has its row", async () => {
    await putPart(1, 0, 10);
    await putManifest("head", [{}]);
    const { verdicts, incomplete } = await keep();
    assert.deepEqual(
      verdicts.map(({ state, missing }) => ({ state, missing })),
      [{ state: ClusterState.Complete, missing: [] }],
    );
    assert.deepEqual(incomplete, []);
  });

  it("names what is missing: a node without its end, bytes, rows, and a node that never began", async () => {
    await putPart(1, 0, 9);
    const pods = join(bed.folder, "pods.json");
    const pod = (name: string, cluster: string, phase: string) => ({
      metadata: { name, namespace: "n", labels: { "ray.io/cluster": cluster } },
      status: { phase },
    });
    await fs.writeFile(pods, JSON.stringify({ items: [pod("worker-9", "lives", "Running")] }));
    await putManifest("head", [{}]);
    await putManifest("worker-1", [{ uid: "v", bytesCommitted: 70 }], { cluster: "d" });
    await putManifest("worker-2", [], { cluster: "d", finalAt: null });
    await putManifest("head", [], { cluster: "lives", finalAt: null });
    const { verdicts, incomplete } = await keep({ MLP_POD_LIST: pods });
    assert.deepEqual(
      verdicts.map(({ cluster, state, missing }) => [cluster, state, missing]),
      [
        [
          "c",
          ClusterState.Incomplete,
          ["the lake has rows of 72 of 80 bytes of s/raylet.out of node head"],
        ],
        [
          "d",
          ClusterState.Incomplete,
          [
            "node worker-1 has 70 of 80 bytes of s/raylet.out in the lake",
            "node worker-2 ended without its final manifest, last seen 2026-11-23T20:00:00Z",
          ],
        ],
        ["lives", ClusterState.Running, ["node worker-9 never said that it reads logs"]],
      ],
    );
    assert.deepEqual(
      incomplete.map(({ cluster }) => cluster),
      ["c", "d"],
    );
    // A fault of long ago raises no alert any more.
    assert.equal((await keep({}, new Date("2026-11-30T00:00:00Z"))).incomplete.length, 0);
  });

  it("takes a node for running that spoke lately, and for dead one that is silent", async () => {
    await putManifest("head", [], { finalAt: null, seenAt: "2026-11-24T11:55:00Z" });
    const [before] = await listRayLogClusters(bed.store, {}, testNow.getTime());
    const [after] = await listRayLogClusters(bed.store, {}, testNow.getTime() + 600_000);
    assert.deepEqual(
      [before!.state, after!.state],
      [ClusterState.Running, ClusterState.Incomplete],
    );
  });

  it("merges parts into one that readers see instead of them, and deletes them after the grace", async () => {
    await putPart(1, 0, 4);
    await putPart(2, 4, 7);
    await putPart(3, 7, 10);
    assert.deepEqual(await lines(), tenLines);
    const { merged, into, deletedParts } = await keep();
    assert.deepEqual({ merged, into, deletedParts }, { merged: 3, into: 1, deletedParts: 0 });
    assert.deepEqual(await lines(), tenLines);
    // Late bytes of the same day come beside it.
    await putPart(4, 10, 11);
    assert.equal((await lines()).length, 11);
    const later = new Date(Date.now() + 7 * 3_600_000);
    assert.equal((await keep({}, later)).deletedParts, 3);
    assert.deepEqual(await lines(), [...tenLines, "line010"]);
    const again = await keep({}, later);
    assert.equal(again.merged, 0);
    assert.deepEqual(await lines(), [...tenLines, "line010"]);
  });

  it("keeps one row of a key that a node wrote twice, before and after merging", async () => {
    await putPart(1, 0, 10);
    await putPart(1, 0, 10, { writer: "ra2" });
    assert.deepEqual(await lines(), tenLines);
    assert.equal((await keep()).merged, 2);
    assert.deepEqual(await lines(), tenLines);
  });

  it("loses and repeats nothing when it is killed at any step of a merge", async () => {
    for (let part = 0; part < 5; part++) {
      await putPart(part, part * 2, part * 2 + 2);
    }
    for (const step of ["merge.written", "merge.put", "merge.recorded"]) {
      assert.equal(await keepAsProcess({ MLP_FAILPOINT: step }), "SIGKILL", step);
      assert.deepEqual(await lines(), tenLines, step);
    }
    assert.equal(await keepAsProcess({}), 0);
    assert.equal(await keepAsProcess({ MLP_COMPACT_GRACE_HOURS: "0" }), 0);
    assert.deepEqual(await lines(), tenLines);
    const parts: string[] = [];
    for await (const { key } of listObjects(bed.store, "raylogs/namespace=")) {
      parts.push(key);
    }
    assert.equal(parts.length, 1, parts.join(" "));
  });

  it("ends with 3 when a cluster ended without all of its logs, and with 2 on bad settings", async () => {
    const lately = new Date(Date.now() - 3_600_000).toISOString();
    await putManifest("head", [], { finalAt: null, seenAt: lately });
    assert.equal(await keepAsProcess({}), 3);
    assert.equal(await keepAsProcess({ MLP_COMPACT_MIB: "0" }), 2);
  });

  it("deletes days that are past their time, with all that speaks of them", async () => {
    await putPart(1, 0, 5);
    await putPart(2, 5, 10);
    await putManifest("head", [{}]);
    await keep();
    await putPart(1, 0, 10, { date: "2026-12-20", cluster: "young" });
    await keep({ MLP_LOG_RETENTION_DAYS: "30" }, new Date("2026-12-26T00:00:00Z"));
    const keys: string[] = [];
    for await (const { key } of listObjects(bed.store, "")) {
      keys.push(key);
    }
    assert.deepEqual(
      keys.map((key) => key.split("/cluster=")[1]?.split("/")[0]),
      ["young"],
    );
  });

  it("groups small parts up to the target, and leaves large and lonely ones", () => {
    const part = (key: string, bytes: number) => ({ key, bytes, etag: "", modified: testNow });
    const groups = groupsOf(
      [part("a", 60), part("b", 10), part("c", 20), part("d", 80), part("e", 45), part("f", 1)],
      100,
    );
    assert.deepEqual(
      groups.map((group) => group.map(({ key }) => key)),
      [["b", "c", "e", "f"]],
    );
    assert.deepEqual(groupsOf([part("a", 1)], 100), []);
  });
});
