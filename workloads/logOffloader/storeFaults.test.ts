import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { ClusterState } from "@mlplatform/lake/rayLogs/rayLogClusters";
import { type FaultProxy, startFaultProxy, StoreFault } from "../lake/testbed/faultProxy";
import { startMinio, type TestStore } from "../lake/testbed/objectStores";
import { type Relay, startRelay } from "../lake/testbed/relay";
import { sideBySide, type WaitingCase } from "../lake/testbed/sideBySide";
import { makeOffloaderBed, type OffloaderBed } from "./testbed/offloaderBed";

const parts = "raylogs/namespace=";
// Nothing but the end of an attempt (30 s) tells of these.
const slow = [StoreFault.Silence, StoreFault.SlowLoris];

describe("log offloader on a store that misbehaves", function () {
  this.timeout(240_000);
  let minio: TestStore;

  before(async () => {
    minio = await startMinio();
  });
  after(() => minio?.stop());

  async function withBed(
    run: (bed: OffloaderBed) => Promise<void>,
    environment: NodeJS.ProcessEnv = {},
    server = minio,
  ): Promise<void> {
    const bed = await makeOffloaderBed(server, environment);
    try {
      await run(bed);
    } finally {
      await bed.end();
    }
  }

  function spoiledWrites(fault: StoreFault, count: number): WaitingCase {
    return {
      title: `has every byte in the lake once after ${count} writes that met ${fault}`,
      async run() {
        const proxy: FaultProxy = await startFaultProxy(minio.options.endpoint!);
        const run = async (bed: OffloaderBed) => {
          await bed.launch().waitFor(/following /);
          const file = join(bed.logs, "worker.out");
          await fs.writeFile(file, "before\n");
          await bed.waitForStored(7);
          proxy.spoil(fault, count, parts);
          await fs.appendFile(file, "under the fault\n");
          await bed.waitForCommitted(23);
          assert.equal(proxy.spoiled(), count, "the fault was met");
          const failures = await bed.metric("log_offloader_ship_failures_total");
          const tries = failures > 0 ? "ship_failures" : "store_retries";
          assert.ok((await bed.metric(`log_offloader_${tries}_total`)) > 0);
          assert.match(bed.service().output(), /the lake is asked again|their shipment failed/);
          await fs.appendFile(file, "and after it");
          await bed.drain();
          await bed.expectWhole("worker.out", Buffer.from("before\nunder the fault\nand after it"));
        };
        await withBed(run, { MLP_LAKE_ENDPOINT: proxy.endpoint }).finally(() => proxy.stop());
      },
    };
  }

  async function outlivesRefusals(): Promise<void> {
    // One that nobody else uses: its keys change.
    const server = await startMinio();
    const run = async (bed: OffloaderBed) => {
      await bed.launch().waitFor(/following /);
      const file = join(bed.logs, "worker.out");
      await fs.writeFile(file, "before\n");
      await bed.waitForStored(7);
      await server.restart({ secretAccessKey: "another-secret-of-forty-characters-in-all" });
      await fs.appendFile(file, "while the key was refused\n");
      await bed.service().waitFor(/their shipment failed: .*SignatureDoesNotMatch/);
      await sleep(4_000);
      const failures = await bed.metric("log_offloader_ship_failures_total");
      assert.ok(failures >= 2 && failures <= 8, `${failures} tries in some seconds`);
      assert.ok((await bed.metric("log_offloader_lag_seconds")) > 2);
      await server.restart();
      await bed.waitForStored(33);
      await bed.drain();
      await bed.expectWhole("worker.out", Buffer.from("before\nwhile the key was refused\n"));
    };
    await withBed(run, {}, server).finally(() => server.stop());
  }

  async function waitsForItsBucket(): Promise<void> {
    const bucket = "made-later";
    const run = async (bed: OffloaderBed) => {
      await fs.writeFile(join(bed.logs, "worker.out"), "there before its bucket\n");
      const service = bed.launch();
      await service.waitFor(/following /);
      await service.waitFor(/(?:can't be reached|shipment failed).*NoSuchBucket/);
      const client = new S3Client({ ...minio.options, forcePathStyle: true });
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      client.destroy();
      await bed.waitForStored(24);
      await bed.drain();
      await bed.expectWhole("worker.out", Buffer.from("there before its bucket\n"));
    };
    await withBed(run, { MLP_LAKE_BUCKET: bucket });
  }

  async function losesNothingWithoutGrace(): Promise<void> {
    const relay: Relay = await startRelay(minio.options.endpoint!);
    const run = async (bed: OffloaderBed) => {
      const file = join(bed.logs, "worker.out");
      await bed.launch().waitFor(/following /);
      await fs.writeFile(file, "before\n");
      await bed.waitForStored(7);
      await relay.cut();
      await fs.appendFile(file, "not shipped in time\n");
      const ended = bed.service().end("SIGTERM");
      await sleep(1_000);
      bed.service().child.kill("SIGKILL");
      assert.equal((await ended).signal, "SIGKILL");
      // As Kubernetes does it, after the grace period; ten minutes later the node counts as gone.
      const { state, incompleteNodes } = await bed.cluster(Date.now() + 3_600_000);
      assert.deepEqual([state, incompleteNodes], [ClusterState.Incomplete, ["head"]]);
      await relay.restore();
      await bed.launch().waitFor(/following /);
      await bed.drain();
      await bed.expectWhole("worker.out", Buffer.from("before\nnot shipped in time\n"));
    };
    await withBed(run, { MLP_LAKE_ENDPOINT: relay.endpoint }).finally(() => relay.stop());
  }

  sideBySide(4, [
    ...slow.map((fault) => spoiledWrites(fault, 1)),
    {
      title: "goes on by itself when its key was refused and is good again",
      run: outlivesRefusals,
    },
    { title: "waits for a bucket that is made later", run: waitsForItsBucket },
    {
      title: "loses nothing when a grace period of 1 s ends its drain by SIGKILL",
      run: losesNothingWithoutGrace,
    },
    ...Object.values(StoreFault)
      .filter((fault) => !slow.includes(fault))
      .map((fault) => spoiledWrites(fault, 3)),
  ]);
});
