import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import {
  inferenceTableVariables,
  lakeKeyVariables,
  lakeVariables,
  logKeeperVariables,
  logOffloaderVariables,
  serviceVariables,
} from "@mlplatform/contracts/environment";
import { lakeFolders } from "@mlplatform/contracts/lakeFolders";
import { listObjects, openObjectStore } from "@mlplatform/lake/store/objectStore";
import { eventHeaders, postBytes } from "../../../workloads/inferenceTable/testbed/tableClient";
import { freePorts } from "../../../workloads/lake/testbed/freePorts";
import type { BuiltImage } from "../../../images/buildImages";
import { sbomPackages } from "../../../images/sbom";
import { serverArguments } from "../../../components/dataLake/minioStatefulSet";
import { Container } from "./container";
import { type PodContainers, podContainers } from "./podContainers";
import {
  buildTimeoutMs,
  clone,
  prepareImages,
  requireContainers,
  serviceImages,
} from "./prepareImages";

const key = { id: "lakeadmin", secret: randomBytes(18).toString("base64url") };

describe("services in their containers", function () {
  this.timeout(buildTimeoutMs);
  let built: Map<string, BuiltImage>;
  let pods: PodContainers;
  let minio: Container;
  let endpoint: string;
  let reference: (name: string) => string;

  before(async function () {
    requireContainers(this);
    const images = await prepareImages(serviceImages);
    built = new Map(images.map((image) => [image.name, image]));
    reference = (name) => built.get(name)!.reference;
    pods = await podContainers();
    const [port] = await freePorts(1);
    endpoint = `http://127.0.0.1:${port}`;
    const args = serverArguments(1, "data-lake");
    minio = await Container.start(clone, {
      image: reference("minio"),
      ...pods.minio!,
      args: args.map((arg) => (arg === ":9000" ? `127.0.0.1:${port}` : arg)),
      writable: ["/data"],
      env: {
        MINIO_ROOT_USER: key.id,
        MINIO_ROOT_PASSWORD: key.secret,
        MINIO_BROWSER: "off",
      },
    });
    await minio.answers(`${endpoint}/minio/health/ready`);
  });

  after(async () => {
    await minio?.stop();
  });

  const lakeEnvironment = () => ({
    [lakeVariables.bucket]: "lake",
    [lakeVariables.endpoint]: endpoint,
    [lakeVariables.region]: "us-east-1",
    [lakeKeyVariables.accessKeyId]: key.id,
    [lakeKeyVariables.secretAccessKey]: key.secret,
  });

  async function keysOf(prefix: string): Promise<string[]> {
    const store = openObjectStore({
      endpoint,
      region: "us-east-1",
      bucket: "lake",
      credentials: { accessKeyId: key.id, secretAccessKey: key.secret },
    });
    const keys: string[] = [];
    for await (const object of listObjects(store, prefix)) {
      keys.push(object.key);
    }
    return keys;
  }

  it("minio keeps its data as the user of its pod and needs no other folder", async () => {
    assert.equal(pods.minio!.readOnly, true);
    assert.ok(pods.minio!.uid > 0);
    assert.equal((await fetch(`${endpoint}/minio/health/live`)).status, 200);
  });

  it("minio-client makes a bucket from a shell script, as the provisioning Jobs do", async () => {
    const client = await Container.start(clone, {
      image: reference("minio-client"),
      ...pods["minio-client"]!,
      command: ["/bin/sh", "-ec", "mc mb lake/lake && mc ls lake"],
      env: {
        HOME: "/tmp",
        MC_HOST_lake: endpoint.replace("//", `//${key.id}:${key.secret}@`),
      },
    });
    const { code, output } = await client.finish();
    assert.equal(code, 0, output);
    assert.match(output, /lake\/$/m);
  });

  it("log-offloader ships a log file, and its keeper finds it", async () => {
    const [port] = await freePorts(1);
    const offloader = await Container.start(clone, {
      image: reference("log-offloader"),
      ...pods["log-offloader"]!,
      writable: ["/tmp/ray"],
      env: {
        ...lakeEnvironment(),
        [logOffloaderVariables.namespace]: "churn",
        [logOffloaderVariables.cluster]: "train-1",
        [logOffloaderVariables.node]: "train-1-head",
        [logOffloaderVariables.role]: "head",
        [logOffloaderVariables.rayDirectory]: "/tmp/ray",
        [serviceVariables.stateDirectory]: "/tmp/ray/.log-offloader",
        [serviceVariables.port]: String(port),
        [serviceVariables.host]: "127.0.0.1",
      },
    });
    await offloader.answers(`http://127.0.0.1:${port}/healthz`);
    const code = await offloader.stop();
    assert.equal(code, 0, offloader.output);
    const manifests = await keysOf(`${lakeFolders.rayLogs}_manifest/churn/train-1/`);
    assert.deepEqual(manifests.length, 1, offloader.output);

    const keeper = await Container.start(clone, {
      image: reference("log-offloader"),
      ...pods["log-offloader"]!,
      args: ["keeper"],
      env: { ...lakeEnvironment(), [logKeeperVariables.workDirectory]: "/tmp/keeper" },
    });
    const ended = await keeper.finish();
    assert.equal(ended.code, 0, ended.output);
  });

  it("inference-table acknowledges an event and has it in the lake when it ends", async () => {
    const [port] = await freePorts(1);
    const table = await Container.start(clone, {
      image: reference("inference-table"),
      ...pods["inference-table"]!,
      writable: ["/var/lib/inference-table"],
      env: {
        ...lakeEnvironment(),
        [serviceVariables.port]: String(port),
        [serviceVariables.host]: "127.0.0.1",
        [inferenceTableVariables.replica]: "0",
      },
    });
    await table.answers(`http://127.0.0.1:${port}/healthz`);
    const status = await postBytes(
      `http://127.0.0.1:${port}/`,
      eventHeaders({ id: "prediction-1", type: "request" }),
      Buffer.from('{"instances":[[1]]}'),
    );
    assert.ok(status >= 200 && status < 300, `${status}\n${table.output}`);
    assert.equal(await table.stop(), 0, table.output);
    const parts = await keysOf(`${lakeFolders.inferences}events/namespace=models/`);
    assert.equal(parts.length, 1, table.output);
  });

  it("each comes with an archive, and a list of packages that names what it runs on", () => {
    const named: Record<string, RegExp> = {
      minio: /github\.com\/minio\/minio"/,
      "minio-client": /github\.com\/minio\/mc"/,
      "log-offloader": /client-s3"/,
      "inference-table": /client-s3"/,
    };
    for (const [name, { archive, sbom, packages, bytes }] of built) {
      assert.ok(existsSync(archive));
      assert.ok(statSync(archive).size >= bytes);
      const text = readFileSync(sbom!, "utf8");
      assert.equal(sbomPackages(text), packages);
      assert.match(text, named[name]!, name);
    }
  });
});
