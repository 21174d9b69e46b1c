import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ingestPath } from "@mlplatform/contracts/ingestAddress";
import { type Lake, openLake } from "@mlplatform/lake/ask/lake";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { openObjectStore, type ObjectStore } from "@mlplatform/lake/store/objectStore";
import { type ChildService, startChildService } from "../../lake/testbed/childService";
import { startMinio, type TestStore } from "../../lake/testbed/objectStores";
import { eventHeaders, postBytes } from "../testbed/tableClient";

const key = "key-of-the-table";
const churn = ingestPath(key, "churn");
const [, , churnProof] = churn.split("/") as [string, string, string];

/** Where an event is posted to, what it says, and where it must be found. */
const posted: [id: string, path: string, says: string, namespace: string, problem?: RegExp][] = [
  ["own", churn, "churn", "churn"],
  ["own with a question", `${churn}?x=1`, "churn", "churn"],
  [
    "other's name",
    churn,
    "pricing",
    "_quarantine",
    /^posted to the address of churn, says "pricing"$/,
  ],
  ["no name", churn, "", "_quarantine", /ce-namespace is missing; posted to the address of churn/],
  [
    "no proof",
    "/",
    "churn",
    "_quarantine",
    /^posted to an address that proves no .*, says "churn"$/,
  ],
  ["own proof, other's path", `/pricing/${churnProof}`, "pricing", "_quarantine", /proves no/],
  ["other key", ingestPath("other", "churn"), "churn", "_quarantine", /proves no namespace/],
];

const refused = [
  "/churn",
  `/churn/${churnProof.slice(1)}`,
  `/churn/${churnProof}/`,
  `/CHURN/${churnProof}`,
  `//churn/${churnProof}`,
  `/churn/../churn/${churnProof}x`,
  "/%63hurn",
];

describe("the proof of who posts predictions", function () {
  this.timeout(120_000);
  let server: TestStore;
  let store: ObjectStore;
  let lake: Lake;
  let folder: string;
  let service: ChildService;
  let url: string;

  before(async () => {
    server = await startMinio();
    store = openObjectStore(server.options);
    folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-proof-"));
    lake = openLake({
      store,
      cache: await openObjectCache({ store, directory: join(folder, "cache") }),
    });
    service = startChildService("inferenceTable", {
      ...server.environment,
      MLP_STATE_DIR: join(folder, "state"),
      MLP_PORT: "0",
      MLP_INGEST_KEY: key,
    });
    url = await service.waitFor(/listening on (http:[^"]+)/);
  });
  after(async () => {
    await service?.end("SIGKILL");
    store?.close();
    await server?.stop();
    await fs.rm(folder, { recursive: true, force: true });
  });

  it("refuses other paths", async () => {
    for (const path of refused) {
      const headers = eventHeaders({ id: path, type: "request" });
      assert.equal(await postBytes(url + path, headers, Buffer.from("x")), 404, path);
    }
  });

  it("puts an event where its sender is known to be from, and loses none", async () => {
    const headersOf = (id: string, says: string) => ({
      ...eventHeaders({ id, type: "request" }),
      "ce-namespace": says,
    });
    for (const [id, path, says] of posted) {
      assert.equal(await postBytes(url + path, headersOf(id, says), Buffer.from("x")), 202, id);
    }
    // Each event of a batch is held to the address of its batch.
    const inBatch = (id: string, namespace: string) => ({
      specversion: "1.0",
      id,
      namespace,
      type: "org.kubeflow.serving.inference.request",
      source: "churn",
      data: 1,
    });
    const batch = JSON.stringify([inBatch("batched own", "churn"), inBatch("batched", "pricing")]);
    const type = { "content-type": "application/cloudevents-batch+json" };
    assert.equal(await postBytes(url + churn, type, Buffer.from(batch)), 202);
    await service.end("SIGTERM");

    const { rows } = await lake.query("SELECT id, namespace, problem FROM inferences_events");
    const found = new Map(rows.map((row) => [String(row["id"]), row]));
    assert.equal(found.size, posted.length + 2);
    for (const [id, , , namespace, problem = /^null$/] of posted) {
      assert.equal(found.get(id)?.["namespace"], namespace, id);
      assert.match(String(found.get(id)?.["problem"]), problem, id);
    }
    assert.equal(found.get("batched own")?.["namespace"], "churn");
    assert.equal(found.get("batched")?.["namespace"], "_quarantine");
  });

  it("is made by the key alone", () => {
    const paths = ["a", "b"].flatMap((by) => ["churn", "pricing"].map((of) => ingestPath(by, of)));
    assert.equal(new Set(paths).size, 4);
  });
});
