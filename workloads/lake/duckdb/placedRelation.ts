import { literal, parquetRows, quoted } from "./parquetEngine";
import type { TableShape } from "../tables/tableShape";

/** A file, and the values of columns that its place gives. */
export interface PlacedFile {
  file: string;
  values: Record<string, string>;
}

/**
 * The rows of a table's files. Columns that the place gives have its value whatever the rows say:
 * rights are given by place, so a row could lie about the rest, and then hide or forge what others
 * wrote. Every column has its type, whatever a file says.
 *
 * @param columns names of the columns that the place gives, all in `values` of every file
 */
export function placedRelation(
  shape: TableShape,
  files: readonly PlacedFile[],
  columns: readonly string[],
): string {
  const cells = shape.columns.map(({ name, type }) => {
    if (!columns.includes(name)) {
      return `TRY_CAST(${quoted(name)} AS ${type}) AS ${quoted(name)}`;
    }
    const given = files.map(({ values }) => values[name]!);
    const isOne = given.every((value) => value === given[0]);
    // DuckDB numbers a scan's files in the order given.
    const value = isOne
      ? literal(given[0]!)
      : `([${given.map(literal).join(", ")}])[file_index::BIGINT + 1]`;
    return `${value} AS ${quoted(name)}`;
  });
  return `(SELECT ${cells.join(", ")} FROM ${parquetRows(files.map(({ file }) => file))})`;
}
