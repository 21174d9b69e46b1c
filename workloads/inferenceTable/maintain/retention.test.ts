import assert from "node:assert/strict";
import { listObjects, openObjectStore, type ObjectStore } from "@mlplatform/lake/store/objectStore";
import { startSeaweedfs, type TestStore } from "../../lake/testbed/objectStores";
import { deleteExpired, readRetention } from "./retention";

describe("retention", function () {
  this.timeout(60_000);
  let server: TestStore;
  let store: ObjectStore;

  before(async () => {
    server = await startSeaweedfs();
    store = openObjectStore(server.options);
  });
  after(async () => {
    store.close();
    await server.stop();
  });

  it("deletes whole days by namespace, of every kind of object, and nothing else", async () => {
    const roots = ["events", "compacted", "paired", "ids", "blobs"];
    const days = ["2026-11-01", "2026-11-19", "2026-11-20", "2026-11-26"];
    for (const root of roots) {
      for (const namespace of ["models", "churn", "kept%2Fx"]) {
        for (const day of days) {
          await store.put(
            `inferences/${root}/namespace=${namespace}/date=${day}/hour=05/x`,
            Buffer.from("x"),
          );
        }
      }
    }
    await store.put("inferences/notes.txt", Buffer.from("x"));
    const retention = readRetention(10, "models=6,kept/x=9999");
    assert.equal(
      await deleteExpired(store, retention, Date.parse("2026-11-26T12:00:00Z")),
      roots.length * (2 + 1),
    );
    const kept: string[] = [];
    for await (const { key } of listObjects(store, "inferences/events/")) {
      kept.push(key.replace(/^.*namespace=([^/]+)\/date=([^/]+).*$/, "$1 $2"));
    }
    assert.deepEqual(kept.sort(), [
      "churn 2026-11-19",
      "churn 2026-11-20",
      "churn 2026-11-26",
      ...days.map((day) => `kept%2Fx ${day}`),
      "models 2026-11-20",
      "models 2026-11-26",
    ]);
    assert.equal(
      await deleteExpired(store, readRetention(undefined, ""), Date.now() * 2),
      0,
      "no bound, no deletion",
    );
  });

  for (const text of ["models", "models=0", "models=x", "=3"]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => readRetention(1, text), /must be namespace=days/);
    });
  }
});
