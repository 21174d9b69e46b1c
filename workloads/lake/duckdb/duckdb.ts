import type * as api from "@duckdb/node-api";

let loaded: typeof api | undefined;

/**
 * DuckDB, loaded with its first use: a service that writes and never asks, as the log offloader
 * beside Ray is one, spares itself its 30 MiB.
 */
export function duckdb(): typeof api {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  loaded ??= require("@duckdb/node-api") as typeof api;
  return loaded;
}
