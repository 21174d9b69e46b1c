import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { literal } from "@mlplatform/lake/duckdb/parquetEngine";
import { publishDataset } from "./lifecycle/dataset";
import {
  type LocalLake,
  S3Kind,
  lakeEnvironment,
  openLake,
  startObjectStore,
} from "./services/objectStore";
import { choosePorts, type Ports } from "./processes/ports";
import { PythonEnvironment } from "./programs/pythonEnvironment";
import { StateDirectory } from "./processes/runState";
import { startModelServer } from "./services/serving";
import { StepFailure, StepRunner } from "./lifecycle/steps";
import { Supervisor } from "./processes/supervisor";

const realClone = resolve(__dirname, "..");
const timeoutMs = 60_000;

/**
 * The block that a failed step leaves on the screen; nothing of a program's inside may be in it.
 */
function assertBlock(text: string, step: string, why: RegExp, remedy: RegExp): void {
  const start = text.indexOf(`${step}: `);
  assert.notEqual(start, -1, text);
  const [, said = "", log] = /^([^]*?)(?: The log is (.*)\.)?$/.exec(text.slice(start).trim())!;
  assert.match(said.slice(step.length + 2), why);
  assert.match(said, remedy);
  assert.doesNotMatch(text, /Traceback|^ +at .*[:(]\d+|File ".*", line/m);
  if (log !== undefined) {
    assert.ok(statSync(log).size > 0, `${log} is empty`);
  }
}

describe("a local run that cannot go on", function () {
  this.timeout(timeoutMs);
  // A clone of its own beside the real one, with the same programs.
  let clone: string;
  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), "mlp-bad-"));
    for (const name of ["local", "screen", "workloads", "node_modules"]) {
      symlinkSync(join(realClone, name), join(clone, name));
    }
  });
  afterEach(() => rmSync(clone, { recursive: true, force: true }));

  function run(environment: NodeJS.ProcessEnv, ...args: string[]): string {
    // The copy is a clone of its own only if its links stay as they are.
    const links = ["--preserve-symlinks", "--preserve-symlinks-main"];
    const main = join(clone, "local", "main.ts");
    const done = spawnSync(process.execPath, [...links, "--import", "tsx", main, ...args], {
      cwd: clone,
      env: { ...process.env, ...environment },
      encoding: "utf8",
    });
    assert.equal(done.status, 1, done.stdout + done.stderr);
    const record = new StateDirectory(clone).record();
    assert.ok(record !== undefined, "the run was in this clone");
    assert.deepEqual(record.outside.filter(existsSync), []);
    return done.stderr.replace(/\nEverything that.*/, "").trimEnd();
  }

  it("says in its first step that Python is missing", () => {
    const text = run({ PATH: clone });
    assertBlock(
      text,
      "Python environment",
      /^Python 3\.11 or 3\.12 is needed, found none\./,
      /apt/,
    );
  });

  it("says which port of the given block is taken", async () => {
    mkdirSync(join(clone, ".mlplatform"));
    const made = join(realClone, ".mlplatform", "venv");
    symlinkSync(made, join(clone, ".mlplatform", "venv"));
    const base = (await choosePorts()).s3;
    const taken = createServer();
    await new Promise<void>((settle) => taken.listen(base + 1, "127.0.0.1", settle));
    try {
      const text = run({}, "--port-base", String(base));
      const why = new RegExp(`port .*\\b${base + 1}\\b.* is taken by another program`);
      assertBlock(text, "Free ports", why, /Choose another --port-base/);
    } finally {
      await new Promise((settle) => taken.close(settle));
    }
  });
});

