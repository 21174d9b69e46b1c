import { resolve } from "node:path";
import * as grpc from "@grpc/grpc-js";
import * as engineServices from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as resourceServices from "@pulumi/pulumi/proto/resource_grpc_pb";
import type { ProgramRun, PreviewResource } from "./programRun";
import type { PolicyPackOptions } from "./policies/analyzer";
import { Deployment, type Registration } from "./resources/deployment";
import { engineService } from "./engineService";
import { invokeAnswers, type InvokeAnswers } from "./resources/invokes";
import { Journal } from "./journal";
import { analysisFailure, Policies } from "./policies/policies";
import { runProgram } from "./program/programRunner";
import { resourceMonitor } from "./resources/resourceMonitor";
import { listen, messageLimits } from "./rpc";
import { InstalledSdks } from "./resources/sdkOutputs";
import { SecretWatch } from "./values/secretFindings";
import { readStackConfig, type StackConfig } from "./program/stackConfig";
import type { StackOutputs } from "./resources/stackReferences";
import { merged, vanished, type EngineState, type StateResource } from "./resources/state";
import { Transforms } from "./resources/transforms";
import { stackType } from "./resources/urns";
import { UserError } from "../../screen/userError";
import { displayed } from "./values/wire";

export { readStackConfig, type StackConfig } from "./program/stackConfig";
export type { EngineState, StateResource } from "./resources/state";
export type { InvokeAnswer, InvokeAnswers } from "./resources/invokes";
export type { PolicyPackOptions } from "./policies/analyzer";
export type { StackOutputs } from "./resources/stackReferences";

/** What happened, while a run goes on. */
export interface PreviewProgress {
  /** How many resources are registered so far. */
  resources: number;
  /** URN of the latest one. */
  urn: string;
}

export interface PreviewOptions {
  /** Folder with `Pulumi.yaml`. */
  projectDir: string;
  /** Name of the stack, whose `Pulumi.<stack>.yaml` is read. */
  stack: string;
  /**
   * Values by `namespace:key` that go before those of the stack's file, as the engine hands them to
   * the program: lists and objects as JSON.
   */
  config?: Record<string, string>;
  /** `up` makes ids and outputs up and knows them all. @default "preview" */
  mode?: "preview" | "up";
  /**
   * In a preview, nothing is known of what a provider would make whose own settings are not known,
   * as in the first real one: of the objects in a cluster that is not made yet. @default false
   */
  first?: boolean;
  /** @default none */
  policyPacks?: PolicyPackOptions[];
  /** What the stack holds before the run. @default nothing */
  state?: EngineState;
  /** Ends the run and its processes; `previewStack` rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The program is stopped when it runs longer. @default 300000 */
  timeoutMs?: number;
  /** @default "organization", as of self-managed state */
  organization?: string;
  /** Answers to functions beside or instead of the built-in ones. */
  invokeAnswers?: InvokeAnswers;
  /** Outputs of other stacks, for `StackReference`. */
  stackOutputs?: StackOutputs;
  onProgress?: (progress: PreviewProgress) => void;
}

export interface PreviewRun {
  result: ProgramRun;
  /** The state after the run; after a preview it is the state before. */
  state: EngineState;
}

const defaultTimeoutMs = 300_000;
const parallel = 16;

/**
 * Runs the program of a project against an in-memory engine, in the runner that Pulumi uses, with
 * the policy packs in the process that Pulumi uses. Needs no account, no CLI and no network.
 *
 * @throws UserError for a wrong configuration, before anything runs. A program that fails is a
 *   result with `succeeded: false` and its diagnostics.
 */
export async function previewStack(options: PreviewOptions): Promise<PreviewRun> {
  const projectDir = resolve(options.projectDir);
  const written = readStackConfig(projectDir, options.stack);
  const config = { ...written, config: { ...written.config, ...options.config } };
  const limit = new AbortController();
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const timer = setTimeout(() => {
    limit.abort(
      new UserError({
        what: `the program of stack "${options.stack}" ran longer than ${timeoutMs} ms`,
        remedy: "Look for what it waits for; MLP_DEBUG=1 adds stack traces.",
      }),
    );
  }, timeoutMs);
  const onAbort = () => {
    limit.abort(options.signal?.reason);
  };
  options.signal?.addEventListener("abort", onAbort);
  if (options.signal?.aborted) {
    onAbort();
  }
  try {
    limit.signal.throwIfAborted();
    return await run(options, config, limit);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
  }
}

