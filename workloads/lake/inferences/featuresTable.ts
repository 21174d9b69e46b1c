import type { DuckDBConnection } from "@duckdb/node-api";
import { columnTypeOf, type ModelSignature, type SignatureColumn } from "./modelSignature";
import { type Cell, createRowTable, openRowAppender } from "../duckdb/parquetEngine";
import { type Column, ColumnType, type TableShape } from "../tables/tableShape";
import { payloadInstances } from "./payloadInstances";

/** The model whose predictions `features` unnests. */
export interface FeaturesOf {
  model: string;
  /** @default - all versions; columns are those of all their signatures */
  version?: string;
  /** What a version takes and gives; undefined where it was logged without a signature. */
  signatureOf: (model: string, version: string) => Promise<ModelSignature | undefined>;
}

/** A model has no signature that could name columns. */
export class FeaturesError extends Error {
  override readonly name = "FeaturesError";
}

interface Prediction {
  request_id: string;
  request_time: bigint | null;
  revision: string;
  model_version: string;
  status: string;
  protocol: string;
  request: Uint8Array | null;
  response: Uint8Array | null;
}

const fixedColumns: Column[] = [
  { name: "request_id", type: ColumnType.Text },
  { name: "request_time", type: ColumnType.Timestamp },
  { name: "revision", type: ColumnType.Text },
  { name: "model_version", type: ColumnType.Text },
  { name: "status", type: ColumnType.Text },
  { name: "instance", type: ColumnType.Int },
];

/**
 * Makes the view `features` from the view `inferences`: one row an instance of a prediction, with a
 * column for each input of the model's signature, and one for each output, as `output_<name>`.
 * Bodies that are objects of their own aren't taken apart.
 */
export async function createFeatures(
  connection: DuckDBConnection,
  { model, version, signatureOf }: FeaturesOf,
): Promise<void> {
  const signatures = await signaturesOf(connection, model, version, signatureOf);
  const shape = shapeOf([...signatures.values()]);
  const engine = { connection, connect: () => Promise.resolve(engine), close: () => undefined };
  const table = await createRowTable(engine, shape);
  const appender = await openRowAppender(engine, table, shape);
  try {
    const result = await connection.stream(
      `SELECT request_id, epoch_us(request_time) AS request_time, revision, model_version,
         status, protocol,
              coalesce(request_raw, encode(request)) AS request, coalesce(response_raw,
                encode(response)) AS response
       FROM inferences WHERE model_name = $model AND request_bytes IS NOT NULL`,
      { model },
    );
    for await (const rows of result.yieldRowObjectJs()) {
      for (const row of rows as unknown as Prediction[]) {
        const signature = signatures.get(row.model_version);
        for (const cells of signature === undefined ? [] : cellsOf(row, signature, shape)) {
          appender.push(cells);
        }
      }
    }
    appender.finish();
  } finally {
    appender.close();
  }
  await connection.run(`CREATE TEMP VIEW features AS SELECT * FROM ${table}`);
}

async function signaturesOf(
  connection: DuckDBConnection,
  model: string,
  version: string | undefined,
  signatureOf: FeaturesOf["signatureOf"],
): Promise<Map<string, ModelSignature>> {
  const reader = await connection.runAndReadAll(
    "SELECT DISTINCT model_version AS version FROM inferences WHERE model_name = $model",
    { model },
  );
  const served = reader.getRowObjectsJS().map((row) => String(row["version"]));
  const signatures = new Map<string, ModelSignature>();
  for (const each of served.filter((one) => version === undefined || one === version)) {
    const signature = await signatureOf(model, each);
    if (signature === undefined) {
      throw new FeaturesError(
        `version ${each} of ${model} has no signature in MLflow, so its features have no ` +
          "names; log it " +
          `with one, or name another version`,
      );
    }
    signatures.set(each, signature);
  }
  if (signatures.size === 0) {
    const of = version === undefined ? model : `version ${version} of ${model}`;
    throw new FeaturesError(`the lake has no prediction of ${of} in the asked part`);
  }
  return signatures;
}

function shapeOf(signatures: ModelSignature[]): TableShape {
  const columns = new Map(fixedColumns.map((column) => [column.name, column.type]));
  for (const { inputs, outputs } of signatures) {
    for (const [name, type] of [...namesOf(inputs, ""), ...namesOf(outputs, "output_")]) {
      const known = columns.get(name);
      // Versions that disagree on a column's type have its text in common.
      columns.set(name, known === undefined || known === type ? type : ColumnType.Text);
    }
  }
  return {
    columns: [...columns].map(([name, type]) => ({ name, type })),
    key: ["request_id", "instance"],
  };
}

function namesOf(columns: SignatureColumn[], prefix: string): [string, ColumnType][] {
  const fixed = new Set(fixedColumns.map(({ name }) => name));
  return columns.map((column, place) => {
    const name = column.name ?? (prefix === "" ? `feature_${place}` : `${place}`);
    return [
      `${prefix}${fixed.has(name) && prefix === "" ? `feature_${name}` : name}`,
      columnTypeOf(column),
    ];
  });
}

function cellsOf(row: Prediction, signature: ModelSignature, shape: TableShape): Cell[][] {
  if (row.request === null) {
    return [];
  }
  const response = row.response === null ? undefined : Buffer.from(row.response);
  const instances =
    payloadInstances(row.protocol, Buffer.from(row.request), response, signature) ?? [];
  const inputs = namesOf(signature.inputs, "").map(([name]) => name);
  const outputs = namesOf(signature.outputs, "output_").map(([name]) => name);
  return instances.map((instance, index) => {
    const values = new Map<string, unknown>([
      ["request_id", row.request_id],
      ["request_time", row.request_time],
      ["revision", row.revision],
      ["model_version", row.model_version],
      ["status", row.status],
      ["instance", index],
      ...inputs.map((name, place) => [name, instance.inputs[place]] as const),
      ...outputs.map((name, place) => [name, instance.outputs[place]] as const),
    ]);
    return shape.columns.map(({ name, type }) => cellOf(values.get(name), type));
  });
}

// A value that isn't of the signature's type is null: a query must not end at one odd client.
function cellOf(value: unknown, type: ColumnType): Cell {
  if (value === undefined || value === null) {
    return null;
  }
  switch (type) {
    case ColumnType.Double:
      return typeof value === "bigint" || typeof value === "number" ? Number(value) : null;
    case ColumnType.Int:
      return Number(value);
    case ColumnType.Long:
    case ColumnType.Timestamp:
      return typeof value === "bigint" || Number.isSafeInteger(value)
        ? BigInt(value as number)
        : null;
    case ColumnType.Flag:
      return typeof value === "boolean" ? value : value === 0 ? false : value === 1 ? true : null;
    default:
      return typeof value === "string"
        ? value
        : JSON.stringify(value, (_, each: unknown) =>
            typeof each === "bigint" ? String(each) : each,
          );
  }
}
