import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import type { Cell } from "@mlplatform/lake";
import { chunkLength, countLines, cutCharacterBytes, decodeChunk, encodeChunk } from "./logChunk";
import { chunkRows, parseFileName, parseLine } from "./logRow";

const SEED = 20261123;
const origin = { namespace: "n", cluster: "c", rayjob: "j", node: "head", role: "head" };
const facts = {
  uid: "0123456789abcdef01234567",
  device: "1",
  inode: "2",
  birth: "0",
  generation: 0,
  fingerprint: { length: 0, sha256: "" },
  session: "session_1",
  file: "raylet.out",
  names: ["raylet.out"],
};

/** The bytes that rows stand for, as `logs cat` rebuilds them. */
function rebuilt(rows: Cell[][]): Buffer {
  return Buffer.concat(
    rows.map((row) => {
      const content = (row[18] as Buffer | null) ?? Buffer.from(row[17] as string);
      const length = Number(row[9]) - Number(row[8]);
      return content.length === length ? content : Buffer.concat([content, Buffer.from("\n")]);
    }),
  );
}

describe("log rows", () => {
  it("stand for exactly the bytes they came from, whatever these are", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc
        .constantFrom("\n", "\r\n", "\r", "\0", "ü", "🙂", "\u001b[31m", "\ufeff")
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.nat(1e9), (pieces, start) => {
        const bytes = Buffer.concat(pieces);
        const rows = [
          ...chunkRows(origin, { facts, start, line: 5, readAt: 0, sha256: null }, bytes),
        ];
        assert.ok(rebuilt(rows).equals(bytes));
        let position = BigInt(start);
        rows.forEach((row, index) => {
          assert.equal(row[8], position);
          assert.equal(row[10], BigInt(5 + index));
          position = row[9] as bigint;
        });
        assert.equal(position, BigInt(start + bytes.length));
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it("never cut a character that is still being written, and never wait for ever", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 2, maxLength: 20 }),
        fc.nat(80),
        (text, at) => {
          const whole = Buffer.from(text.replaceAll("\n", " "));
          const bytes = whole.subarray(0, Math.max(1, Math.min(at, whole.length)));
          const length = chunkLength(bytes, true);
          assert.ok(length > 0);
          assert.equal(chunkLength(bytes, false), 0);
          const isAlone = length === bytes.length && cutCharacterBytes(bytes) === 0;
          assert.ok(isAlone || !bytes.subarray(0, length).toString("utf8").endsWith("\ufffd"));
        },
      ),
      { seed: SEED, numRuns: 500 },
    );
    assert.equal(chunkLength(Buffer.from([0xf0, 0x9f]), true), 2);
    assert.equal(chunkLength(Buffer.from("a\nb"), true), 2);
    assert.equal(countLines(Buffer.from("a\nb\n\n")), 3);
  });

  it("keep a chunk as it was through the segment log", () => {
    const chunk = { facts, start: 7, line: 3, readAt: 5, sha256: null };
    const bytes = Buffer.from([0, 10, 255]);
    assert.deepEqual(decodeChunk(Buffer.concat(encodeChunk(chunk, bytes))), { chunk, bytes });
  });

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
    ["2026-11-23 10:00:00,123 INFO main.py:1 -- x", "INFO", 1795428000123000n],
    ["[2026-11-23 10:00:00,123 E 12 34] gcs.cc:1: x", "ERROR", 1795428000123000n],
    ["2026-11-23T12:00:00+02:00 WARN x", "WARNING", 1795428000000000n],
    ["Traceback (most recent call last):", null, null],
    ["2026-99-99 10:00:00 DEBUG", "DEBUG", null],
    ["INFORMATION", null, null],
  ] as const) {
    it(`read ${JSON.stringify(line)} as ${level} at ${micros}`, () => {
      assert.deepEqual(parseLine(line), { level, time: micros });
    });
  }
});
