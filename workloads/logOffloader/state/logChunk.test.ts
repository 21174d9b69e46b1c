import assert from "node:assert/strict";
import * as fc from "fast-check";
import { chunkLength, countLines, cutCharacterBytes } from "@mlplatform/lake/rayLogs/lineChunks";
import { decodeChunk, encodeChunk } from "./logChunk";

const seed = 20261123;
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

describe("chunks of a log", () => {
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
      { seed: seed, numRuns: 500 },
    );
    assert.equal(chunkLength(Buffer.from([0xf0, 0x9f]), true), 2);
    assert.equal(chunkLength(Buffer.from("a\nb"), true), 2);
    assert.equal(countLines(Buffer.from("a\nb\n\n")), 3);
  });

  it("keep a chunk as it was through the segment log", () => {
    const chunk = { facts, start: 7, line: 3, lines: 1, readAt: 5, sha256: null };
    const bytes = Buffer.from([0, 10, 255]);
    assert.deepEqual(decodeChunk(Buffer.concat(encodeChunk(chunk, bytes))), { chunk, bytes });
  });
});
