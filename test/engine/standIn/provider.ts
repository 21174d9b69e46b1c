/**
 * A resource provider for one service. Arguments, required and read-only properties and their types
 * come from the service's SDK; what exists, and what is refused, is the service's.
 *
 * Environment: MLP_ENGINE_ROOT (folder with node_modules),
 * MLP_ENGINE_CLOUD (address of the services).
 * Arguments: the package and its version.
 */
import * as grpc from "@grpc/grpc-js";
import * as plugins from "@pulumi/pulumi/proto/plugin_pb";
import * as services from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { CloudRequest } from "../cloud/cloud";
import { serve } from "../hosts/serve";
import {
  type Wire,
  type WireObject,
  fromStruct,
  isObject,
  isSecret,
  normalize,
  plain,
  sameValue,
  secret,
  toStruct,
  unknownValue,
} from "../../../preview/engine/values/wire";
import { azureNative } from "./azureNative";
import { type Behaviour, subjectOf } from "./behaviour";
import { checkInputs } from "./checkInputs";
import { github } from "./github";
import { drawn, random } from "./random";
import { withReadOnly } from "./readOnly";
import { SdkSchema } from "./sdkSchema";

const [packageName = "", version = ""] = process.argv.slice(2);
const behaviours: Record<string, Behaviour> = { "azure-native": azureNative, github, random };
const behaviour = behaviours[packageName]!;
const sdk = new SdkSchema(process.env.MLP_ENGINE_ROOT!, packageName);
let config: WireObject = {};

const bag = (struct: Parameters<typeof fromStruct>[0]) =>
  normalize(fromStruct(struct)) as WireObject;
const plainBag = (struct: Parameters<typeof fromStruct>[0]) => plain(bag(struct)) as WireObject;
/** Without what the engine's own bookkeeping adds. */
const own = (inputs: WireObject) =>
  Object.fromEntries(Object.entries(inputs).filter(([key]) => !key.startsWith("__")));

/** Asks the service, in its own words where it refuses. */
async function ask(
  operation: CloudRequest["operation"],
  type: string,
  rest: Omit<CloudRequest, "operation" | "service" | "type"> = {},
): Promise<{ id?: string; inputs?: WireObject; outputs?: WireObject }> {
  const request = { operation, service: packageName, type, ...rest };
  const response = await fetch(process.env.MLP_ENGINE_CLOUD!, {
    method: "POST",
    body: JSON.stringify(request),
  });
  const answer = (await response.json()) as Awaited<ReturnType<typeof ask>> & { refused?: string };
  if (answer.refused) {
    throw new Error(answer.refused);
  }
  return answer;
}

/** A method whose error is told to the engine as the service words it. */
function method<Request, Response>(handle: (request: Request) => Response | Promise<Response>) {
  return (
    call: grpc.ServerUnaryCall<Request, Response>,
    answer: grpc.sendUnaryData<Response>,
  ): void => {
    Promise.resolve(call.request)
      .then(handle)
      .then((value) => answer(null, value))
      .catch((error: unknown) =>
        answer({ code: grpc.status.UNKNOWN, details: (error as Error).message }),
      );
  };
}

/** The service's answer with the secret marks of what was given. */
function marked(answer: Wire, given: Wire | undefined): Wire {
  if (isSecret(given)) {
    return secret(answer);
  }
  if (Array.isArray(answer) && Array.isArray(given)) {
    return answer.map((item, at) => marked(item, given[at]));
  }
  if (!isObject(answer) || !isObject(given)) {
    return answer;
  }
  return Object.fromEntries(
    Object.entries(answer).map(([key, value]) => [key, marked(value, given[key])]),
  );
}

function changesOf(urn: string, olds: WireObject, news: WireObject): string[] {
  const keys = new Set([...Object.keys(olds), ...Object.keys(news)]);
  const declared = sdk.resource(subjectOf(urn).type).inputs;
  return [...keys].filter((key) => key in declared && !sameValue(olds[key], news[key]));
}

