import { parse } from "yaml";
import { type ModelSignature, readSignature } from "../inferences/modelSignature";

/** Where MLflow is. */
export interface MlflowOptions {
  /** http://host:port */
  uri: string;
  credentials?: { username: string; password: string };
  /** Bearer token, where no credentials are given. */
  token?: string;
  /**
   * The project whose runs and models are asked for.
   * @default - the server's default workspace, which holds none of a project
   */
  workspace?: string;
  /** @default 10 000 */
  timeoutMs?: number;
}

/** A version of a registered model. */
export interface MlflowModelVersion {
  name: string;
  version: string;
  runId: string;
  source: string;
}

/** A training run. */
export interface MlflowRun {
  runId: string;
  experimentId: string;
  status: string;
  tags: Record<string, string>;
  datasets: { name: string; digest: string; source: string }[];
}

/**
 * Reads of MLflow's REST API that the trace and the features need. Each gives undefined where
 * MLflow has no such thing.
 */
export interface MlflowClient {
  /** The same client in a project's workspace. */
  inWorkspace(workspace: string): MlflowClient;
  modelVersion(name: string, version: string): Promise<MlflowModelVersion | undefined>;
  run(runId: string): Promise<MlflowRun | undefined>;
  /** What the version takes and gives. Undefined where the model was logged without a signature. */
  signature(name: string, version: string): Promise<ModelSignature | undefined>;
}

/** MLflow can't be reached or refuses. */
export class MlflowError extends Error {
  override readonly name = "MlflowError";
}

interface KeyValue {
  key: string;
  value: string;
}

interface ModelVersionAnswer {
  model_version: { name: string; version: string; run_id?: string; source?: string };
}

interface RunAnswer {
  run: {
    info: { run_id: string; experiment_id: string; status: string };
    data?: { tags?: KeyValue[] };
    inputs?: { dataset_inputs?: { dataset?: { name: string; digest: string; source: string } }[] };
  };
}

interface LoggedModelAnswer {
  model: { info: { artifact_uri?: string } };
}

interface MlmodelFile {
  signature?: { inputs?: string | null; outputs?: string | null } | null;
}

const proxiedPrefix = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.+)$/;

/** Makes a client of MLflow's REST API 2.0. */
export function mlflowClient(options: MlflowOptions): MlflowClient {
  async function get<T>(path: string, query: Record<string, string>): Promise<T | undefined> {
    const text = await getText(`mlflow/${path}`, query);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }

  async function getText(path: string, query: Record<string, string>): Promise<string | undefined> {
    const url = new URL(`${options.uri.replace(/\/$/, "")}/api/2.0/${path}`);
    url.search = new URLSearchParams(query).toString();
    const headers: Record<string, string> = {};
    if (options.workspace !== undefined) {
      headers["x-mlflow-workspace"] = options.workspace;
    }
    if (options.credentials !== undefined) {
      const { username, password } = options.credentials;
      headers["authorization"] =
        `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    } else if (options.token !== undefined) {
      headers["authorization"] = `Bearer ${options.token}`;
    }
    let response: Response;
    try {
      response = await fetch(url, {
        headers,
        signal: AbortSignal.timeout(options.timeoutMs ?? 10_000),
      });
    } catch (error) {
      const cause = (error as Error).cause;
      throw new MlflowError(
        `MLflow at ${options.uri} can't be reached: ` +
          `${cause instanceof Error ? cause.message : String(error)}`,
        { cause: error },
      );
    }
    const text = await response.text();
    if (response.status === 404) {
      return undefined;
    }
    if (!response.ok) {
      throw new MlflowError(
        `MLflow answered ${path} with ${response.status}: ${text.slice(0, 300)}` +
          (response.status === 401 ? "; give a user or a token that may read" : ""),
      );
    }
    return text;
  }

  // MLflow 3 records a version's source as `models:/m-<id>`; the logged model has the address.
  async function artifactUri(source: string): Promise<string | undefined> {
    const id = /^models:\/(m-\w+)$/.exec(source)?.[1];
    return id === undefined
      ? source
      : (await get<LoggedModelAnswer>(`logged-models/${id}`, {}))?.model.info.artifact_uri;
  }

  async function modelVersion(
    name: string,
    version: string,
  ): Promise<MlflowModelVersion | undefined> {
    const answer = await get<ModelVersionAnswer>("model-versions/get", { name, version });
    if (answer === undefined) {
      return undefined;
    }
    const { run_id, source } = answer.model_version;
    return { name, version, runId: run_id ?? "", source: source ?? "" };
  }

  return {
    inWorkspace: (workspace) => mlflowClient({ ...options, workspace }),
    modelVersion,
    async signature(name, version) {
      const found = await modelVersion(name, version);
      const location = found === undefined ? undefined : await artifactUri(found.source);
      if (location === undefined) {
        return undefined;
      }
      const proxied = proxiedPrefix.exec(location)?.[1];
      if (proxied === undefined) {
        throw new MlflowError(
          `the signature of ${name} ${version} lies at ${location}, which MLflow doesn't ` +
            "serve; start " +
            `the server with --serve-artifacts`,
        );
      }
      const file = await getText(`mlflow-artifacts/artifacts/${proxied}/MLmodel`, {});
      const { signature } = (file === undefined ? {} : parse(file)) as MlmodelFile;
      return signature === undefined || signature === null ? undefined : readSignature(signature);
    },
    async run(runId) {
      const answer = await get<RunAnswer>("runs/get", { run_id: runId });
      if (answer === undefined) {
        return undefined;
      }
      const { info, data, inputs } = answer.run;
      const datasets = (inputs?.dataset_inputs ?? []).flatMap(({ dataset }) =>
        dataset === undefined
          ? []
          : [{ name: dataset.name, digest: dataset.digest, source: dataset.source }],
      );
      return {
        runId: info.run_id,
        experimentId: info.experiment_id,
        status: info.status,
        tags: Object.fromEntries((data?.tags ?? []).map(({ key, value }) => [key, value])),
        datasets,
      };
    },
  };
}
