import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  authConfigVariable,
  trackingAuthentication,
  trackingServerArguments,
  trackingServerEnvironment,
  trackingServerSecrets,
} from "@mlplatform/contracts/trackingServer";
import type { BuiltImage } from "../../../images/buildImages";
import { type OwnImageName, ownImages } from "../../../program/ownImages";
import { freePorts } from "../../../workloads/lake/testbed/freePorts";
import { Container } from "./container";
import { type PodContainers, podContainers } from "./podContainers";
import { buildTimeoutMs, clone, prepareImages, requireContainers } from "./prepareImages";

/** A model of two numbers, saved as a training job would. */
const saveModel = `
import mlflow, pandas, xgboost
x = pandas.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})
model = xgboost.XGBRegressor(n_estimators=2).fit(x, [0.0, 1.0, 2.0, 3.0])
signature = mlflow.models.infer_signature(x, model.predict(x))
mlflow.xgboost.save_model(model, "/mnt/models/m", signature=signature)
`;

const migrate = `
from mlflow.store.db.utils import _initialize_tables
import psycopg, boto3, sqlalchemy
import mlplatform.migrate
_initialize_tables(sqlalchemy.create_engine("sqlite:////tmp/mlflow.db"))
`;

const rayTask = `
import ray
ray.init(address="auto")
print("nodes", len(ray.nodes()), "result", ray.get(ray.remote(lambda n: n + 1).remote(41)))
`;

describe("Python in its containers", function () {
  this.timeout(buildTimeoutMs);
  let pods: PodContainers;
  let folder: string;

  before(async function () {
    requireContainers(this);
    pods = await podContainers();
    folder = mkdtempSync(join(tmpdir(), "mlplatform-model-"));
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  async function built(name: OwnImageName): Promise<BuiltImage> {
    const [image] = await prepareImages([name]);
    return image!;
  }

  it("mlflow makes its tables, serves its health and refuses who has no password", async () => {
    const { reference } = await built("mlflow");
    const as = { image: reference, ...pods.mlflow! };
    const [port] = await freePorts(1);
    const migration = await Container.start(clone, { ...as, command: ["python", "-c", migrate] });
    const ended = await migration.finish();
    assert.equal(ended.code, 0, ended.output);

    const settings = join(folder, "auth");
    mkdirSync(settings);
    const auth = trackingAuthentication("sqlite:////tmp/auth.db", "0123456789abcdef");
    writeFileSync(join(settings, "auth.ini"), auth);
    // What only its user may enter is mounted for that user.
    chmodSync(folder, 0o755);
    const server = await Container.start(clone, {
      ...as,
      args: trackingServerArguments({
        host: "127.0.0.1",
        port: port!,
        workers: 1,
        artifacts: "s3://lake/artifacts",
        allowedHosts: [`127.0.0.1:${port}`],
        metricsFolder: "/tmp/metrics",
      }),
      env: {
        ...trackingServerEnvironment,
        [trackingServerSecrets.trackingDatabase]: "sqlite:////tmp/mlflow.db",
        [trackingServerSecrets.sessionKey]: "0123456789abcdef",
        [trackingServerSecrets.gatewayPassphrase]: "0123456789abcdef",
        [authConfigVariable]: "/etc/mlflow/auth.ini",
      },
      mounts: { "/etc/mlflow": settings },
    });
    try {
      const address = `http://127.0.0.1:${port}`;
      await server.answers(`${address}/health`, 200, 240_000);
      const search = await fetch(`${address}/api/2.0/mlflow/experiments/search?max_results=1`);
      assert.equal(search.status, 401);
    } finally {
      await server.stop();
    }
  });

  it("model-server answers with a model that the same libraries saved", async () => {
    const { reference } = await built("modelServer");
    // The runtime names no user: it is the image's own, USER 1000:1000.
    const as = { image: reference, ...pods["model-server"]!, uid: 1000, gid: 1000 };
    chownSync(folder, as.uid, as.gid);
    const saving = await Container.start(clone, {
      ...as,
      command: ["python", "-c", saveModel],
      mounts: { "/mnt/models": folder },
    });
    const saved = await saving.finish();
    assert.equal(saved.code, 0, saved.output);

    const [port] = await freePorts(1);
    const server = await Container.start(clone, {
      ...as,
      args: ["--model_name=m", "--model_dir=/mnt/models/m", `--http_port=${port}`],
      mounts: { "/mnt/models": folder },
    });
    try {
      await server.answers(`http://127.0.0.1:${port}/v1/models/m`, 200, 240_000);
      const answer = await fetch(`http://127.0.0.1:${port}/v1/models/m:predict`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ instances: [{ a: 1, b: 0 }] }),
      });
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      assert.equal((JSON.parse(text) as { predictions: number[] }).predictions.length, 1);
    } finally {
      await server.stop();
    }
  });

  it("training-base starts Ray as KubeRay does, and runs a task", async () => {
    const { reference } = await built("trainingBase");
    const ports = await freePorts(6);
    const [gcs, client, agent, metrics, nodeManager, objects] = ports;
    const options = [
      ...["--head", "--include-dashboard=false", "--num-cpus=1", "--disable-usage-stats"],
      ...["--node-ip-address=127.0.0.1", `--port=${gcs}`, `--ray-client-server-port=${client}`],
      ...[`--dashboard-agent-listen-port=${agent}`, `--metrics-export-port=${metrics}`],
      ...[`--node-manager-port=${nodeManager}`, `--object-manager-port=${objects}`],
      ...["--object-store-memory=100000000", "--min-worker-port=20000"],
      ...["--max-worker-port=20100"],
    ].join(" ");
    const check = [
      `ray start ${options}`,
      `RAY_ADDRESS=127.0.0.1:${gcs} python -c '${rayTask}'`,
      "command -v wget",
    ].join(" && ");
    const ray = await Container.start(clone, {
      image: reference,
      // As the template's RayJob has it.
      uid: 1000,
      gid: 1000,
      readOnly: false,
      command: ["bash", "-lc", `export PATH=/home/ray/venv/bin:$PATH; ulimit -n 65536; ${check}`],
      env: { RAY_raylet_start_wait_time_s: "300", RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: "0" },
    });
    const { code, output } = await ray.finish();
    assert.equal(code, 0, output);
    assert.match(output, /nodes 1 result 42/);
  });

  it("training-base takes a project's libraries and code without root", async () => {
    const { reference } = await built("trainingBase");
    const pip = await Container.start(clone, {
      image: reference,
      uid: 1000,
      gid: 100,
      readOnly: false,
      command: [
        "python",
        "-c",
        "import os, sysconfig; print(os.access(sysconfig.get_path('purelib'), os.W_OK))",
      ],
    });
    const { code, output } = await pip.finish();
    assert.equal(code, 0, output);
    assert.match(output, /True/);
    assert.equal(ownImages.trainingBase.name, "training-base");
  });
});
