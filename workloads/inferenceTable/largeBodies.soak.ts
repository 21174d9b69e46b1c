import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { promises as fs } from "node:fs";
import { startMinio } from "../lake/testbed/objectStores";
import { useServiceBed } from "../lake/testbed/serviceBed";
import { eventHeaders, postBytes } from "./testbed/tableClient";

const bodies = 100;
const bodyBytes = 100 << 20;
const writers = 8;
const memoryMib = 400;

describe("inference table under a hundred payloads of 100 MB, eight at once", function () {
  // The test's SeaweedFS has room for 4 GiB.
  const bed = useServiceBed("inferenceTable", { startStore: startMinio });

  it(`keeps each by its SHA-256 within ${memoryMib} MiB`, async () => {
    // As many may wait: a fuller disk would cut their bodies short.
    const url = await bed.start({ MLP_LOG_MIB: `${2 * bodies * (bodyBytes >> 20)}` });
    const status = `/proc/${bed.service.child.pid}/status`;
    const sent = new Map<string, string>();
    let next = 0;
    const writer = async () => {
      while (next < bodies) {
        const id = `large-${next++}`;
        const body = randomBytes(bodyBytes);
        sent.set(id, createHash("sha256").update(body).digest("hex"));
        assert.equal(await postBytes(url, eventHeaders({ id, type: "request" }), body), 202, id);
      }
    };
    await Promise.all(Array.from({ length: writers }, writer));
    const peak = Number(/VmHWM:\s+(\d+)/.exec(await fs.readFile(status, "utf8"))![1]) / 1024;
    console.log(`      ${peak.toFixed(0)} MiB at most while it took them`);
    assert.equal((await bed.service.end("SIGTERM")).code, 0, bed.service.output().slice(-3000));
    const { rows } = await bed.lake.query(
      "SELECT id, body_object, body_sha256 FROM inferences_events",
    );
    assert.equal(rows.length, bodies);
    for (const row of rows) {
      const hash = createHash("sha256");
      for await (const chunk of await bed.store.getStream(String(row["body_object"]))) {
        hash.update(chunk as Buffer);
      }
      assert.equal(hash.digest("hex"), sent.get(String(row["id"])));
      assert.equal(row["body_sha256"], sent.get(String(row["id"])));
    }
    assert.ok(peak <= memoryMib, `${peak} MiB`);
  });
});
