import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import * as messages from "@pulumi/pulumi/proto/analyzer_pb";
import * as services from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { stop, tie } from "../program/children";
import type { PolicyDeclaration } from "./policyConfig";
import { compileCache, smallYoungHeap } from "../program/programRunner";
import { messageLimits } from "../rpc";
import { UserError } from "../../../screen/userError";
import { fromStruct } from "../values/wire";

/** A policy pack and its configuration, as `--policy-pack` and `--policy-pack-config` name them. */
export interface PolicyPackOptions {
  /** Folder of the pack; its `main` has to be built. */
  dir: string;
  /** JSON file: a level or properties by policy, `all` for every policy. */
  configFile?: string;
}

/** What the pack's process is told of the run. */
export interface AnalyzerScope {
  project: string;
  stack: string;
  organization: string;
  preview: boolean;
  config: Record<string, string>;
  secretKeys: string[];
}

const startLimitMs = 60_000;

const levelNames = ["advisory", "mandatory", "disabled", "remediate"] as const;

/** The name of an enforcement level on the wire. */
export function levelName(level: messages.EnforcementLevel): (typeof levelNames)[number] {
  return levelNames[level] ?? "advisory";
}

/** One policy pack in its own process, as the Pulumi CLI runs it. */
export class Analyzer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly client: services.AnalyzerClient,
    readonly name: string,
    readonly version: string,
    readonly policies: PolicyDeclaration[],
    /** Names of the policies that look at the whole stack. */
    readonly stackPolicies: ReadonlySet<string>,
  ) {}

  /** Starts the process and asks it what it holds. */
  static async start(
    options: PolicyPackOptions,
    scope: AnalyzerScope,
    signal: AbortSignal,
  ): Promise<Analyzer> {
    const script = runnerOf(options.dir);
    const child = spawn(process.execPath, [smallYoungHeap, script, "127.0.0.1:0", options.dir], {
      cwd: options.dir,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? compileCache(script),
        PULUMI_NODEJS_ORGANIZATION: scope.organization,
        PULUMI_NODEJS_PROJECT: scope.project,
        PULUMI_NODEJS_STACK: scope.stack,
        PULUMI_NODEJS_DRY_RUN: String(scope.preview),
        PULUMI_CONFIG: JSON.stringify(scope.config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(scope.secretKeys),
      },
    });
    tie(child);
    try {
      const port = await portOf(child, options.dir, signal);
      const client = new services.AnalyzerClient(
        `127.0.0.1:${port}`,
        grpc.credentials.createInsecure(),
        messageLimits,
      );
      const info = await new Promise<messages.AnalyzerInfo>((resolve, reject) => {
        client.getAnalyzerInfo(new Empty(), (error, answer) => {
          if (error) {
            reject(error);
          } else {
            resolve(answer);
          }
        });
      });
      const stackPolicies = info
        .getPoliciesList()
        .filter((policy) => policy.getPolicyType() === messages.PolicyType.POLICY_TYPE_STACK)
        .map((policy) => policy.getName());
      const analyzer = new Analyzer(
        child,
        client,
        info.getName(),
        info.getVersion(),
        info.getPoliciesList().map(declarationOf),
        new Set(stackPolicies),
      );
      await analyzer.configureStack(scope);
      return analyzer;
    } catch (error) {
      await stop(child);
      throw error;
    }
  }

  configure(request: messages.ConfigureAnalyzerRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.client.configure(request, (error) => {
        if (error) {
          reject(new Error(error.details));
        } else {
          resolve();
        }
      });
    });
  }

  remediate(request: messages.AnalyzeRequest): Promise<messages.RemediateResponse> {
    return new Promise((resolve, reject) => {
      this.client.remediate(request, settle(resolve, reject));
    });
  }

  analyze(request: messages.AnalyzeRequest): Promise<messages.AnalyzeResponse> {
    return new Promise((resolve, reject) => {
      this.client.analyze(request, settle(resolve, reject));
    });
  }

  analyzeStack(request: messages.AnalyzeStackRequest): Promise<messages.AnalyzeResponse> {
    return new Promise((resolve, reject) => {
      this.client.analyzeStack(request, settle(resolve, reject));
    });
  }

  async close(): Promise<void> {
    this.client.close();
    await stop(this.child);
  }

  private configureStack(scope: AnalyzerScope): Promise<void> {
    const request = new messages.AnalyzerStackConfigureRequest();
    request.setStack(scope.stack);
    request.setProject(scope.project);
    request.setOrganization(scope.organization);
    request.setDryRun(scope.preview);
    request.setConfigSecretKeysList(scope.secretKeys);
    for (const [key, value] of Object.entries(scope.config)) {
      request.getConfigMap().set(key, value);
    }
    return new Promise((resolve, reject) => {
      this.client.configureStack(request, (error) => {
        if (error) {
          reject(new Error(error.details));
        } else {
          resolve();
        }
      });
    });
  }
}

function settle<Answer>(
  resolve: (answer: Answer) => void,
  reject: (error: Error) => void,
): (error: grpc.ServiceError | null, answer: Answer) => void {
  return (error, answer) => {
    if (error) {
      reject(new Error(error.details || error.message));
    } else {
      resolve(answer);
    }
  };
}

function declarationOf(policy: messages.PolicyInfo): PolicyDeclaration {
  const schema = policy.getConfigschema();
  return {
    name: policy.getName(),
    description: policy.getDescription(),
    enforcement: levelName(policy.getEnforcementlevel()),
    properties: fromStruct(schema?.getProperties()),
    required: schema?.getRequiredList() ?? [],
  };
}

/** The script that serves a pack, as the pack itself would resolve it. */
function runnerOf(directory: string): string {
  if (!existsSync(join(directory, "package.json"))) {
    throw new UserError({
      what: `${directory} is not a policy pack: it has no package.json`,
      remedy: "Name the folder of a pack.",
    });
  }
  const require = createRequire(join(directory, "package.json"));
  try {
    require.resolve(directory);
  } catch {
    throw new UserError({
      what: `${directory}: the policy pack is not built: its "main" does not exist`,
      remedy: "Build it first.",
    });
  }
  return require.resolve("@pulumi/pulumi/cmd/run-policy-pack");
}

/** The port that the process prints when it is ready. */
function portOf(child: ChildProcess, directory: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    let printed = "";
    let complaint = "";
    const limit = setTimeout(() => {
      fail(new Error(`policy pack ${directory} did not start in ${startLimitMs / 1000} s`));
    }, startLimitMs);
    const onAbort = () => {
      fail(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    };
    const finish = () => {
      clearTimeout(limit);
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (error: Error) => {
      finish();
      reject(error);
    };
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) {
      onAbort();
    }
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      const port = /^(\d+)\s*$/m.exec(printed)?.[1];
      if (port === undefined) {
        return;
      }
      finish();
      resolve(Number(port));
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      complaint += text;
    });
    child.once("error", fail);
    child.once("close", (code) => {
      const reason = complaint.trim() || printed.trim();
      const what = `policy pack ${directory} ended (code ${code}): ${reason}`;
      fail(new UserError({ what, remedy: "The reason is above; correct the pack." }));
    });
  });
}
