import type { DuckDBConnection } from "@duckdb/node-api";

/** A query that isn't answered: it is no single SELECT, or asks for more than the tables. */
export class RefusedQueryError extends Error {
  override readonly name = "RefusedQueryError";
}

// Table functions that make rows of their arguments alone; all others read, write or switch
// something.
const allowedFunctions = new Set(["generate_series", "generate_subscripts", "range", "unnest"]);

interface SerializedQuery {
  error: boolean;
  error_type?: string;
  error_message?: string;
  statements?: unknown[];
}

interface QueryNode {
  type?: unknown;
  table_name?: unknown;
  schema_name?: unknown;
  catalog_name?: unknown;
  function?: { function_name?: unknown };
  cte_map?: { map?: { key: string }[] };
}

/**
 * Refuses what is more than one SELECT over the tables named. DuckDB's settings don't: with them
 * COPY still writes into a folder that may be read, and table functions switch logging on.
 *
 * @throws RefusedQueryError naming what it is.
 */
export async function checkReadOnly(
  connection: DuckDBConnection,
  sql: string,
  tables: readonly string[],
): Promise<void> {
  if (sql.includes("\0")) {
    throw new RefusedQueryError("a query has no NUL character");
  }
  const reader = await connection.runAndReadAll("SELECT json_serialize_sql($sql::VARCHAR)", {
    sql,
  });
  const { error, error_type, error_message, statements } = JSON.parse(
    String(reader.getRows()[0]![0]),
  ) as SerializedQuery;
  if (error && error_type === "parser") {
    throw new RefusedQueryError(`Parser Error: ${error_message}`);
  }
  if (error || statements?.length !== 1) {
    const got = error ? "another statement" : `${statements?.length ?? 0} statements`;
    throw new RefusedQueryError(`one SELECT is answered, got ${got}`);
  }
  const nodes: QueryNode[] = [];
  collectNodes(statements[0], nodes);
  const named = nodes.flatMap(({ cte_map }) => cte_map?.map?.map(({ key }) => key) ?? []);
  const known = new Set([...tables, ...named].map((name) => name.toLowerCase()));
  for (const node of nodes) {
    const problem = problemOf(node, known);
    if (problem !== undefined) {
      throw new RefusedQueryError(problem);
    }
  }
}

function problemOf(node: QueryNode, known: ReadonlySet<string>): string | undefined {
  if (node.type === "BASE_TABLE") {
    const path = [node.catalog_name, node.schema_name, node.table_name].filter(Boolean);
    const isKnown = path.length === 1 && known.has(String(node.table_name).toLowerCase());
    return isKnown ? undefined : `there is no table ${JSON.stringify(path.join("."))}`;
  }
  if (node.type === "TABLE_FUNCTION") {
    const name = String(node.function?.function_name);
    return allowedFunctions.has(name.toLowerCase())
      ? undefined
      : `the table function ${name} is not allowed`;
  }
  return undefined;
}

// By hand: a nest of 10 000 brackets must not overflow the stack.
function collectNodes(root: unknown, nodes: QueryNode[]): void {
  const open = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "object" && value !== null) {
      nodes.push(value as QueryNode);
      open.push(...Object.values(value));
    }
  }
}