const implementation: Record<string, unknown> = {
  handshake: method(() => {
    const answer = new messages.ProviderHandshakeResponse();
    answer.setAcceptSecrets(true);
    return answer;
  }),
  getSchema: method(() => {
    const answer = new messages.GetSchemaResponse();
    answer.setSchema(JSON.stringify({ name: packageName, version }));
    return answer;
  }),
  checkConfig: method((request: messages.CheckRequest) => {
    const answer = new messages.CheckResponse();
    answer.setInputs(request.getNews());
    return answer;
  }),
  diffConfig: method((request: messages.DiffRequest) => {
    const olds = plainBag(request.getOldInputs());
    const news = plainBag(request.getNews());
    const answer = new messages.DiffResponse();
    const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
    answer.setChanges(sameValue(olds, news) ? DIFF_NONE : DIFF_SOME);
    return answer;
  }),
  configure: method((request: messages.ConfigureRequest) => {
    config = plainBag(request.getArgs());
    const answer = new messages.ConfigureResponse();
    answer.setAcceptsecrets(true);
    answer.setSupportspreview(true);
    return answer;
  }),
  invoke: method(async (request: messages.InvokeRequest) => {
    const inputs = own(plainBag(request.getArgs()));
    const { outputs } = await ask("invoke", request.getTok(), { inputs });
    const answer = new messages.InvokeResponse();
    answer.setReturn(toStruct(outputs!));
    return answer;
  }),
  check: method((request: messages.CheckRequest) => {
    const subject = subjectOf(request.getUrn());
    const schema = sdk.resource(subject.type);
    const olds = plainBag(request.getOlds());
    const inputs = own(bag(request.getNews()));
    const whole = behaviour.completed(subject, schema, inputs, olds, config);
    const answer = new messages.CheckResponse();
    answer.setInputs(toStruct(whole));
    answer.setFailuresList(
      checkInputs(sdk, schema, whole).map(({ property, reason }) => {
        const failure = new messages.CheckFailure();
        failure.setProperty(property);
        failure.setReason(reason);
        return failure;
      }),
    );
    return answer;
  }),
  diff: method((request: messages.DiffRequest) => {
    const subject = subjectOf(request.getUrn());
    const schema = sdk.resource(subject.type);
    const olds = plainBag(request.getOldInputs());
    const news = plainBag(request.getNews());
    const ignored = request.getIgnorechangesList();
    const changed = changesOf(request.getUrn(), olds, news).filter((key) => !ignored.includes(key));
    const replacing = behaviour.replacing(subject, schema);
    const answer = new messages.DiffResponse();
    const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
    answer.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
    answer.setDiffsList(changed);
    answer.setReplacesList(changed.filter((key) => replacing.includes(key)));
    answer.setDeletebeforereplace(behaviour.deleteBeforeReplace(schema, olds, news));
    return answer;
  }),
  create: method(async (request: messages.CreateRequest) => {
    const subject = subjectOf(request.getUrn());
    const schema = sdk.resource(subject.type);
    const inputs = own(bag(request.getProperties()));
    const answer = new messages.CreateResponse();
    if (request.getPreview()) {
      answer.setProperties(toStruct(withReadOnly(sdk, schema, inputs, () => unknownValue)));
      return answer;
    }
    if (packageName === "random") {
      const { id, outputs } = drawn(subject, inputs);
      answer.setId(id);
      answer.setProperties(toStruct({ ...inputs, ...outputs }));
      return answer;
    }
    const made = await ask("create", subject.type, { inputs: plain(inputs) as WireObject });
    answer.setId(made.id!);
    answer.setProperties(toStruct(marked(made.outputs!, inputs) as WireObject));
    return answer;
  }),
  update: method(async (request: messages.UpdateRequest) => {
    const { type } = subjectOf(request.getUrn());
    const schema = sdk.resource(type);
    const inputs = own(bag(request.getNews()));
    const answer = new messages.UpdateResponse();
    if (request.getPreview()) {
      const olds = bag(request.getOlds());
      // What the service says stays as it is, as far as anybody knows before.
      answer.setProperties(
        toStruct({
          ...olds,
          ...withReadOnly(sdk, schema, inputs, () => unknownValue),
          ...kept(schema.readOnly, olds),
        }),
      );
      return answer;
    }
    const id = request.getId();
    const changed = await ask("update", type, { id, inputs: plain(inputs) as WireObject });
    answer.setProperties(toStruct(marked(changed.outputs!, inputs) as WireObject));
    return answer;
  }),
  read: method(async (request: messages.ReadRequest) => {
    const answer = new messages.ReadResponse();
    if (packageName === "random") {
      answer.setId(request.getId());
      answer.setProperties(request.getProperties());
      answer.setInputs(request.getInputs());
      return answer;
    }
    const found = await ask("read", subjectOf(request.getUrn()).type, { id: request.getId() });
    // Gone: the engine takes an empty id for that.
    if (found.id === undefined) {
      return answer;
    }
    const inputs = bag(request.getInputs());
    answer.setId(found.id);
    answer.setInputs(toStruct(marked(found.inputs!, inputs) as WireObject));
    answer.setProperties(toStruct(marked(found.outputs!, inputs) as WireObject));
    return answer;
  }),
  delete: method(async (request: messages.DeleteRequest) => {
    if (packageName !== "random") {
      await ask("delete", subjectOf(request.getUrn()).type, { id: request.getId() });
    }
    return new Empty();
  }),
  cancel: method(() => new Empty()),
  attach: method(() => new Empty()),
  getPluginInfo: method(() => {
    const answer = new plugins.PluginInfo();
    answer.setVersion(version);
    return answer;
  }),
};

function kept(keys: string[], olds: WireObject): WireObject {
  return Object.fromEntries(
    keys.filter((key) => olds[key] !== undefined).map((key) => [key, olds[key]!]),
  );
}

serve(services.ResourceProviderService as unknown as grpc.ServiceDefinition, implementation);
