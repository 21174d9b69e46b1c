import { ingestPath } from "@mlplatform/contracts/ingestAddress";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { parse } from "yaml";
import { ownImages, taggedName } from "../../../program/ownImages";
import { preloadedPrefix } from "../../../program/publishedImages";

/** Folder of the project template. */
export const template = resolve(__dirname, "../../../workloads/projectTemplate");

/** What a project's workflow would fill into the template. */
export const values: Record<string, string> = {
  PROJECT: "churn",
  JOB_NAME: "train-1-1",
  GIT_COMMIT: "0123456789abcdef0123456789abcdef01234567",
  GIT_REPOSITORY: "acme/churn",
  MODEL_NAME: "churn-model",
  MODEL_VERSION: "3",
  SERVICE_NAME: "churn-model-staging",
  RUN_ID: "6aa64599ce704b5cb0d38237fbbe34a1",
  STORAGE_URI: "s3://lake/artifacts/workspaces/churn/1/models/m-1/artifacts",
  DATASET_NAME: "churn/customers",
  DATASET_VERSION: "1",
  DATASET_DIGEST: "9".repeat(64),
  LAKE_BUCKET: "lake",
  LAKE_ENDPOINT: "http://minio.data-lake.svc.cluster.local:9000",
  LAKE_REGION: "us-east-1",
  LAKE_ADDRESSING: "path",
  MLFLOW_TRACKING_URI: "http://mlflow.mlflow.svc.cluster.local:5000",
  INFERENCE_TABLE_URL: `http://inference-table.observability.svc.cluster.local${ingestPath("ingest-key", "churn")}`,
  TRAINING_IMAGE: `acme.azurecr.io/churn/training@sha256:${"a".repeat(64)}`,
  LOG_OFFLOADER_IMAGE: `${preloadedPrefix}/${taggedName(ownImages.logOffloader)}`,
  MODEL_SERVER_IMAGE: `${preloadedPrefix}/${taggedName(ownImages.modelServer)}`,
  WORKERS: "2",
  VERSION_BY: "alias",
  VERSION: "champion",
};

/** Renders as the workflows do, by the template's own script. */
export function render(file: string, change: Record<string, string> = {}) {
  return spawnSync("bash", ["deploy/render.sh", `deploy/${file}`], {
    cwd: template,
    encoding: "utf8",
    env: { PATH: process.env.PATH, ...values, ...change },
  });
}

/** One manifest of the template, filled in. */
export function manifest(file: string, change: Record<string, string> = {}): any {
  const { status, stdout, stderr } = render(file, change);
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stdout.replace(/^#.*$/gm, ""), /\$\{/);
  return parse(stdout);
}
