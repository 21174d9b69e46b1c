import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { inferenceEventsShape } from "./inferenceEventsShape";
import { inferencesShape } from "./inferencesShape";
import { rayLogShape } from "./rayLogShape";

const lakePage = readFileSync(resolve(__dirname, "../../../docs/lake.md"), "utf8");

/** Names in the first column of the table below a heading, in order. */
function describedColumns(heading: string): string[] {
  const section = lakePage.split(/^### /m).find((each) => each.startsWith(`\`${heading}\``));
  assert.ok(section !== undefined, heading);
  const cells = [...section.matchAll(/^\| (`[^|]+) \|/gm)].map((match) => match[1]!);
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map((match) => match[1]!));
}

describe("the page about the lake", () => {
  for (const [table, shape] of Object.entries({
    raylogs: rayLogShape,
    inferences: inferencesShape,
    inferences_events: inferenceEventsShape,
  })) {
    it(`describes every column of ${table}, and no other`, () => {
      const columns = shape.columns.map(({ name }) => name);
      assert.deepEqual(describedColumns(table).sort(), columns.sort());
    });
  }
});
