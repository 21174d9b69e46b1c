import assert from "node:assert/strict";
import type { DuckDBConnection } from "@duckdb/node-api";
import { duckdb } from "./duckdb";
import { checkReadOnly, RefusedQueryError } from "./readOnlyQuery";

describe("a query that must only read tables", () => {
  let connection: DuckDBConnection;
  const check = (sql: string) => checkReadOnly(connection, sql, ["raylogs", "inferences"]);

  before(async () => {
    connection = await (await duckdb().DuckDBInstance.create(":memory:")).connect();
  });
  after(() => connection.closeSync());

  const answered = [
    "SELECT count(*) FROM raylogs WHERE text = $text",
    "SELECT * FROM RayLogs JOIN inferences USING (namespace) QUALIFY row_number() OVER () = 1",
    "WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM a) SELECT * FROM b, range(3), unnest([1, 2])",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 9) FROM t",
    "DESCRIBE raylogs",
    "SUMMARIZE raylogs",
    "SHOW TABLES",
    "FROM (PIVOT raylogs ON level IN ('INFO', 'ERROR') USING count(*))",
    "VALUES (1)",
    "SELECT 1;",
    `SELECT ${"(".repeat(500)}1${")".repeat(500)}`,
  ];
  for (const sql of answered) {
    it(`answers ${sql.slice(0, 90)}`, () => check(sql));
  }

  const refused: [sql: string, problem: RegExp][] = [
    ["COPY raylogs TO '/tmp/x.parquet'", /got another statement/],
    ["SELECT 1; COPY raylogs TO '/tmp/x.parquet'", /got another statement/],
    ["SELECT 1; SELECT 2", /got 2 statements/],
    ["", /got 0 statements/],
    ["-- nothing", /got 0 statements/],
    ["EXPORT DATABASE '/tmp/x'", /got another statement/],
    ["ATTACH '/tmp/x.db'", /got another statement/],
    ["INSTALL httpfs", /got another statement/],
    ["LOAD httpfs", /got another statement/],
    ["SET lock_configuration = false", /got another statement/],
    ["PRAGMA version", /got another statement/],
    ["CREATE OR REPLACE VIEW raylogs AS SELECT 1", /got another statement/],
    ["DROP VIEW raylogs", /got another statement/],
    ["EXPLAIN ANALYZE SELECT 1", /got another statement/],
    ["CALL enable_logging()", /got another statement/],
    ["SELECT * FROM enable_logging(storage = 'file')", /enable_logging is not allowed/],
    ["SELECT * FROM read_text('/etc/passwd')", /read_text is not allowed/],
    ["SELECT * FROM raylogs, READ_PARQUET('/x')", /read_parquet is not allowed/],
    ["SELECT (SELECT max(file) FROM glob('/**'))", /glob is not allowed/],
    ["FROM query('SELECT 1')", /query is not allowed/],
    ["FROM query_table('raylogs')", /query_table is not allowed/],
    ["SELECT * FROM duckdb_settings()", /duckdb_settings is not allowed/],
    ["FROM '/tmp/x.parquet'", /no table "\/tmp\/x.parquet"/],
    ["WITH a AS (FROM 'x.csv') FROM a", /no table "x.csv"/],
    ["SELECT * FROM raylogs WHERE EXISTS (FROM 'x.json')", /no table "x.json"/],
    ["SELECT * FROM information_schema.tables", /no table "information_schema.tables"/],
    ["SELECT * FROM other.main.raylogs", /no table "other.main.raylogs"/],
    ["DESCRIBE 'x.parquet'", /no table "x.parquet"/],
    ["SELECT FROM WHERE", /Parser Error: syntax error/],
    ["SELECT 1 \u0000; COPY raylogs TO 'x'", /no NUL character/],
  ];
  for (const [sql, problem] of refused) {
    it(`refuses ${JSON.stringify(sql)}`, () =>
      assert.rejects(
        check(sql),
        (error: Error) => error instanceof RefusedQueryError && problem.test(error.message),
      ));
  }
});
