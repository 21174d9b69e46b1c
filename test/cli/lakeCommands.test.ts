import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { openLake } from "@mlplatform/lake/ask/lake";
import { type Cell, openParquetEngine, writeParquet } from "@mlplatform/lake/duckdb/parquetEngine";
import type { TableShape } from "@mlplatform/lake/tables/tableShape";
import { ManifestStatus, putRayLogManifest } from "@mlplatform/lake/rayLogs/rayLogManifest";
import { findLogFiles, readLogFile } from "@mlplatform/lake/ask/logFiles";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { type ObjectStore, openObjectStore } from "@mlplatform/lake/store/objectStore";
import { ObjectStoreError } from "@mlplatform/lake/store/storeErrors";
import { inferenceEventsPartKey } from "@mlplatform/lake/tables/inferenceKeys";
import { rayLogPartKey } from "@mlplatform/lake/tables/rayLogKeys";
import { inferenceEventsShape } from "@mlplatform/lake/tables/inferenceEventsShape";
import { rayLogShape } from "@mlplatform/lake/tables/rayLogShape";
import { Command } from "commander";
import { inferencesCommand } from "../../cli/commands/inferences";
import { logsCommand } from "../../cli/commands/logs";
import { traceCommand } from "../../cli/commands/trace";
import type { CliContext } from "../../cli/context";
import { lakeUserError } from "../../cli/lakeConnection";
import { ExitCode } from "../../screen/exitCode";
import { UserError } from "../../screen/userError";
import { startSeaweedfs, type TestStore } from "../../workloads/lake/testbed/objectStores";

const requestBytes = '{"instances":[[1,2]]}';
const logText = Buffer.concat([
  Buffer.from("epoch 1\nloss \u001b[31m0.5\u001b[0m\n"),
  Buffer.from([0xff, 0xfe, 0x0a]),
]);

