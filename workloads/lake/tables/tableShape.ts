/** Column types of the lake's tables. Timestamps are UTC microseconds since 1970, as bigint. */
export enum ColumnType {
  Text = "VARCHAR",
  Bytes = "BLOB",
  Long = "BIGINT",
  Int = "INTEGER",
  Double = "DOUBLE",
  Flag = "BOOLEAN",
  Timestamp = "TIMESTAMP",
}

/** One column. */
export interface Column {
  name: string;
  type: ColumnType;
}

/** A table's shape; `key` are the columns that order its rows, together unique. */
export interface TableShape {
  columns: Column[];
  key: string[];
}

/** Columns of one type, for a table's shape. */
export function columnsOf(type: ColumnType, ...names: string[]): Column[] {
  return names.map((name) => ({ name, type }));
}

/** An empty relation of this shape, for a table that has no files yet. */
export function emptyRelation(shape: TableShape): string {
  const cells = shape.columns.map((column) => `NULL::${column.type} AS "${column.name}"`);
  return `SELECT ${cells.join(", ")} WHERE false`;
}
