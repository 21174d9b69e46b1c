import type { ResourceValidationPolicy } from "@pulumi/policy";
import * as analyzer from "@pulumi/pulumi/proto/analyzer_pb";
// The functions behind the pack's gRPC server: unknowns, secrets and levels as in a real run.
import * as server from "@pulumi/policy/server";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

/** Stands for a value that only an update would know, as it is on the wire. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** What one policy says about one resource. */
export interface Analysis {
  /** Violations without the policy's description, which the SDK puts before each. */
  violations: string[];
  /** Messages of runs that an unknown value ended. */
  undecided: string[];
  /** Why the policy does not apply; undefined where it does. */
  notApplicable: string | undefined;
}

/** A resource to analyze. */
export interface Subject {
  type: string;
  name: string;
  props: Record<string, unknown>;
}

/** Runs one policy over one resource, through the SDK's own analyzer function. */
export async function analyze(
  policy: ResourceValidationPolicy,
  subject: Subject,
  config: Record<string, unknown> = {},
): Promise<Analysis> {
  const request = new analyzer.AnalyzeRequest();
  request.setType(subject.type);
  request.setName(subject.name);
  request.setUrn(`urn:pulumi:test::mlplatform::${subject.type}::${subject.name}`);
  request.setProperties(Struct.fromJavaScript(subject.props as any));
  request.setOptions(new analyzer.AnalyzerResourceOptions());
  // The SDK reads config from module state that only a `configure` call of its server sets.
  const configured: ResourceValidationPolicy = {
    ...policy,
    validateResource: (args, report) =>
      [policy.validateResource ?? []].flat()[0]!(
        { ...args, getConfig: <T extends object>() => config as T },
        report,
      ),
  };
  const run = (server as any).makeAnalyzeRpcFun("mlplatform", "0.1.0", "mandatory", [configured]);
  const response = await new Promise<any>((resolve, reject) => {
    run({ request }, (error: unknown, value: unknown) => (error ? reject(error) : resolve(value)));
  });
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
