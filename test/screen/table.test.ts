import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import type { Layout } from "../../screen/layout";
import { table } from "../../screen/table";
import { columns } from "../../screen/text";

const pipe: Layout = { width: 100, color: false, isTerminal: false };
const terminal = (width: number): Layout => ({ width, color: false, isTerminal: true });

describe("table", () => {
  it("aligns text left and numbers right under a header, without spaces at the ends of lines", () => {
    const shown = {
      columns: [{ name: "pool" }, { name: "nodes", isNumber: true }, { name: "size" }],
      rows: [
        ["system", "2", "D4"],
        ["gpu", "10", ""],
      ],
    };
    assert.deepEqual(table({ ...shown, indent: 2 }, pipe), [
      "  pool    nodes  size",
      "  system      2  D4",
      "  gpu        10",
    ]);
  });

  it("has no header where no column has a name", () => {
    const rows = [["url", "http://127.0.0.1"]];
    assert.deepEqual(table({ columns: [{ name: "" }, { name: "" }], rows }, pipe), [
      "url  http://127.0.0.1",
    ]);
  });

  it("is only a header without rows, and dims it where there are colours", () => {
    const lines = table({ columns: [{ name: "a" }], rows: [] }, { ...pipe, color: true });
    assert.deepEqual(lines.map(stripVTControlCharacters), ["a"]);
    assert.notEqual(lines[0], "a");
  });

  it("counts wide letters as two columns and marks over letters as none", () => {
    const rows = [
      ["日本", "x"],
      ["e\u0301", "x"],
      ["abcd", "x"],
    ];
    const lines = table({ columns: [{ name: "" }, { name: "" }], rows }, pipe);
    assert.deepEqual(lines, ["日本  x", "e\u0301     x", "abcd  x"]);
  });

  const wide = {
    columns: [{ name: "id" }, { name: "count", isNumber: true }, { name: "text" }],
    rows: [["a", "7", "many words that need a line of their own, and one-that-is-longer-than-it"]],
  };

  it("breaks the widest column on a terminal that is too narrow", () => {
    assert.deepEqual(table(wide, terminal(40)), [
      "id  count  text",
      "a       7  many words that need a line",
      "           of their own, and",
      "           one-that-is-longer-than-it",
    ]);
  });

  it("breaks even a word, and loses no letter", () => {
    const [, ...lines] = table(wide, terminal(24));
    assert.ok(lines.every((line) => columns(line) <= 24));
    const text = lines.map((line) => line.slice(11)).join("");
    assert.equal(text.replaceAll(" ", ""), wide.rows[0]![2]!.replaceAll(" ", ""));
  });

  it("keeps a row on one line in a pipe, and where no width would be readable", () => {
    assert.equal(table(wide, { ...pipe, width: 40 }).length, 2);
    const many = Array.from({ length: 10 }, () => ({ name: "eight col" }));
    assert.equal(table({ columns: many, rows: [] }, terminal(40)).length, 1);
  });
});
