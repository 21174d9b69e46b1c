import assert from "node:assert/strict";
import { firstOfMonth } from "../../../components/aksPlatform/budget";
import { startProblems } from "../../../components/aksPlatform/problems";

describe("start of the budget", () => {
  it("is the first of the month in which it is made, by UTC", () => {
    assert.equal(firstOfMonth(new Date("2027-03-14T12:00:00Z")), "2027-03-01");
    assert.equal(firstOfMonth(new Date("2026-12-31T23:59:59Z")), "2026-12-01");
    assert.equal(firstOfMonth(new Date("2027-01-01T00:00:00Z")), "2027-01-01");
  });

  const now = new Date("2026-11-28T08:00:00Z");
  const rows: [start: string | undefined, isRefused: boolean][] = [
    [undefined, false],
    ["2025-01-01", false],
    ["2026-12-01", false],
    ["2027-11-01", false],
    ["2027-12-01", true],
    ["2030-01-01", true],
    // Another rule says what is wrong with it.
    ["soon", false],
  ];
  for (const [start, isRefused] of rows) {
    it(`${isRefused ? "is refused" : "is taken"} with ${start} in November 2026`, () => {
      assert.equal(startProblems(start, now).length, isRefused ? 1 : 0);
    });
  }
});
