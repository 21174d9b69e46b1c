import type { Call } from "./trackingBed";

/** What `projectFlow.py` made for a project. */
export interface ProjectObjects {
  experiment: string;
  run: string;
  /** `mlflow-artifacts:/…` */
  artifacts: string;
  loggedModel: string;
  loggedModelArtifacts: string;
  model: string;
  prompt: string;
  trace: string;
  dataset: string;
}

/** What a call does with what is another's. */
export enum Kind {
  /** Reads an object by its name. */
  Read,
  /** Asks for all that the caller may see. */
  Search,
  /** Changes an object, or makes one in the project. */
  Write,
  /** Makes something in the workspace that the caller names. */
  Create,
  /** A route that the platform closes to all but administrators. */
  Closed,
}

/** A call about `pricing`, which everybody tries. */
export interface Probe {
  finding: string;
  kind: Kind;
  action: string;
  target: string;
  call(their: ProjectObjects, own: ProjectObjects): Call;
}

const m2 = "/api/2.0/mlflow";
const m3 = "/api/3.0/mlflow";
const ajax2 = "/ajax-api/2.0/mlflow";
const ajax3 = "/ajax-api/3.0/mlflow";
const proxy = "/api/2.0/mlflow-artifacts/artifacts";

const pathOf = (uri: string) => uri.replace(/^mlflow-artifacts:\//, "");
const get = (path: string, query?: Record<string, string>): Call => ({
  method: "GET",
  path,
  query,
});
const send = (method: string, path: string, body: unknown): Call => ({ method, path, body });
const post = (path: string, body: unknown) => send("POST", path, body);
const graphql = (query: string) => post("/graphql", { query });
const experimentLocation = (experiment: string) => ({
  type: "MLFLOW_EXPERIMENT",
  mlflow_experiment: { experiment_id: experiment },
});

type Row = [action: string, target: string, call: Probe["call"]];

const artifactReads: Row[] = [
  [
    "reads by proxy",
    "a run's artifact",
    (its) => get(`${proxy}/${pathOf(its.artifacts)}/secret.txt`),
  ],
  [
    "reads by proxy, as the page does",
    "a run's artifact",
    (its) => get(`/ajax-api/2.0/mlflow-artifacts/artifacts/${pathOf(its.artifacts)}/secret.txt`),
  ],
  [
    "reads by proxy",
    "a logged model's file",
    (its) => get(`${proxy}/${pathOf(its.loggedModelArtifacts)}/MLmodel`),
  ],
  [
    "reads",
    "a run's artifact",
    (its) => get("/get-artifact", { run_id: its.run, path: "secret.txt" }),
  ],
  [
    "reads",
    "a model version's file",
    (its) =>
      get("/model-versions/get-artifact", { name: its.model, version: "1", path: "MLmodel" }),
  ],
  [
    "reads",
    "a logged model's file",
    (its) =>
      get(`${ajax2}/logged-models/${its.loggedModel}/artifacts/files`, {
        artifact_file_path: "MLmodel",
      }),
  ],
];

const artifactSearches: Row[] = [
  ["lists by proxy", "a run's artifacts", (its) => get(proxy, { path: pathOf(its.artifacts) })],
  ["lists", "a run's artifacts", (its) => get(`${m2}/artifacts/list`, { run_id: its.run })],
];

const artifactWrites: Row[] = [
  [
    "writes by proxy",
    "a run's artifact",
    (its) => ({
      method: "PUT",
      path: `${proxy}/${pathOf(its.artifacts)}/forged.txt`,
      raw: "forged",
    }),
  ],
  [
    "begins a large upload",
    "a run's artifact",
    (its) =>
      post(`/api/2.0/mlflow-artifacts/mpu/create/${pathOf(its.artifacts)}`, {
        path: `${pathOf(its.artifacts)}/forged.bin`,
        num_parts: 1,
      }),
  ],
  [
    "uploads as the page does",
    "a run's artifact",
    (its) => ({
      method: "POST",
      path: `${ajax2}/upload-artifact`,
      query: { run_uuid: its.run, path: "forged.txt" },
      raw: "forged",
    }),
  ],
  [
    "deletes by proxy",
    "a run's artifacts",
    (its) => ({ method: "DELETE", path: `${proxy}/${pathOf(its.artifacts)}` }),
  ],
];

const reads: Row[] = [
  [
    "reads",
    "an experiment",
    (its) => get(`${m2}/experiments/get`, { experiment_id: its.experiment }),
  ],
  [
    "reads by name",
    "an experiment",
    () => get(`${m2}/experiments/get-by-name`, { experiment_name: "pricing-models" }),
  ],
  ["reads", "a run", (its) => get(`${m2}/runs/get`, { run_id: its.run })],
  ["reads as the page does", "a run", (its) => get(`${ajax2}/runs/get`, { run_id: its.run })],
  ["reads", "a logged model", (its) => get(`${m2}/logged-models/${its.loggedModel}`)],
  ["reads", "a registered model", (its) => get(`${m2}/registered-models/get`, { name: its.model })],
  [
    "reads",
    "a model version",
    (its) => get(`${m2}/model-versions/get`, { name: its.model, version: "1" }),
  ],
  [
    "reads by alias",
    "a model version",
    (its) => get(`${m2}/registered-models/alias`, { name: its.model, alias: "champion" }),
  ],
  [
    "reads",
    "a prompt",
    (its) => get(`${m2}/model-versions/get`, { name: its.prompt, version: "1" }),
  ],
  ["reads", "a trace", (its) => get(`${m3}/traces/${its.trace}`)],
  ["reads in a batch", "a trace", (its) => get(`${m3}/traces/batchGet`, { trace_ids: its.trace })],
  ["reads with spans", "a trace", (its) => get(`${m3}/traces/get`, { trace_id: its.trace })],
];

const searches: Row[] = [
  ["searches", "all experiments", () => post(`${m2}/experiments/search`, { max_results: 100 })],
  [
    "searches as the page does",
    "all experiments",
    () => post(`${ajax2}/experiments/search`, { max_results: 100 }),
  ],
  [
    "searches",
    "runs of the experiment",
    (its) => post(`${m2}/runs/search`, { experiment_ids: [its.experiment] }),
  ],
  [
    "searches",
    "runs of its own experiment and the other",
    (its, own) => post(`${m2}/runs/search`, { experiment_ids: [own.experiment, its.experiment] }),
  ],
  [
    "searches",
    "all registered models",
    () => get(`${m2}/registered-models/search`, { max_results: "100" }),
  ],
  [
    "searches",
    "all model versions",
    () => get(`${m2}/model-versions/search`, { max_results: "100" }),
  ],
  [
    "searches",
    "logged models",
    (its) => post(`${m2}/logged-models/search`, { experiment_ids: [its.experiment] }),
  ],
  [
    "searches",
    "traces",
    (its) => post(`${m3}/traces/search`, { locations: [experimentLocation(its.experiment)] }),
  ],
  ["lists", "all workspaces", () => get(`${m3}/workspaces`)],
  [
    "asks by GraphQL",
    "a run",
    (its) => graphql(`query{mlflowGetRun(input:{runId:"${its.run}"}){run{info{runName}}}}`),
  ],
  [
    "asks by GraphQL",
    "model versions",
    () =>
      graphql(`
        query {
          mlflowSearchModelVersions(input: {}) {
            modelVersions {
              name
              source
              description
            }
          }
        }
      `),
  ],
  [
    "asks by GraphQL",
    "runs of the experiment",
    (its) =>
      graphql(
        `query{mlflowSearchRuns(input:{experimentIds:["${its.experiment}"]}){runs{info{runName}}}}`,
      ),
  ],
];

const writes: Row[] = [
  [
    "renames",
    "an experiment",
    (its) =>
      post(`${m2}/experiments/update`, { experiment_id: its.experiment, new_name: "forged" }),
  ],
  [
    "tags",
    "an experiment",
    (its) =>
      post(`${m2}/experiments/set-experiment-tag`, {
        experiment_id: its.experiment,
        key: "forged",
        value: "1",
      }),
  ],
  [
    "deletes",
    "an experiment",
    (its) => post(`${m2}/experiments/delete`, { experiment_id: its.experiment }),
  ],
  [
    "makes",
    "a run in the experiment",
    (its) => post(`${m2}/runs/create`, { experiment_id: its.experiment }),
  ],
  [
    "logs a metric to",
    "a run",
    (its) =>
      post(`${m2}/runs/log-metric`, { run_id: its.run, key: "forged", value: 1, timestamp: 1 }),
  ],
  [
    "logs a batch to",
    "a run",
    (its) =>
      post(`${m2}/runs/log-batch`, { run_id: its.run, params: [{ key: "forged", value: "1" }] }),
  ],
  ["tags", "a run", (its) => post(`${m2}/runs/set-tag`, { run_id: its.run, key: "f", value: "1" })],
  ["deletes", "a run", (its) => post(`${m2}/runs/delete`, { run_id: its.run })],
  [
    "makes",
    "a logged model in the experiment",
    (its) => post(`${m2}/logged-models`, { experiment_id: its.experiment, name: "forged" }),
  ],
  [
    "deletes",
    "a logged model",
    (its) => ({ method: "DELETE", path: `${m2}/logged-models/${its.loggedModel}` }),
  ],
  [
    "describes",
    "a registered model",
    (its) =>
      send("PATCH", `${m2}/registered-models/update`, { name: its.model, description: "forged" }),
  ],
  [
    "moves the alias of",
    "a registered model",
    (its) =>
      post(`${m2}/registered-models/alias`, { name: its.model, alias: "champion", version: "1" }),
  ],
  [
    "renames",
    "a registered model",
    (its) => post(`${m2}/registered-models/rename`, { name: its.model, new_name: "forged" }),
  ],
  [
    "adds a version to",
    "a registered model",
    (its, own) =>
      post(`${m2}/model-versions/create`, {
        name: its.model,
        source: `models:/${own.loggedModel}`,
      }),
  ],
  [
    "deletes a version of",
    "a registered model",
    (its) => send("DELETE", `${m2}/model-versions/delete`, { name: its.model, version: "1" }),
  ],
  [
    "deletes",
    "a prompt",
    (its) => send("DELETE", `${m2}/registered-models/delete`, { name: its.prompt }),
  ],
  [
    "starts",
    "a trace in the experiment",
    (its) =>
      post(`${m3}/traces`, {
        trace: {
          trace_info: {
            trace_id: `tr-${"0".repeat(32)}`,
            trace_location: experimentLocation(its.experiment),
            request_time: "2026-01-01T00:00:00Z",
            state: "OK",
          },
        },
      }),
  ],
  [
    "takes over by its id",
    "a trace",
    (its, own) =>
      post(`${m3}/traces`, {
        trace: {
          trace_info: {
            trace_id: its.trace,
            trace_location: experimentLocation(own.experiment),
            request_time: "2026-01-01T00:00:00Z",
            state: "OK",
          },
        },
      }),
  ],
  [
    "tags",
    "a trace",
    (its) => send("PATCH", `${m3}/traces/${its.trace}/tags`, { key: "f", value: "1" }),
  ],
  [
    "deletes",
    "traces",
    (its) =>
      post(`${m2}/traces/delete-traces`, {
        experiment_id: its.experiment,
        request_ids: [its.trace],
      }),
  ],
  [
    "links to its own run",
    "a trace",
    (its, own) => post(`${m2}/traces/link-to-run`, { run_id: own.run, trace_ids: [its.trace] }),
  ],
  [
    "deletes",
    "the dataset",
    (its) => ({ method: "DELETE", path: `${m3}/datasets/${its.dataset}` }),
  ],
  ["deletes", "the workspace", () => ({ method: "DELETE", path: `${m3}/workspaces/pricing` })],
  [
    "sets the password of",
    "the project's user",
    () =>
      send("PATCH", `${m2}/users/update-password`, {
        username: "pricing",
        password: "forged-forged-forged",
      }),
  ],
  [
    "makes an administrator of",
    "itself",
    () => send("PATCH", `${m2}/users/update-admin`, { username: "churn", is_admin: true }),
  ],
  [
    "makes",
    "a role in the workspace",
    () => post(`${m3}/roles/create`, { name: "forged", workspace: "pricing" }),
  ],
  [
    "grants itself",
    "the experiment",
    (its) =>
      post(`${m3}/users/permissions/grant`, {
        username: "churn",
        resource_type: "experiment",
        resource_id: its.experiment,
        permission: "MANAGE",
      }),
  ],
];

const created: Row[] = [
  [
    "makes in a workspace",
    "an experiment",
    () => post(`${m2}/experiments/create`, { name: `made-${++madeNames}` }),
  ],
  [
    "makes in a workspace",
    "a registered model",
    () => post(`${m2}/registered-models/create`, { name: `made-${++madeNames}` }),
  ],
];
let madeNames = 0;

const names: Row[] = [["makes", "a workspace", () => post(`${m3}/workspaces`, { name: "late" })]];

const closed: Row[] = [
  ["asks for", "all users", () => get(`${m2}/users/list`)],
  ["asks as the page does for", "all users", () => get(`${ajax2}/users/list`)],
  [
    "makes",
    "a user",
    () => post(`${m2}/users/create`, { username: "f", password: "f".repeat(16) }),
  ],
  ["opens", "the page to sign up", () => get("/signup")],
  ["generates", "demonstrations", () => post(`${ajax3}/demo/generate`, {})],
  ["deletes", "demonstrations", () => post(`${ajax3}/demo/delete`, {})],
  ["asks for", "the assistant", () => get(`${ajax3}/assistant/config`)],
  ["lists", "the gateway's secrets", () => get(`${m3}/gateway/secrets/list`)],
  ["lists", "the gateway's endpoints", () => get(`${m3}/gateway/endpoints/list`)],
  [
    "makes",
    "a secret of the gateway",
    () =>
      post(`${m3}/gateway/secrets/create`, {
        secret_name: "forged",
        secret_value: { api_key: "k" },
        provider: "openai",
      }),
  ],
  ["calls", "the gateway", () => post("/gateway/mlflow/v1/chat/completions", { model: "m" })],
  ["searches", "jobs", () => post("/ajax-api/3.0/jobs/search", {})],
  ["lists", "webhooks", () => get(`${m2}/webhooks`)],
  [
    "makes",
    "a webhook",
    () =>
      post(`${m2}/webhooks`, {
        name: "forged",
        url: "https://example.com/",
        events: [{ entity: "MODEL_VERSION", action: "CREATED" }],
      }),
  ],
  ["lists", "MCP servers", () => get(`${ajax3}/mcp-servers`)],
  ["reads", "metrics", () => get("/metrics")],
];

const probesOf = (finding: string, kind: Kind, rows: Row[]): Probe[] =>
  rows.map(([action, target, call]) => ({ finding, kind, action, target, call }));

/** Reads and writes of artifacts, which depend on the store. */
export const artifactProbes: Probe[] = [
  ...probesOf("reads nobody else's artifacts", Kind.Read, artifactReads),
  ...probesOf("finds nobody else's artifacts", Kind.Search, artifactSearches),
  ...probesOf("writes nobody else's artifacts", Kind.Write, artifactWrites),
];

/** All calls of the matrix. */
export const probes: Probe[] = [
  ...artifactProbes,
  ...probesOf("reads nobody else's records", Kind.Read, reads),
  ...probesOf("finds nobody else's records", Kind.Search, searches),
  ...probesOf("changes nobody else's records", Kind.Write, writes),
  ...probesOf("takes no name that isn't its own", Kind.Write, names),
  ...probesOf("takes no name that isn't its own", Kind.Create, created),
  ...probesOf("reaches no route that only administrators need", Kind.Closed, closed),
];
