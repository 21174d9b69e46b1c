import assert from "node:assert/strict";
import * as fc from "fast-check";
import { logLevels, parseFileName, parseLine, parseOwner } from "./rayLogLine";

const seed = 20261123;
const time = /(\d{4}-\d{2}-\d{2})[ T]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:[.,](\d{1,9}))?/;

/** In the middle of other bytes, which must not be taken for the line's. */
function parse(line: string): { level: string | null; micros: number | undefined } {
  const bytes = Buffer.from(`9${line}\n0`);
  const facts = { micros: 0, level: 0 };
  parseLine(bytes, 1, bytes.length - 2, facts);
  const micros = Number.isNaN(facts.micros) ? undefined : facts.micros;
  return { level: logLevels[facts.level]!, micros };
}

describe("a line of a Ray log", () => {
  const worker = "a".repeat(56);
  for (const [file, component, workerId, jobId, pid] of [
    [`worker-${worker}-01000000-123.out`, "worker", worker, "01000000", 123],
    [`python-core-worker-${worker}_77.log`, "python-core-worker", worker, null, 77],
    ["job-driver-raysubmit_Xy1.log", "job-driver", null, "raysubmit_Xy1", null],
    ["jobs/supervisor-raysubmit_Xy1.log", "supervisor", null, "raysubmit_Xy1", null],
    ["raylet.out.3", "raylet", null, null, null],
    ["gcs_server.err", "gcs_server", null, null, null],
    ["123.log", "123.log", null, null, null],
  ] as const) {
    it(`read ${file.slice(0, 40)} as of ${component}`, () => {
      assert.deepEqual(parseFileName(file), { component, workerId, jobId, pid });
    });
  }

  for (const [line, level, micros] of [
    ["2026-11-23 10:00:00,123 INFO main.py:1 -- x", "INFO", 1795428000123000],
    ["[2026-11-23 10:00:00,123 E 12 34] gcs.cc:1: x", "ERROR", 1795428000123000],
    ["2026-11-23T12:00:00+02:00 WARN x", "WARNING", 1795428000000000],
    ["Traceback (most recent call last):", null, undefined],
    ["2026-99-99 10:00:00 DEBUG", "DEBUG", undefined],
    ["INFORMATION", null, undefined],
    ["2026-11-23 10:00:00-0130 x", null, 1795433400000000],
    ["2026-11-23 10:00:00.1234567 x", null, 1795428000123456],
    ["2026-11-23 24:00:00 x", null, undefined],
    ["at 12:30:00, 2026-11-23 10:00:00 x", null, 1795428000000000],
    ['{"asctime": "2026-11-23 10:00:00,5", "levelname": "ERROR"}', "ERROR", 1795428000500000],
    ["[x] I 5", null, undefined],
    ["[10:00 W 5] INFO", "WARNING", undefined],
    ["ERRORS, MY_ERROR, ERROR2, éERROR", "ERROR", undefined],
    ["INFO", "INFO", undefined],
    ["a CRITICAL", "CRITICAL", undefined],
    ["x".repeat(200) + "2026-11-23 10:00:00 ERROR", null, undefined],
  ] as const) {
    it(`read ${JSON.stringify(line)} as ${level} at ${micros}`, () => {
      assert.deepEqual(parse(line), { level, micros });
    });
  }

  it("has the time that a regular expression finds", () => {
    const piece = fc.constantFrom(
      ..."2026-11-23 10:00:00,123 T:.Z- 9".split(""),
      "2026-11-23 10:00:00",
      "2025-02-30T23:59:59.5",
      "INFO",
      "[",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const line = pieces.join("");
        const match = time.exec(line.slice(0, 200));
        const zoned = match !== null && /^[+-]\d/.test(line.slice(match.index + match[0].length));
        const seconds =
          match === null || zoned ? Number.NaN : Date.parse(`${match[1]}T${match[2]}Z`);
        const fraction = Number((match?.[3] ?? "").padEnd(6, "0").slice(0, 6));
        if (!zoned && !Number.isNaN(seconds)) {
          assert.equal(parse(line).micros, seconds * 1000 + fraction, line);
        }
        if (match === null) {
          assert.equal(parse(line).micros, undefined, line);
        }
      }),
      { seed: seed, numRuns: 3000 },
    );
  });

  for (const [line, owner] of [
    ['{"job_id": "01000000", "worker_id": "ab", "x": 1}', { workerId: "ab", jobId: "01000000" }],
    ['{"job_id": 5}', { workerId: null, jobId: null }],
    ['{"job_id": cut', undefined],
    ["plain", undefined],
  ] as const) {
    it(`names as its owner: ${line}`, () => assert.deepEqual(parseOwner(line), owner));
  }
});
