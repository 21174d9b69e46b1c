import type { Policies, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import * as analyzer from "@pulumi/pulumi/proto/analyzer_pb";
// The functions behind the pack's gRPC server: unknowns, secrets and levels as in a real run.
import * as server from "@pulumi/policy/server";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

/** Stands for a value that only an update would know, as it is on the wire. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** What one policy says. */
export interface Analysis {
  /** Violations without the policy's description, which the SDK puts before each. */
  violations: string[];
  /** Messages of runs that an unknown value ended. */
  undecided: string[];
  /** Why the policy does not apply; undefined where it does. */
  notApplicable: string | undefined;
}

/** An analysis that found nothing. */
export const clean: Analysis = { violations: [], undecided: [], notApplicable: undefined };

/** A resource to analyze. */
export interface Subject {
  type: string;
  name: string;
  props: Record<string, any>;
  protect?: boolean;
  /** Names of resources that a property takes a value from; for stack policies. */
  propertyDependencies?: Record<string, string[]>;
}

type Config = Record<string, unknown>;

/** Runs one policy over one resource, through the SDK's own analyzer function. */
export async function analyze(
  policy: ResourceValidationPolicy,
  subject: Subject,
  config: Config = {},
): Promise<Analysis> {
  const configured: ResourceValidationPolicy = {
    ...policy,
    validateResource: (args, report) =>
      [policy.validateResource ?? []].flat()[0]!(withConfig(args, config), report),
  };
  return call("makeAnalyzeRpcFun", requestOf(subject), configured);
}

/** Runs one policy over the resources of a stack. */
export async function analyzeStack(
  policy: StackValidationPolicy,
  subjects: Subject[],
  config: Config = {},
): Promise<Analysis> {
  const urns = new Map(subjects.map((subject) => [subject.name, urnOf(subject)]));
  const request = new analyzer.AnalyzeStackRequest();
  request.setResourcesList(
    subjects.map((subject) => {
      const resource = new analyzer.AnalyzerResource();
      fill(resource, subject);
      for (const [property, names] of Object.entries(subject.propertyDependencies ?? {})) {
        const dependencies = new analyzer.AnalyzerPropertyDependencies();
        dependencies.setUrnsList(names.map((name) => urns.get(name)!));
        resource.getPropertydependenciesMap().set(property, dependencies);
      }
      return resource;
    }),
  );
  const configured: StackValidationPolicy = {
    ...policy,
    validateStack: (args, report) => policy.validateStack(withConfig(args, config), report),
  };
  return call("makeAnalyzeStackRpcFun", request, configured);
}

/**
 * The properties that a policy leaves after it repaired them; undefined where it changed nothing.
 */
export async function remediate(
  policy: ResourceValidationPolicy,
  subject: Subject,
  config: Config = {},
): Promise<Record<string, any> | undefined> {
  const configured: ResourceValidationPolicy = {
    ...policy,
    enforcementLevel: "remediate",
    remediateResource: (args) => policy.remediateResource!(withConfig(args, config)),
  };
  const response = await invoke("makeRemediateRpcFun", requestOf(subject), configured);
  return response.getRemediationsList()[0]?.getProperties()?.toJavaScript();
}

/** The SDK reads config from module state that only a `configure` call of its server sets. */
function withConfig<Args extends object>(args: Args, config: Config): Args {
  return { ...args, getConfig: () => config };
}

function urnOf({ type, name }: Subject): string {
  return `urn:pulumi:test::mlplatform::${type}::${name}`;
}

function requestOf(subject: Subject): analyzer.AnalyzeRequest {
  const request = new analyzer.AnalyzeRequest();
  fill(request, subject);
  return request;
}

function fill(message: analyzer.AnalyzeRequest | analyzer.AnalyzerResource, subject: Subject) {
  const options = new analyzer.AnalyzerResourceOptions();
  options.setProtect(subject.protect ?? false);
  message.setType(subject.type);
  message.setName(subject.name);
  message.setUrn(urnOf(subject));
  message.setProperties(Struct.fromJavaScript(subject.props));
  message.setOptions(options);
}

async function invoke(make: string, request: unknown, policy: Policies[number]): Promise<any> {
  const run = (server as any)[make]("mlplatform", "0.1.0", "mandatory", [policy]);
  return new Promise((resolve, reject) => {
    run({ request }, (error: unknown, value: unknown) => (error ? reject(error) : resolve(value)));
  });
}

async function call(make: string, request: unknown, policy: Policies[number]): Promise<Analysis> {
  const response = await invoke(make, request, policy);
  const messages: string[] = response.getDiagnosticsList().map((d: any) => d.getMessage());
  const isUndecided = (message: string) => message.startsWith("can't run policy");
  return {
    violations: messages
      .filter((message) => !isUndecided(message))
      .map((message) => message.replace(`${policy.description}\n`, "")),
    undecided: messages.filter(isUndecided),
    notApplicable: response.getNotApplicableList()[0]?.getReason(),
  };
}