describe("a step of the local run, with a real object store", function () {
  this.timeout(timeoutMs);
  let clone: string;
  let python: PythonEnvironment;
  let ports: Ports;
  let supervisor: Supervisor;
  let steps: StepRunner;
  let lake: LocalLake;

  beforeEach(async () => {
    clone = mkdtempSync(join(tmpdir(), "mlp-bad-"));
    symlinkSync(join(realClone, "workloads"), join(clone, "workloads"));
    const requirements = join(realClone, "local", "python", "requirements.txt");
    const root = join(realClone, ".mlplatform");
    python = await PythonEnvironment.prepare(root, requirements, () => undefined);
    ports = await choosePorts();
    const state = new StateDirectory(clone);
    supervisor = new Supervisor(state, state.begin());
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    steps = new StepRunner(
      silent as unknown as NodeJS.WriteStream,
      () => supervisor.failure,
      supervisor.logFile("local"),
    );
    lake = await startObjectStore(S3Kind.SeaweedFs, supervisor, ports, python, () => undefined);
  });
  afterEach(async () => {
    await supervisor.stopAll();
    supervisor.state.discard();
    rmSync(clone, { recursive: true, force: true });
  });

  async function failureOf(title: string, work: () => Promise<unknown>): Promise<string> {
    const failed = await steps.step(title, work).then(
      () => assert.fail(`${title} went well`),
      (error: Error) => error,
    );
    assert.ok(failed instanceof StepFailure, String(failed));
    return failed.message;
  }

  it("says that the lake refuses a write", async () => {
    const file = join(supervisor.state.run, "s3-identities.json");
    const settings = JSON.parse(readFileSync(file, "utf8")) as {
      identities: { actions: string[] }[];
    };
    settings.identities.forEach((identity) => (identity.actions = ["Read", "List"]));
    writeFileSync(file, JSON.stringify(settings));
    const store = supervisor.services.find(({ spec }) => spec.name === "s3");
    assert.ok(store !== undefined);
    process.kill(store.record.pid, "SIGHUP"); // reads its identities again
    await sleep(500);
    const text = await failureOf("Publish the dataset", () =>
      publishDataset(supervisor, python, lake, { name: "local/breast-cancer", version: "1" }),
    );
    const why = /^publish failed \(exit code 1\):\n.*AccessDenied.* PutObject/s;
    assertBlock(text, "Publish the dataset", why, /The reason is above/);
    assert.match(text, / The log is .*publish\.log\.$/);
  });

  it("says that the lake died in the middle of a step", async () => {
    const store = supervisor.services.find(({ spec }) => spec.name === "s3");
    assert.ok(store !== undefined);
    const text = await failureOf("Send predictions", async () => {
      process.kill(store.record.pid, "SIGKILL");
      await new Promise(() => undefined);
    });
    const why = /^s3 ended by itself \(signal SIGKILL\)/;
    assertBlock(text, "Send predictions", why, /run `npm run local` again/);
    assert.match(text, / The log is .*s3\.log\.$/);
  });

  it("names the column that a published dataset lacks", async () => {
    const prefix = "datasets/local/cut/1";
    const file = join(supervisor.state.run, "part.parquet");
    const duckdb = await DuckDBInstance.create(":memory:");
    const connection = await duckdb.connect();
    await connection.run(`copy (select 1.0 as radius, 1 as benign) to ${literal(file)}`);
    connection.closeSync();
    duckdb.closeSync();
    const manifest = {
      ...{ name: "local/cut", version: "1", location: `s3://${lake.bucket}/${prefix}`, rows: 1 },
      digest: createHash("sha256").update(readFileSync(file)).digest("hex"),
      ...{ features: ["radius", "texture"], target: "benign", source: "test" },
    };
    const store = openLake(lake);
    await store.putFile(`${prefix}/part-00000.parquet`, file);
    await store.put(`${prefix}/_manifest.json`, Buffer.from(JSON.stringify(manifest)));
    store.close();
    const text = await failureOf("Train, tune and register", () =>
      supervisor.runToEnd({
        name: "train",
        command: python.python,
        args: [
          ...["-m", "training", "--dataset", "local/cut", "--dataset_version", "1"],
          ...["--model_name", "m"],
        ],
        cwd: join(clone, "workloads", "projectTemplate"),
        env: { ...lakeEnvironment(lake), MLP_GIT_COMMIT: "c", MLP_GIT_REPOSITORY: "r" },
        timeoutMs: timeoutMs,
        remedy: "The reason is in the job's output; correct it and run again.",
      }),
    );
    const why =
      /training: dataset local\/cut 1: column \['texture'\] is missing; has \['radius', 'benign'\]/;
    assertBlock(text, "Train, tune and register", why, /correct it and run again/);
  });

  it("says why a model cannot be loaded", async () => {
    const model = {
      ...{ name: "breast-cancer", version: "1", run_id: "r", tags: {} },
      uri: `s3://${lake.bucket}/artifacts/1/models/m-gone/artifacts`,
    };
    const text = await failureOf("Serve the champion from S3", () =>
      startModelServer(supervisor, ports, python, lake, model),
    );
    const why = /^model-server ended .*\n.*"breast-cancer" from s3:.* cannot be loaded: .*MLmodel/s;
    assertBlock(text, "Serve the champion from S3", why, /log/);
  });
});
