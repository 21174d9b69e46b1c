import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { openLake } from "@mlplatform/lake/ask/lake";
import { openParquetEngine } from "@mlplatform/lake/duckdb/parquetEngine";
import { makeMutex } from "@mlplatform/lake/service/mutex";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { listObjects, openObjectStore } from "@mlplatform/lake/store/objectStore";
import { makePairer } from "../../workloads/inferenceTable/pair/pairer";
import { hourMs, putHour, tabular } from "./hours";
import type { Measured } from "../bench";
import type { Measurement, NotMeasured } from "../measurement";
import type { BenchBed } from "./benchBed";

const predictions = 1_000_000;
const hours = 10;
const chdbModule = resolve(__dirname, "../../.cache/chdb/node_modules/chdb");

/** Questions over a million paired predictions; chDB answers the first two on the same files. */
export async function measureQueries({ store, folder }: BenchBed): Promise<Measured> {
  const objects = openObjectStore(store.options);
  const engine = await openParquetEngine({
    temporaryDirectory: join(folder, "spill-q"),
    memoryMiB: 1024,
  });
  const now = Math.floor(Date.now() / hourMs) * hourMs;
  for (let hour = 0; hour < hours; hour++) {
    const start = now - (hours - hour + 1) * hourMs;
    await putHour(objects, engine, folder, {
      start,
      predictions: predictions / hours,
      body: tabular,
      writer: "asked",
    });
  }
  const pairer = makePairer({
    store: objects,
    cache: await openObjectCache({ store: objects, directory: join(folder, "q-pair") }),
    engine,
    workDirectory: folder,
    graceMs: 0,
    replica: { ordinal: 0, count: 1 },
    inTurn: makeMutex(),
    onPaired: () => undefined,
  });
  const rows = await pairer.pairDue(Date.now(), false);
  if (rows !== predictions) {
    throw new Error(`${rows} rows of ${predictions}`);
  }
  const id = `${now - 5 * hourMs}-`;
  const sample = String(
    (
      await engine.connection.runAndReadAll(`SELECT '${id}' || md5('4711') AS id`)
    ).getRowObjectsJS()[0]!["id"],
  );
  engine.close();

  const cold = openLake({
    store: objects,
    cache: await openObjectCache({ store: objects, directory: join(folder, "q-cold") }),
  });
  const find = async () => {
    const found = await cold.query(
      "SELECT status FROM inferences WHERE request_id = $id",
      { predictionId: sample },
      { id: sample },
    );
    if (found.rows.length !== 1) {
      throw new Error(`${sample} was found ${found.rows.length} times`);
    }
  };
  const first = await secondsOf(find);
  const again = await medianSeconds(find);

  const directory = join(folder, "q-warm");
  const cache = await openObjectCache({ store: objects, directory });
  const keys = [];
  for await (const object of listObjects(objects, "inferences/paired/")) {
    keys.push(object);
  }
  const { files } = await cache.acquire(keys);
  const list = `[${files.map((file) => `'${file}'`).join(", ")}]`;
  const duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  const lake = openLake({ store: objects, cache });
  let stored = 0;
  for (const prefix of ["inferences/paired/", "inferences/ids/"]) {
    for await (const { bytes } of listObjects(objects, prefix)) {
      stored += bytes;
    }
  }
  const groups =
    "SELECT model_version, date_trunc('hour', request_time) AS h, count(*) AS n FROM " +
    "inferences GROUP BY ALL";
  const inLake = await medianSeconds(() => lake.query(groups));
  const questions: [name: string, duckdb: string, chdb: string][] = [
    [
      "count by model and hour",
      groups.replace("inferences", `read_parquet(${list})`),
      "SELECT model_version, toStartOfHour(request_time) AS h, count() FROM file('FILES', " +
        "Parquet) GROUP BY model_version, h",
    ],
    [
      "one prediction by its id",
      `SELECT * FROM read_parquet(${list}) WHERE request_id = '${sample}'`,
      `SELECT * FROM file('FILES', Parquet) WHERE request_id = '${sample}'`,
    ],
  ];
  const sums = `SELECT sum(request_bytes + response_bytes)::DOUBLE AS bytes
    FROM read_parquet(${list})`;
  const [sum] = (await duckdb.runAndReadAll(sums)).getRowObjectsJS();
  const size = stored / Number(sum!["bytes"]);
  const measured: (Measurement | NotMeasured)[] = [
    {
      name: "paired objects with ids",
      unit: "MB",
      figures: [stored / 1e6],
      ratios: [size],
      ratioTo: "the JSON of tabular payloads",
      goal: { atMost: 0.4 },
    },
    {
      name: "one prediction of a million, nothing fetched before",
      unit: "s",
      figures: [first],
      goal: { atMost: 2 },
    },
    { name: "  again", unit: "s", figures: [again], goal: { atMost: 2 } },
    {
      name: "count by model and hour, listing the lake",
      unit: "s",
      figures: [inLake],
      goal: { atMost: 0.2 },
    },
  ];
  const chdb = existsSync(chdbModule)
    ? (createRequire(__filename)(chdbModule) as { query: (sql: string, format: string) => unknown })
    : undefined;
  if (chdb === undefined) {
    const missing = "npm install --prefix .cache/chdb chdb@3.4.0 (543 MB) brings it";
    measured.push({ name: "chDB", missing });
  }
  for (const [name, ours, theirs] of questions) {
    const own = await medianSeconds(() => duckdb.runAndReadAll(ours));
    const line: Measurement = { name: `${name}, warm`, unit: "s", figures: [own] };
    if (chdb === undefined) {
      measured.push(line);
      continue;
    }
    const sql = theirs.replace("FILES", join(directory, "*.parquet"));
    const peer = await medianSeconds(async () => chdb.query(sql, "TabSeparated"));
    const ratios = [own / peer];
    measured.push({ ...line, ratios, ratioTo: "chDB", goal: { atMost: 1.5 } });
  }
  objects.close();
  return measured;
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

async function medianSeconds(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    times.push(await secondsOf(work));
  }
  return times.sort((a, b) => a - b)[2]!;
}
