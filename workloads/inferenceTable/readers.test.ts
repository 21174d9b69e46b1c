import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { zstdDecompressSync } from "node:zlib";
import { openParquetEngine } from "@mlplatform/lake/duckdb/parquetEngine";
import { listObjects, openObjectStore } from "@mlplatform/lake/store/objectStore";
import { parquetReadObjects } from "hyparquet";
import { PythonEnvironment } from "../../local/programs/pythonEnvironment";
import { startChildService } from "../lake/testbed/childService";
import { startSeaweedfs } from "../lake/testbed/objectStores";
import { eventHeaders, postBytes, predictions, type SentEvent } from "./testbed/tableClient";

const clone = resolve(__dirname, "../..");
const installTimeoutMs = 600_000;
const eventColumns = [
  "id",
  "type",
  "namespace",
  "body_bytes",
  "body_sha256",
  "frame",
  "degraded",
  "body",
];
const pairedColumns = [
  "request_id",
  "status",
  "latency_ms",
  "request",
  "response_raw",
  "request_bytes",
  "truncated",
];

// A row as one line that each reader can write: bytes as hexadecimal digits, null as "-".
const rowHashQuery = `
import hashlib, sys
import pyarrow.parquet as pq

def cell(value):
    if value is None: return "-"
    if isinstance(value, bool): return "true" if value else "false"
    if isinstance(value, str): value = value.encode()
    if isinstance(value, bytes): return value.hex()
    return repr(value) if isinstance(value, int) else "%.3f" % value

for row in pq.read_table(sys.argv[1], columns=sys.argv[2:]).to_pylist():
    line = "|".join(cell(row[name]) for name in sys.argv[2:])
    print(hashlib.sha256(line.encode()).hexdigest())
`;

function cellText(value: unknown): string {
  if (value === null || value === undefined) {
    return "-";
  }
  if (typeof value === "string" || value instanceof Uint8Array) {
    return Buffer.from(value as string).toString("hex");
  }
  return typeof value === "number" ? value.toFixed(3) : String(value);
}

function rowHashes(rows: Record<string, unknown>[], columns: string[]): string[] {
  return rows.map((row) =>
    createHash("sha256")
      .update(columns.map((name) => cellText(row[name])).join("|"))
      .digest("hex"),
  );
}

describe("objects of the inference table", function () {
  this.timeout(installTimeoutMs);

  it("are the same rows to DuckDB, hyparquet and pyarrow", async () => {
    const requirements = join(clone, "local", "python", "requirements.txt");
    const root = join(clone, ".mlplatform");
    const environment = await PythonEnvironment.prepare(root, requirements, () => undefined);
    const server = await startSeaweedfs();
    const store = openObjectStore(server.options);
    const folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-readers-"));
    const engine = await openParquetEngine({ temporaryDirectory: join(folder, "spill") });
    try {
      const service = startChildService("inferenceTable", {
        ...server.environment,
        MLP_STATE_DIR: join(folder, "state"),
        MLP_PORT: "0",
      });
      const url = await service.waitFor(/listening on (http:[^"]+)/);
      const odd: SentEvent[] = ["", 'é\u0000\n"|', "x".repeat(70_000), randomBytes(500)].flatMap(
        (body, index) => [
          { id: `odd-${index}`, type: "request" as const, body: Buffer.from(body) },
          { id: `odd-${index}`, type: "response" as const, body: Buffer.from(body) },
        ],
      );
      const events = [...predictions(200), ...odd];
      for (const event of events) {
        assert.equal(await postBytes(url, eventHeaders(event), event.body), 202);
      }
      assert.equal((await service.end("SIGTERM")).code, 0);
      let rows = 0;
      for await (const { key } of listObjects(store, "inferences/")) {
        const columns = key.includes("/events/") ? eventColumns : pairedColumns;
        if (key.includes("/ids/")) {
          continue;
        }
        const file = join(folder, "object.parquet");
        await store.getFile(key, file);
        const byDuckdb = rowHashes(
          (
            await engine.connection.runAndReadAll(`SELECT * FROM read_parquet('${file}')`)
          ).getRowObjectsJS(),
          columns,
        );
        const byHyparquet = rowHashes(
          await parquetReadObjects({
            file: new Uint8Array(await fs.readFile(file)).buffer,
            columns,
            utf8: false,
            compressors: { ZSTD: (input) => new Uint8Array(zstdDecompressSync(input)) },
          }),
          columns,
        );
        const python = await promisify(execFile)(
          environment.python,
          ["-c", rowHashQuery, file, ...columns],
          {
            maxBuffer: 16 << 20,
          },
        );
        assert.deepEqual(byHyparquet, byDuckdb, key);
        assert.deepEqual(python.stdout.trim().split("\n"), byDuckdb, key);
        rows += byDuckdb.length;
      }
      assert.equal(rows, events.length + 204, "every event and every prediction");
    } finally {
      engine.close();
      store.close();
      await server.stop();
      await fs.rm(folder, { recursive: true, force: true });
    }
  });
});
