import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { duckdb } from "@mlplatform/lake/duckdb/duckdb";
import { openLake } from "@mlplatform/lake/ask/lake";
import { ClusterState, listRayLogClusters } from "@mlplatform/lake/rayLogs/rayLogClusters";
import { ManifestStatus, putRayLogManifest } from "@mlplatform/lake/rayLogs/rayLogManifest";
import { encodeRayLogPart } from "@mlplatform/lake/rayLogs/rayLogPart";
import type { UnreadableObjectError } from "@mlplatform/lake/store/unreadableObject";
import { rayLogManifestKey, rayLogPartKey } from "@mlplatform/lake/tables/rayLogKeys";
import { useServiceBed } from "../../lake/testbed/serviceBed";
import { readKeeperConfig } from "./config";
import { type KeeperReport, runKeeper } from "./keeper";

const date = "2026-11-23";
const endedAt = "2026-11-23T20:00:00Z";
const testNow = new Date("2026-11-24T12:00:00Z");
const text = "line one\nline two\n";
const foreignText = "forged\n";

// The project `churn` may write below its own prefixes of the lake whatever it likes. `pricing` is
// another one, whose logs must stay as they are.
describe("what a hostile project writes beside another one's logs", function () {
  this.timeout(120_000);
  const bed = useServiceBed("logOffloader");

  const keep = (now = testNow): Promise<KeeperReport> => {
    const env = {
      ...bed.server.environment,
      MLP_WORK_DIR: join(bed.folder, "work"),
      MLP_COMPACT_MIB: "1",
    };
    const config = { ...readKeeperConfig(env), lake: bed.server.options };
    return runKeeper(config, (level, message) => assert.fail(`${level}: ${message}`), now);
  };

  /** A part at a place, whose rows say what they say. */
  async function putPart(
    place: { namespace: string; cluster: string; writer?: string; sequence?: number },
    rows: { namespace: string; cluster: string; bytes: string; start?: number },
  ) {
    const { namespace, cluster, bytes, start = 0 } = rows;
    const body = await encodeRayLogPart(
      { namespace, cluster, rayjob: "", node: "head", role: "head" },
      [
        {
          ...{ session: "s", file: "raylet.out", uid: "u", line: 1, lines: 2, start },
          bytes: Buffer.from(bytes),
        },
      ],
    );
    await bed.store.put(rayLogPartKey({ date, writer: "a1", sequence: 1, ...place }), body);
  }

  const manifest = (namespace: string, cluster: string) => ({
    ...{ version: 1 as const, status: ManifestStatus.Final, namespace, cluster, rayjob: "" },
    ...{ node: "head", role: "head", writer: "a1", openedAt: endedAt, seenAt: endedAt },
    finalAt: endedAt,
    files: [
      {
        ...{ uid: "u", file: "raylet.out", names: ["raylet.out"], session: "s" },
        ...{ size: text.length, bytesCommitted: text.length, sha256: null, isRemoved: false },
      },
    ],
  });
  const pricing = { namespace: "pricing", cluster: "train" };

  /** Namespace and text of all rows, without naming a namespace: an administrator's question. */
  async function rowsOfAll(): Promise<{ rows: string[]; leftOut: string[] }> {
    const leftOut: string[] = [];
    const onUnreadable = ({ key }: UnreadableObjectError) => leftOut.push(key);
    const lake = openLake({ store: bed.store, cache: bed.cache, onUnreadable });
    const { rows } = await lake.query(
      "SELECT namespace, cluster, text FROM raylogs ORDER BY namespace, byte_start",
    );
    return { rows: rows.map((row) => Object.values(row).join(" ")), leftOut };
  }
  const pricingRows = ["pricing train line one", "pricing train line two"];

  beforeEach(async () => {
    await putPart(pricing, { ...pricing, bytes: text });
    await putRayLogManifest(bed.store, manifest("pricing", "train"));
  });

  const verdictsOf = ({ verdicts }: KeeperReport) =>
    verdicts.map(({ namespace, state }) => `${namespace} ${state}`);

  it("forges and hides no row: a row is where its object lies", async () => {
    // A longer row of the same key would replace pricing's, were it pricing's.
    const churn = { namespace: "churn", cluster: "mine", writer: "rb2" };
    await putPart(churn, { ...pricing, bytes: `line one, forged\n` });
    await putPart({ ...churn, sequence: 2 }, { ...pricing, bytes: foreignText, start: 100 });
    const forged = ["churn mine line one, forged", "churn mine forged"];
    assert.deepEqual((await rowsOfAll()).rows, [...forged, ...pricingRows]);
    const { merged, failures } = await keep();
    assert.deepEqual([merged, failures], [2, []], "the forged ones are merged where they lie");
    assert.deepEqual((await rowsOfAll()).rows, [...forged, ...pricingRows]);
  });

  it("stops no question and no keeper with a part that is none", async () => {
    const [garbage, other] = [1, 2].map((sequence) =>
      rayLogPartKey({ namespace: "churn", cluster: "mine", date, writer: "a1", sequence }),
    );
    await bed.store.put(garbage!, Buffer.from("PAR1 no parquet PAR1"));
    await bed.store.put(other!, Buffer.alloc(0));
    await putRayLogManifest(bed.store, manifest("churn", "mine"));
    const { rows, leftOut } = await rowsOfAll();
    assert.deepEqual(rows, pricingRows);
    assert.deepEqual(leftOut, [garbage, other]);
    await putPart({ ...pricing, sequence: 2 }, { ...pricing, bytes: "line three\n", start: 18 });
    const report = await keep();
    assert.deepEqual(verdictsOf(report), ["churn UNREADABLE", "pricing COMPLETE"]);
    assert.match(report.incomplete[0]!.missing.join(), new RegExp(garbage!));
    assert.equal(report.merged, 2, "pricing's");
    assert.equal(report.failures.length, 1);
    assert.match(report.failures[0]!, /^churn\/mine of 2026-11-23: /);
  });

  it("changes no type of a column", async () => {
    const file = join(bed.folder, "types.parquet");
    const instance = await duckdb().DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    await connection.run(
      `COPY (SELECT 'x' AS byte_start, 'y' AS byte_end, 7 AS text, [1] AS node, 'z' AS more)
       TO '${file}'`,
    );
    connection.closeSync();
    const key = rayLogPartKey({
      namespace: "churn",
      cluster: "m",
      date,
      writer: "a1",
      sequence: 1,
    });
    await bed.store.put(key, await fs.readFile(file));
    const { rows } = await rowsOfAll();
    assert.deepEqual(rows, ["churn m 7", ...pricingRows]);
    const { rows: sums } = await bed.lake.query(
      "SELECT sum(byte_end - byte_start)::INT AS bytes FROM raylogs WHERE namespace = 'pricing'",
    );
    assert.deepEqual(sums, [{ bytes: text.length }]);
    assert.ok(verdictsOf(await keep()).includes("pricing COMPLETE"));
  });

  it("ends no query by a name with quotes, NUL and a semicolon", async () => {
    const cluster = '\'; \u0000\n"x" --';
    await putPart({ namespace: "churn", cluster }, { ...pricing, bytes: foreignText });
    const { rows } = await rowsOfAll();
    assert.deepEqual(rows, [`churn ${cluster} forged`, ...pricingRows]);
  });

  const file = manifest("", "").files[0]!;
  const manifests: [name: string, body: string | object][] = [
    ["nothing", ""],
    ["no JSON", "{"],
    ["a list", []],
    ["null", "null"],
    ["another version", { ...manifest("churn", "mine"), version: 2 }],
    ["no list of files", { ...manifest("churn", "mine"), files: {} }],
    ["a file that is null", { ...manifest("churn", "mine"), files: [null] }],
    ["a negative size", { ...manifest("churn", "mine"), files: [{ ...file, size: -1 }] }],
    ["a size of text", { ...manifest("churn", "mine"), files: [{ ...file, size: "18" }] }],
    ["a time that is none", { ...manifest("churn", "mine"), seenAt: "yesterday" }],
    ["another status", { ...manifest("churn", "mine"), status: "constructor" }],
    ["a deep nest", "[".repeat(100_000)],
    ["more than a manifest may have", `"${"x".repeat(33 << 20)}"`],
  ];
  for (const [name, body] of manifests) {
    it(`stops no keeper with ${name} for a manifest`, async () => {
      const key = rayLogManifestKey({ namespace: "churn", cluster: "mine", node: "head" });
      await bed.store.put(key, Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
      // Judged by the time at which the store got it.
      const report = await keep(new Date(Date.now() + 3_600_000));
      assert.deepEqual(verdictsOf(report), ["churn UNREADABLE", "pricing COMPLETE"]);
      assert.match(report.incomplete[0]!.missing.join(), new RegExp(key));
      const [churn] = await listRayLogClusters(bed.store, { namespace: "churn" });
      assert.deepEqual(churn!.incompleteNodes, ["head"]);
    });
  }

  it("speaks for no other project and no other node in a manifest", async () => {
    const key = rayLogManifestKey({ namespace: "churn", cluster: "mine", node: "head" });
    const claim = { ...manifest("pricing", "train"), node: "worker-1", files: [] };
    await bed.store.put(key, Buffer.from(JSON.stringify(claim)));
    const clusters = await listRayLogClusters(bed.store, {});
    assert.deepEqual(
      clusters.map(({ namespace, cluster, nodes }) => [namespace, cluster, nodes[0]!.node]),
      [
        ["churn", "mine", "head"],
        ["pricing", "train", "head"],
      ],
    );
    assert.deepEqual(
      clusters.flatMap(({ nodes }) => nodes.map((node) => node.namespace)),
      ["churn", "pricing"],
    );
  });

  it("stays neither for ever nor running by a time to come", async () => {
    const key = rayLogManifestKey({ namespace: "churn", cluster: "mine", node: "head" });
    const claim = { ...manifest("churn", "mine"), seenAt: "2999-01-01T00:00:00Z" };
    const open = { ...claim, status: ManifestStatus.Open, finalAt: null };
    await bed.store.put(key, Buffer.from(JSON.stringify(open)));
    const later = Date.now() + 3_600_000;
    const [churn] = await listRayLogClusters(bed.store, { namespace: "churn" }, later);
    assert.equal(churn!.state, ClusterState.Incomplete);
    await keep(new Date(Date.now() + 200 * 86_400_000));
    assert.deepEqual(await listRayLogClusters(bed.store, {}), []);
  });
});
