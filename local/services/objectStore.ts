import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lakeKeyVariables, lakeVariables } from "@mlplatform/contracts/environment";
import { type ObjectStore, openObjectStore } from "@mlplatform/lake/store/objectStore";
import { type GoTool, buildGoTool } from "../programs/goTool";
import type { Ports } from "../processes/ports";
import type { PythonEnvironment } from "../programs/pythonEnvironment";
import type { ServiceSpec, Supervisor } from "../processes/supervisor";

const readyTimeoutMs = 60_000;
/** Volumes of 64 MB; a bucket takes 7, and writes stop when none is left. */
const seaweedfsVolumes = 100;
const seaweedfsVolumeMb = 64;

const minioTool: GoTool = {
  name: "MinIO",
  module: "workloads/minio/server",
  package: "github.com/minio/minio",
  without: "leave out `--s3 minio`: SeaweedFS comes as a package.",
};

/** The object stores a run can use. */
export enum S3Kind {
  SeaweedFs = "seaweedfs",
  Minio = "minio",
}

/** The lake of a run and the key to it. */
export interface LocalLake {
  endpoint: string;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** The variables by which every program of the run finds the lake. Never put on a command line. */
export function lakeEnvironment(lake: LocalLake): Record<string, string> {
  return {
    [lakeVariables.bucket]: lake.bucket,
    [lakeVariables.endpoint]: lake.endpoint,
    [lakeVariables.region]: lake.region,
    [lakeKeyVariables.accessKeyId]: lake.accessKeyId,
    [lakeKeyVariables.secretAccessKey]: lake.secretAccessKey,
    AWS_DEFAULT_REGION: lake.region,
    AWS_REGION: lake.region,
    AWS_ENDPOINT_URL: lake.endpoint,
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

/** Opens the run's lake. */
export function openLake(lake: LocalLake): ObjectStore {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = lake;
  return openObjectStore({
    endpoint,
    region,
    bucket,
    credentials: { accessKeyId, secretAccessKey },
  });
}

/** Starts the object store on loopback with a key of its own, and makes the bucket. */
export async function startObjectStore(
  kind: S3Kind,
  supervisor: Supervisor,
  ports: Ports,
  python: PythonEnvironment,
  say: (text: string) => void,
): Promise<LocalLake> {
  const lake: LocalLake = {
    endpoint: `http://127.0.0.1:${ports.s3}`,
    region: "us-east-1",
    bucket: "lake",
    accessKeyId: `local${randomBytes(8).toString("hex")}`,
    secretAccessKey: randomBytes(24).toString("base64url"),
  };
  const spec =
    kind === S3Kind.Minio
      ? await minio(supervisor, ports, lake, say)
      : seaweedfs(supervisor, ports, lake, python);
  const service = supervisor.start({ ...spec, url: lake.endpoint });
  const answers = async () => (await fetch(lake.endpoint)).status === 403;
  await supervisor.waitReady(service, answers, readyTimeoutMs);
  await supervisor.runToEnd({
    name: "make-bucket",
    command: python.python,
    args: ["-c", makeBucket],
    env: lakeEnvironment(lake),
    timeoutMs: readyTimeoutMs,
    remedy: "Read the object store's log in .mlplatform/run/logs.",
  });
  return lake;
}

// A store that answers may still be choosing its leader, so the first write is tried for a while.
const makeBucket = `
import os, time, boto3
s3 = boto3.client("s3")
bucket = os.environ["${lakeVariables.bucket}"]
for attempt in range(30):
    try:
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="_written", Body=b"")
        s3.delete_object(Bucket=bucket, Key="_written")
        break
    except Exception:
        if attempt == 29:
            raise
        time.sleep(0.5)
`;

function seaweedfs(
  supervisor: Supervisor,
  ports: Ports,
  lake: LocalLake,
  python: PythonEnvironment,
): ServiceSpec {
  const data = join(supervisor.state.run, "s3");
  mkdirSync(data, { recursive: true });
  const identities = join(supervisor.state.run, "s3-identities.json");
  const key = { accessKey: lake.accessKeyId, secretKey: lake.secretAccessKey };
  const identity = {
    name: "local",
    credentials: [key],
    actions: ["Admin", "Read", "Write", "List"],
  };
  writeFileSync(identities, JSON.stringify({ identities: [identity] }), { mode: 0o600 });
  const scratch = supervisor.record.outside[0] ?? supervisor.state.run;
  return {
    name: "s3",
    // Its orderly end takes 15 s, to let other servers take over; nothing reads its files
    // afterwards.
    stopSignal: "SIGKILL",
    command: python.program("weed"),
    args: [
      ...["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", `-dir=${data}`, "-s3"],
      ...[`-s3.config=${identities}`, `-s3.port=${ports.s3}`, `-s3.port.grpc=${ports.s3Grpc}`],
      ...["-s3.port.iceberg=0", "-s3.port.lance=0", `-s3.localSocket=${scratch}/s3.sock`],
      ...[`-master.port=${ports.s3Master}`, `-master.port.grpc=${ports.s3MasterGrpc}`],
      ...[`-volume.port=${ports.s3Volume}`, `-volume.port.grpc=${ports.s3VolumeGrpc}`],
      ...[`-filer.port=${ports.s3Filer}`, `-filer.port.grpc=${ports.s3FilerGrpc}`],
      ...[`-filer.localSocket=${scratch}/filer.sock`, "-master.telemetry=false"],
      ...[`-volume.max=${seaweedfsVolumes}`, `-master.volumeSizeLimitMB=${seaweedfsVolumeMb}`],
    ],
  };
}

async function minio(
  supervisor: Supervisor,
  ports: Ports,
  lake: LocalLake,
  say: (text: string) => void,
): Promise<ServiceSpec> {
  const binary = await buildMinio(supervisor.state.clone, say);
  const data = join(supervisor.state.run, "s3");
  mkdirSync(data, { recursive: true });
  return {
    name: "s3",
    command: binary,
    args: ["server", data, "--address", `127.0.0.1:${ports.s3}`, "--quiet"],
    env: {
      MINIO_ROOT_USER: lake.accessKeyId,
      MINIO_ROOT_PASSWORD: lake.secretAccessKey,
      MINIO_BROWSER: "off",
      MINIO_UPDATE: "off",
      // As in the cluster, where a network policy decides who reads them.
      MINIO_PROMETHEUS_AUTH_TYPE: "public",
    },
  };
}

/** Builds the pinned MinIO server once, into the clone's cache. */
export function buildMinio(clone: string, say: (text: string) => void): Promise<string> {
  return buildGoTool(clone, minioTool, say);
}
