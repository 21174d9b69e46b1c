import type { ParquetEngine } from "@mlplatform/lake/duckdb/parquetEngine";

/** Options of DuckDB's COPY: a search for one prediction reads the row groups that may have it. */
export const boundedRowGroups =
  "PARQUET_VERSION V2, ROW_GROUP_SIZE 16384, ROW_GROUP_SIZE_BYTES '24MB'";

/**
 * Lets an engine bound row groups in bytes. It does where order isn't promised; one thread keeps it
 * all the same.
 */
export async function allowBoundedRowGroups({ connection }: ParquetEngine): Promise<void> {
  await connection.run("SET preserve_insertion_order = false");
}
