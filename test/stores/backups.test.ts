import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { PythonEnvironment } from "../../local/programs/pythonEnvironment";
import { findInstalledPostgres } from "../../local/services/postgres";
import { previewStack } from "../../preview/engine/previewStack";
import type { PreviewResource } from "../../preview/engine/programRun";
import { freePorts } from "../../workloads/lake/testbed/freePorts";
import {
  startMinio,
  startSeaweedfs,
  type TestStore,
} from "../../workloads/lake/testbed/objectStores";
import { BackupServer, handToServer } from "./backupServer";
import { ended, provision } from "./provisioned";

const root = resolve(__dirname, "../..");
/** Download of packages and a build, once. */
const prepareTimeoutMs = 1_800_000;
const consumer = "mlflow-backups";

const stores: [kind: string, start: () => Promise<TestStore>][] = [
  ["minio", startMinio],
  ["seaweedfs", startSeaweedfs],
];

for (const [kind, start] of stores) {
  describe(`backups of the database, on ${kind}`, function () {
    this.timeout(300_000);
    let store: TestStore;
    let barman: PythonEnvironment;
    let directory: string;
    let bin: string;
    let resources: PreviewResource[];
    const servers: BackupServer[] = [];
    const secretAccessKey = randomBytes(20).toString("hex");

    before(async function () {
      this.timeout(prepareTimeoutMs);
      bin = findInstalledPostgres()!;
      if (bin === undefined) {
        console.log("    skipped: no PostgreSQL server is installed");
        this.skip();
      }
      const say = (text: string) => console.log(`      barman: ${text}`);
      barman = await PythonEnvironment.prepare(
        join(root, ".cache", "barman"),
        join(root, "local", "python", "barman.txt"),
        say,
      );
      const { result } = await previewStack({
        projectDir: root,
        stack: "local",
        mode: "up",
        config: deployable("local", { dataLake: { kind, storageGiB: 20 } }),
      });
      resources = result.resources;
      directory = mkdtempSync(join(tmpdir(), "mlplatform-backups-"));
      chmodSync(directory, 0o755);
      store = await start();
      const lifecycle = kind === "minio" ? "lake-lifecycle" : undefined;
      await provision(store, resources, { job: "lake-buckets", files: lifecycle });
      await provision(
        store,
        resources,
        { job: `${consumer}-provisioning`, files: `${consumer}-policy` },
        { CONSUMER_SECRET_KEY: secretAccessKey },
      );
    });

    after(async () => {
      for (const server of servers) {
        await server.stop();
      }
      await store?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    /** Client with exactly the key that the database gets. */
    const consumersClient = () => {
      const { endpoint, region } = store.options as S3ClientConfig & { endpoint: string };
      const credentials = { accessKeyId: consumer, secretAccessKey };
      return new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
    };

    /** Runs one of barman's programs as the plugin's sidecar does, with exactly that key. */
    const run = (program: string, args: string[], server?: BackupServer) =>
      ended(
        barman.program(`barman-cloud-${program}`),
        ["--endpoint-url", store.options.endpoint!, ...args],
        {
          AWS_ACCESS_KEY_ID: consumer,
          AWS_SECRET_ACCESS_KEY: secretAccessKey,
          AWS_DEFAULT_REGION: "us-east-1",
          PATH: process.env["PATH"],
          HOME: directory,
          ...server?.environment,
        },
      );

    async function newServer(name: string): Promise<BackupServer> {
      const [port] = await freePorts(1);
      const server = new BackupServer(bin, join(directory, name), port!);
      servers.push(server);
      return server;
    }

    const query = (server: BackupServer, statement: string) =>
      ended(barman.python, ["-c", ask, statement], { ...server.environment });

    it("go to the lake and come back, row by row", async () => {
      const [objectStore] = resources.filter(({ inputs }) => inputs["kind"] === "ObjectStore");
      const { destinationPath } = (objectStore!.inputs as any).spec.configuration;
      const place = [destinationPath, "mlflow-db"];
      const server = await newServer("first");
      await server.init();
      await server.start();
      await query(server, "create table kept as select 42 as answer");

      await run("check-wal-archive", place);
      const backup = ["--gzip", "--name", "nightly", ...place];
      await run("backup", backup, server);
      await query(server, "insert into kept values (43)");
      await query(server, "select pg_switch_wal()");
      const log = join(server.data, "pg_wal");
      const segments = readdirSync(log).filter((name) => /^[0-9A-F]{24}$/.test(name));
      for (const segment of segments) {
        await run("wal-archive", ["--gzip", ...place, join(log, segment)]);
      }
      await server.stop();

      const listed = await run("backup-list", place);
      assert.match(listed, /nightly/);
      const restored = await newServer("restored");
      mkdirSync(restored.data, { mode: 0o700 });
      await run("restore", [...place, "nightly", restored.data]);
      const spool = join(directory, "log");
      mkdirSync(spool);
      for (const segment of segments) {
        await run("wal-restore", [...place, segment, join(spool, segment)]);
      }
      await handToServer(directory);
      restored.recoverFrom(spool);
      await restored.start();
      assert.equal((await query(restored, "select sum(answer) from kept")).trim(), "85");
      await run("backup-delete", ["--retention-policy", "REDUNDANCY 1", ...place]);
    });

    it("reach no other prefix and no other bucket", async () => {
      const client = consumersClient();
      const refused: [string, () => Promise<unknown>][] = [
        [
          "put",
          () => client.send(new PutObjectCommand({ Bucket: "backups", Key: "other/a", Body: "a" })),
        ],
        ["get", () => client.send(new GetObjectCommand({ Bucket: "backups", Key: "other/a" }))],
        [
          "list",
          () => client.send(new ListObjectsV2Command({ Bucket: "backups", Prefix: "other/" })),
        ],
        ["list all", () => client.send(new ListObjectsV2Command({ Bucket: "backups" }))],
        ["look at another", () => client.send(new HeadBucketCommand({ Bucket: "lake" }))],
        [
          "list another",
          () => client.send(new ListObjectsV2Command({ Bucket: "lake", Prefix: "mlflow/" })),
        ],
        [
          "write another",
          () => client.send(new PutObjectCommand({ Bucket: "lake", Key: "mlflow/a", Body: "a" })),
        ],
      ];
      try {
        for (const [what, attempt] of refused) {
          const status = await attempt().then(
            () => 200,
            (error: { $metadata?: { httpStatusCode?: number } }) => error.$metadata?.httpStatusCode,
          );
          assert.equal(status, 403, what);
        }
        await client.send(new PutObjectCommand({ Bucket: "backups", Key: "mlflow/a", Body: "a" }));
        await client.send(new HeadBucketCommand({ Bucket: "backups" }));
      } finally {
        client.destroy();
      }
    });
  });
}

const ask = `
import sys, psycopg2
connection = psycopg2.connect(dbname="postgres")
connection.autocommit = True
cursor = connection.cursor()
cursor.execute(sys.argv[1])
if cursor.description:
    print(cursor.fetchone()[0])
`;
import { deployable } from "../preview/deployable";
