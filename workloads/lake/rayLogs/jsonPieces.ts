const itemsAPiece = 1_000;

/**
 * The JSON of an object with one long array, an item a line and a thousand lines a piece: as one
 * string it would be 50 MB for a hundred thousand files, and no sidecar has room for that beside
 * its own work.
 *
 * @param rest the object's other fields, at least one
 */
export function* jsonPieces(
  rest: object,
  name: string,
  items: readonly unknown[],
): Generator<string> {
  yield `${JSON.stringify(rest).slice(0, -1)},${JSON.stringify(name)}:[`;
  for (let at = 0; at < items.length; at += itemsAPiece) {
    const lines = items.slice(at, at + itemsAPiece).map((item) => JSON.stringify(item));
    yield `${at === 0 ? "" : ","}\n${lines.join(",\n")}`;
  }
  yield "]}\n";
}
