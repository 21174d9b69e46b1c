import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { previewStack } from "../../preview/engine/previewStack";
import type { PreviewResource } from "../../preview/engine/programRun";
import {
  minioClientProgram,
  startMinio,
  type TestStore,
} from "../../workloads/lake/testbed/objectStores";
import { deployable } from "../preview/deployable";
import { ended, provision } from "./provisioned";

const consumer = "churn-training";
const secret = "secretOfTheConsumer1234";

describe("further keys of a consumer of MinIO", function () {
  this.timeout(300_000);
  let store: TestStore;
  let resources: PreviewResource[];
  let directory: string;
  let client: string;

  const grant = () =>
    provision(
      store,
      resources,
      { job: `${consumer}-provisioning`, files: `${consumer}-policy` },
      { CONSUMER_SECRET_KEY: secret },
    );
  /** Runs the store's client as `store`'s administrator (`lake`) or as the consumer (`own`). */
  const run = (...args: string[]) => {
    const address = store.administration["LAKE_ENDPOINT"]!.replace("http://", "");
    const { LAKE_ADMIN_USER: user, LAKE_ADMIN_PASSWORD: password } = store.administration;
    return ended(client, ["--json", ...args], {
      HOME: directory,
      MC_HOST_lake: `http://${user}:${password}@${address}`,
      MC_HOST_own: `http://${consumer}:${secret}@${address}`,
    });
  };
  const make = (alias: string, key: string) =>
    run(
      ...["admin", "user", "svcacct", "add", alias, consumer],
      ...["--access-key", key, "--secret-key", "secretOfAFurtherKey1"],
    );

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "mlplatform-further-keys-"));
    const { result } = await previewStack({
      projectDir: resolve(__dirname, "../.."),
      stack: "local",
      mode: "up",
      config: deployable("local"),
    });
    ({ resources } = result);
    client = await minioClientProgram();
    store = await startMinio();
    await provision(store, resources, { job: "lake-buckets", files: "lake-lifecycle" });
    await grant();
  });
  after(async () => {
    await store?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it("can't be made by the consumer", async () => {
    await assert.rejects(make("own", "furtherkey1"), /Access Denied/);
  });

  it("are ended when the consumer is provisioned again", async () => {
    await make("lake", "furtherkey2");
    await make("lake", "furtherkey3");
    const list = () => run("admin", "user", "svcacct", "list", "lake", consumer);
    assert.match(await list(), /furtherkey2[^]*furtherkey3|furtherkey3[^]*furtherkey2/);
    await grant();
    assert.doesNotMatch(await list(), /accessKey/);
    await grant();
  });
});