describe("mlp over the lake", function () {
  this.timeout(180_000);
  let server: TestStore;
  let store: ObjectStore;
  let folder: string;
  let mlflow: Server;
  /** What MLflow answers, by path and query. */
  let resources: Record<string, unknown>;

  before(async () => {
    server = await startSeaweedfs();
    store = openObjectStore(server.options);
    folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-cli-"));
    await fillLake();
    mlflow = createServer((request, response) => {
      const resource = resources[request.url!];
      response.statusCode = resource === undefined ? 404 : 200;
      response.end(JSON.stringify(resource ?? { error_code: "RESOURCE_DOES_NOT_EXIST" }));
    });
    await new Promise<void>((resolve) => mlflow.listen(0, "127.0.0.1", resolve));
    await writeEndpoints(0o600);
  });
  after(async () => {
    mlflow.closeAllConnections();
    mlflow.close();
    store.close();
    await server.stop();
    await fs.rm(folder, { recursive: true, force: true });
  });

  beforeEach(() => {
    resources = {
      "/api/2.0/mlflow/model-versions/get?name=churn&version=7": {
        model_version: { name: "churn", version: "7", run_id: "run-1", source: "models:/m-1" },
      },
      "/api/2.0/mlflow/runs/get?run_id=run-1": {
        run: {
          info: { run_id: "run-1", experiment_id: "1", status: "FINISHED" },
          data: {
            tags: Object.entries({
              "dataset.location": "s3://lake/datasets/churn/1/",
              "dataset.name": "churn",
              "dataset.version": "1",
              "dataset.digest": "abc",
              "git.commit": "c0ffee",
              "git.repository": "https://example.org/churn",
              "ray.job_id": "raysubmit_1",
              "ray.cluster": "train-x7",
            }).map(([key, value]) => ({ key, value })),
          },
          inputs: { dataset_inputs: [{ dataset: { name: "churn", digest: "abc", source: "{}" } }] },
        },
      },
    };
  });

  async function writeEndpoints(mode: number): Promise<void> {
    const run = join(folder, ".mlplatform", "run");
    await fs.mkdir(run, { recursive: true });
    const credentialsFile = join(run, "lake-credentials.json");
    await fs.writeFile(credentialsFile, JSON.stringify(server.options.credentials));
    await fs.chmod(credentialsFile, mode);
    const { endpoint, region, bucket } = server.options;
    const uri = `http://127.0.0.1:${(mlflow.address() as AddressInfo).port}`;
    await fs.writeFile(
      join(run, "endpoints.json"),
      JSON.stringify({ lake: { endpoint, region, bucket, credentialsFile }, mlflow: { uri } }),
    );
  }

  async function put(
    shape: TableShape,
    values: Record<string, Cell>[],
    key: string,
  ): Promise<void> {
    const engine = await openParquetEngine({ temporaryDirectory: folder });
    const rows = values.map((row) => shape.columns.map(({ name }) => row[name] ?? null));
    const { file } = await writeParquet(engine, shape, rows, join(folder, "part.parquet"));
    await store.putFile(key, file);
    engine.close();
  }

  async function fillLake(): Promise<void> {
    const event = (type: string, body: string, at: bigint): Record<string, Cell> => ({
      id: "p-1",
      type: `org.kubeflow.serving.inference.${type}`,
      source: "pod",
      time: at,
      received_time: at,
      namespace: "churn",
      inference_service: "churn",
      component: "predictor",
      revision: "churn-00001",
      model_name: "churn",
      model_version: "7",
      mlflow_run_id: "run-1",
      dataset_digest: "abc",
      protocol: "v1",
      body: Buffer.from(body),
      body_bytes: BigInt(body.length),
      body_sha256: body,
      truncated: false,
      writer: "w",
      sequence: 1n,
      frame: at,
    });
    const at = BigInt(Date.parse("2026-11-23T10:00:00Z")) * 1000n;
    const place = { namespace: "churn", date: "2026-11-23", writer: "w", sequence: 1 };
    await put(
      inferenceEventsShape,
      [event("request", requestBytes, at), event("response", '{"predictions":[0]}', at + 2500n)],
      inferenceEventsPartKey({ ...place, hour: 10 }),
    );
    const log = (start: number, end: number, text: string, raw: Buffer | null) => ({
      cluster: "train-x7",
      namespace: "churn",
      session: "s",
      node: "head",
      role: "head",
      file: "job-driver-raysubmit_1.log",
      file_uid: "uid1",
      byte_start: BigInt(start),
      byte_end: BigInt(end),
      line_no: 1n,
      component: "job-driver",
      job_id: "raysubmit_1",
      text,
      raw,
    });
    const second = logText.indexOf("loss");
    const third = logText.length - 3;
    await put(
      rayLogShape,
      [
        log(0, second, "epoch 1", null),
        log(second, third, logText.toString("utf8", second, third - 1), null),
        log(third, logText.length, "\ufffd\ufffd", logText.subarray(third, logText.length - 1)),
      ],
      rayLogPartKey({ ...place, cluster: "train-x7" }),
    );
    for (const [node, status] of [
      ["head", ManifestStatus.Final],
      ["worker-1", ManifestStatus.Open],
    ] as const) {
      await putRayLogManifest(store, {
        version: 1,
        status,
        namespace: "churn",
        cluster: "train-x7",
        rayjob: "",
        node,
        role: "head",
        writer: "w",
        openedAt: "2026-11-23T10:00:00Z",
        finalAt: null,
        files: [],
      });
    }
  }

  /** Runs one command line; the error, where it throws, is given back. */
  async function mlp(...args: string[]) {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const context: CliContext = {
      projectDir: folder,
      policyDir: folder,
      workingDir: folder,
      signal: new AbortController().signal,
      stdout,
      stderr,
      exitCode: ExitCode.Good,
    };
    const program = new Command("mlp").exitOverride();
    for (const create of [traceCommand, logsCommand, inferencesCommand]) {
      program.addCommand(create(context));
    }
    let error: Error | undefined;
    await program.parseAsync(args, { from: "user" }).catch((thrown: Error) => {
      error = thrown;
    });
    stdout.end();
    const chunks: Buffer[] = [];
    for await (const chunk of stdout) {
      chunks.push(chunk as Buffer);
    }
    const output = Buffer.concat(chunks);
    return { output, text: output.toString("utf8"), error, exitCode: context.exitCode };
  }

  it("traces a prediction to its log lines through every store", async () => {
    const { text, exitCode, error } = await mlp("trace", "p-1", "--json");
    assert.equal(error, undefined);
    assert.equal(exitCode, ExitCode.Good);
    const trace = JSON.parse(text) as {
      isComplete: boolean;
      logLines: string[];
      hops: { hop: string; facts: Record<string, string> }[];
    };
    assert.equal(trace.isComplete, true);
    assert.equal(trace.logLines[0], "epoch 1");
    const facts = Object.fromEntries(trace.hops.map(({ hop, facts: each }) => [hop, each]));
    assert.equal(facts["dataset"]!["location"], "s3://lake/datasets/churn/1/");
    assert.equal(facts["commit"]!["commit"], "c0ffee");
    assert.equal(facts["log lines"]!["node"], "head");
  });

  it("names the hop that is missing and fails", async () => {
    delete resources["/api/2.0/mlflow/runs/get?run_id=run-1"];
    const { text, exitCode } = await mlp("trace", "p-1");
    assert.equal(exitCode, ExitCode.Failed);
    assert.match(text, /● model version/);
    assert.match(text, /✖ run[^●✖]*problem +.*leads to a run that MLflow has/);
    assert.match(text, /✖ log lines/);
  });

  it("says where row and run contradict each other", async () => {
    const run = resources["/api/2.0/mlflow/runs/get?run_id=run-1"] as {
      run: { data: { tags: { key: string; value: string }[] } };
    };
    run.run.data.tags.find(({ key }) => key === "dataset.digest")!.value = "other";
    const { text, exitCode } = await mlp("trace", "p-1");
    assert.equal(exitCode, ExitCode.Failed);
    assert.match(text, /the row says digest abc, the run says other/);
  });

  it("traces nothing for an unknown id, and says so first", async () => {
    const { text, exitCode } = await mlp("trace", "nobody");
    assert.equal(exitCode, ExitCode.Failed);
    assert.match(text, /✖ prediction .*\n│ {3}problem +no prediction has this id/);
  });

  it("writes a log file byte for byte", async () => {
    const { output, error } = await mlp("logs", "cat", "job-driver-raysubmit_1.log");
    assert.equal(error, undefined);
    assert.deepEqual(output, logText);
  });

  it("refuses to write a file that isn't there", async () => {
    const { error } = await mlp("logs", "cat", "none.log", "--cluster", "train-x7");
    assert.match(String(error), /the lake has no file "none.log"/);
  });

  it("answers SQL over logs and predictions, pruned by partition", async () => {
    const sql = "SELECT count(*) AS n FROM raylogs";
    assert.equal((await mlp("logs", "sql", sql, "--json")).text, '{"n":3}\n');
    const other = await mlp("logs", "sql", sql, "--json", "--since", "2026-11-24");
    assert.equal(other.text, '{"n":0}\n');
    const ok = await mlp(
      "inferences",
      "sql",
      "SELECT status, latency_ms FROM inferences",
      "--json",
    );
    assert.equal(ok.text, '{"status":"ok","latency_ms":2.5}\n');
    const show = await mlp("inferences", "show", "p-1");
    assert.match(show.text, /request +\{"instances":\[\[1,2\]\]\}\n/);
  });

  it("lets no control character of a log line reach the terminal", async () => {
    const { text } = await mlp("logs", "sql", "SELECT text FROM raylogs ORDER BY byte_start");
    assert.match(text, /loss 0\.5/);
    assert.ok(!text.includes("\u001b"));
    const named = await mlp("logs", "sql", 'SELECT 1 AS "\u001b]0;title\u0007column"');
    assert.match(named.text, /column/);
    assert.ok(!named.text.includes("\u001b") && !named.text.includes("\u0007"));
  });

  it("gives SQL no way to other files", async () => {
    const { error } = await mlp("logs", "sql", "SELECT * FROM read_text('/etc/hostname'), raylogs");
    assert.match(String(error), /the table function read_text is not allowed/);
    const again = await mlp("logs", "sql", "SET enable_external_access = true");
    assert.match(String(again.error), /one SELECT is answered, got another statement/);
  });

  it("lists clusters with the nodes whose logs are incomplete", async () => {
    const { text } = await mlp("logs", "clusters", "--json");
    const row = JSON.parse(text) as Record<string, unknown>;
    assert.equal(row["state"], "INCOMPLETE");
    assert.equal(row["incomplete"], "worker-1");
    assert.equal(row["nodes"], 2);
  });

  it("finds lines by expression, text, level and file, and fails where there is none", async () => {
    const found = await mlp("logs", "grep", "ep.ch \\d");
    assert.equal(found.text, "train-x7:head:job-driver-raysubmit_1.log:1: epoch 1\n");
    assert.equal(found.exitCode, ExitCode.Good);
    const json = await mlp("logs", "grep", "-F", "-i", "EPOCH", "--json", "--file", "job-driver*");
    assert.equal((JSON.parse(json.text) as { text: string }).text, "epoch 1");
    for (const more of [
      ["--file", "worker*"],
      ["--level", "error"],
      ["--node", "worker-1"],
      ["--cluster", "other"],
    ]) {
      const none = await mlp("logs", "grep", "epoch", ...more);
      assert.deepEqual([none.text, none.exitCode], ["", ExitCode.Failed], more.join(" "));
    }
    const escaped = await mlp("logs", "grep", "loss");
    assert.match(escaped.text, /: loss 0\.5/);
    const bad = await mlp("logs", "grep", "(");
    assert.match(String(bad.error), /missing \)/);
    assert.equal((await mlp("logs", "grep", ".", "-m", "2")).text.split("\n").length, 3);
  });

  it("lists files, and each node's place", async () => {
    const file = JSON.parse((await mlp("logs", "files", "--json")).text) as object;
    assert.deepEqual(file, {
      cluster: "train-x7",
      node: "head",
      session: "s",
      file: "job-driver-raysubmit_1.log",
      file_uid: "uid1",
      bytes: logText.length,
      lines: 3,
      first: null,
      last: null,
    });
    assert.equal((await mlp("logs", "files", "--node", "nobody", "--json")).text, "");
    const rows = (await mlp("logs", "status", "--json")).text.trim().split("\n");
    const places = rows.map((row) => JSON.parse(row) as Record<string, unknown>);
    assert.deepEqual(
      places.map(({ node, manifest, state, missing }) => [node, manifest, state, missing]),
      [
        ["head", "FINAL", "INCOMPLETE", 0],
        ["worker-1", "OPEN", "INCOMPLETE", null],
      ],
    );
  });

  it("imports what KubeRay's collector uploaded, once however often", async () => {
    const place = "site/cluster-history/rayjob/team/train/train-abc/session_1/node-7/logs";
    const large = Buffer.from("x".repeat(3_000_000) + "\nüber\ncaf\xe9", "latin1");
    await store.put(`${place}/raylet.out`, Buffer.from("2026-11-23 10:00:00 INFO up\nlast"));
    await store.put(`${place}/old/worker.out`, large);
    await store.put(
      "site/cluster-history/rayjob/team/train/train-abc/session_1/node-7/events/1",
      large,
    );
    const bytes = 32 + large.length;
    for (let times = 0; times < 2; times++) {
      const { text, error } = await mlp("logs", "import", "lake", "--prefix", "site/");
      assert.equal(error, undefined);
      assert.equal(text, `2 files, ${bytes} bytes of 1 nodes, 1 clusters\n`);
    }
    const selection = ["--namespace", "team", "--cluster", "train-abc"];
    const { output } = await mlp("logs", "cat", "raylet.out", ...selection);
    assert.equal(output.toString(), "2026-11-23 10:00:00 INFO up\nlast");
    const cache = await openObjectCache({ store, directory: join(folder, "import") });
    const lake = openLake({ store, cache });
    const [file] = await findLogFiles(lake, { namespace: "team" }, "old/worker.out");
    const stored: Buffer[] = [];
    for await (const piece of readLogFile(lake, { namespace: "team" }, file!)) {
      stored.push(piece);
    }
    assert.ok(Buffer.concat(stored).equals(large));
    const count = "SELECT count(*) AS n, any_value(rayjob) AS job FROM raylogs";
    const sql = await mlp("logs", "sql", count, "--json", ...selection);
    assert.equal(sql.text, '{"n":7,"job":"train"}\n');
    const [cluster] = (await mlp("logs", "clusters", "--json", ...selection)).text.split("\n");
    assert.equal((JSON.parse(cluster!) as { state: string }).state, "COMPLETE");
    const none = await mlp("logs", "import", "lake", "--prefix", "elsewhere/");
    assert.match(String(none.error), /has no key cluster-history/);
  });

  it("refuses a credentials file that others can read", async () => {
    await writeEndpoints(0o644);
    const { error } = await mlp("logs", "clusters");
    await writeEndpoints(0o600);
    assert.match(String(error), /readable by others, got mode 644\. Run chmod 600/);
  });

  it("refuses an address that is none at once, without repeating a password", async () => {
    const started = performance.now();
    for (const endpoint of ["lake", "http://me:s3cret@lake:9000", "s3://lake"]) {
      const { error } = await mlp("logs", "clusters", "--lake-endpoint", endpoint);
      assert.ok(error instanceof UserError);
      assert.match(error.message, /the lake's address must be an http\(s\) URL without a user/);
      assert.match(error.message, /Correct --lake-endpoint or MLP_LAKE_ENDPOINT\./);
      assert.doesNotMatch(error.message, /s3cret/);
    }
    const { error } = await mlp("trace", "x", "--mlflow", "mlflow");
    assert.match(String(error), /MLflow's address must be an http\(s\) URL .* Correct --mlflow or/);
    assert.ok(performance.now() - started < 5_000);
  });

  it("says what to set where there are no keys, and hands other errors on", () => {
    const details = { attempts: 9, isPermanent: false, cause: undefined };
    const explained = lakeUserError(
      new ObjectStoreError("list x", { ...details, code: "CredentialsProviderError" }),
    );
    assert.ok(explained instanceof UserError);
    assert.equal(
      explained.message,
      "there are no keys to the lake in the environment or in AWS's files. Set " +
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
    );
    const other = new ObjectStoreError("list x", { ...details, code: "AccessDenied" });
    assert.equal(lakeUserError(other), other);
  });

  it("says how to name a lake where none is known", async () => {
    const file = join(folder, ".mlplatform", "run", "endpoints.json");
    await fs.rename(file, `${file}.away`);
    const { error } = await mlp("logs", "clusters");
    await fs.rename(`${file}.away`, file);
    assert.match(String(error), /neither --lake-endpoint nor MLP_LAKE_ENDPOINT is given/);
  });
});