async function run(
  options: PreviewOptions,
  config: StackConfig,
  limit: AbortController,
): Promise<PreviewRun> {
  const preview = (options.mode ?? "preview") === "preview";
  const organization = options.organization ?? "organization";
  const scope = { stack: config.stack, project: config.project.name };
  const before = options.state ?? { resources: [] };
  const journal = new Journal();
  const secrets = new SecretWatch(config.config, config.secretKeys);
  const transforms = new Transforms();
  const policies = new Policies(
    (options.policyPacks ?? []).map((pack) => ({
      dir: resolve(pack.dir),
      ...(pack.configFile === undefined ? {} : { configFile: resolve(pack.configFile) }),
    })),
    { ...scope, organization, preview, config: config.config, secretKeys: config.secretKeys },
    limit.signal,
    (urn) => deployment.registered.get(urn),
  );
  // A pack that cannot start ends the run: what it would refuse is not known.
  policies.ready().catch((error: unknown) => {
    limit.abort(error);
  });
  const deployment: Deployment = new Deployment({
    scope,
    preview,
    first: options.first ?? false,
    config: config.config,
    secretKeys: config.secretKeys,
    state: before,
    journal,
    secrets,
    inspection: policies,
    sdk: new InstalledSdks(config.project.directory),
  });
  const server = new grpc.Server(messageLimits);
  server.addService(
    resourceServices.ResourceMonitorService,
    resourceMonitor(deployment, transforms, {
      organization,
      parallel,
      answers: { ...invokeAnswers, ...options.invokeAnswers },
      stackOutputs: options.stackOutputs ?? {},
      onResource: ({ urn }) => {
        options.onProgress?.({ resources: deployment.registered.size, urn });
      },
    }),
  );
  server.addService(engineServices.EngineService, engineService(journal, config.project.directory));
  try {
    const address = await listen(server);
    await runProgram({
      config,
      organization,
      preview,
      parallel,
      address,
      journal,
      signal: limit.signal,
    });
    await policies.ready();
    await finishPolicies(policies, deployment, journal);
    return await concluded(deployment, policies, before);
  } finally {
    transforms.close();
    server.forceShutdown();
    await policies.close();
  }
}

async function finishPolicies(
  policies: Policies,
  deployment: Deployment,
  journal: Journal,
): Promise<void> {
  try {
    await policies.finish(journal.failed ? undefined : deployment.resources);
  } catch (error) {
    journal.log("error", "", analysisFailure(error));
  }
}

async function concluded(
  deployment: Deployment,
  policies: Policies,
  before: EngineState,
): Promise<PreviewRun> {
  const { scope, preview, journal, secrets } = deployment.settings;
  const registered = deployment.resources;
  const gone = journal.failed ? [] : vanished(before, deployment.continued);
  for (const resource of gone.filter(({ protect }) => protect)) {
    journal.log(
      "error",
      resource.urn,
      `resource '${resource.urn}' cannot be deleted because it is protected. Remove the protect ` +
        `option and run an update before the resource is taken out of the program.`,
    );
  }
  const policy = await policies.summary();
  const stack = registered.find(({ type }) => type === stackType);
  const succeeded = !journal.failed && !policies.violated;
  const result: ProgramRun = {
    stack: scope.stack,
    project: scope.project,
    mode: preview ? "preview" : "up",
    resources: [
      ...registered.map((resource) =>
        reported(resource, resource.operation, resource.goal.propertyDependencies),
      ),
      ...gone.map((resource) => reported(resource, "delete", {})),
    ],
    outputs: displayed(stack?.outputs ?? {}) as Record<string, unknown>,
    ...(policy === undefined ? {} : { policy }),
    secrets: secrets.finish(),
    diagnostics: journal.diagnostics,
    succeeded,
  };
  if (preview) {
    return { result, state: before };
  }
  const after = registered.map(stateOf);
  return { result, state: succeeded ? { resources: after } : merged(before, after) };
}

function reported(
  resource: StateResource,
  operation: PreviewResource["operation"],
  propertyDependencies: Record<string, string[]>,
): PreviewResource {
  return {
    urn: resource.urn,
    type: resource.type,
    name: resource.name,
    parent: resource.parent,
    provider: resource.provider,
    inputs: displayed(resource.inputs) as Record<string, unknown>,
    custom: resource.custom,
    protect: resource.protect,
    retainOnDelete: resource.retainOnDelete,
    dependencies: resource.dependencies,
    propertyDependencies,
    operation,
  };
}

function stateOf(registration: Registration): StateResource {
  return {
    urn: registration.urn,
    type: registration.type,
    name: registration.name,
    parent: registration.parent,
    provider: registration.provider,
    custom: registration.custom,
    id: registration.id,
    inputs: registration.inputs,
    outputs: registration.outputs,
    protect: registration.protect,
    retainOnDelete: registration.retainOnDelete,
    external: registration.external,
    dependencies: registration.dependencies,
  };
}
