import type * as grpc from "@grpc/grpc-js";
import type * as callbackMessages from "@pulumi/pulumi/proto/callback_pb";
import * as messages from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Deployment, Registration } from "./deployment";
import { emptyGoal } from "./deployment";
import { goalOf } from "./goals";
import { guidOf } from "../values/identifiers";
import { answerInvoke, type InvokeAnswers } from "./invokes";
import { packageOf, type PackageReferences } from "./providers";
import { messageOf, method } from "../rpc";
import { stackReferenceOutputs, type StackOutputs } from "./stackReferences";
import type { Callback, Transforms } from "./transforms";
import {
  containsUnknown,
  fromStruct,
  isUnknown,
  normalize,
  plain,
  toStruct,
  unknownValue,
  type WireObject,
} from "../values/wire";

const feature = messages.ResourceMonitorFeature;

/**
 * Output values and resource references are left out, so that values arrive in the form a provider
 * and the policy SDK read; so are byte strings and state migrations, which nothing here runs.
 */
const features = [
  feature.RESOURCE_MONITOR_FEATURE_SECRETS,
  feature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  feature.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
  feature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  feature.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
  feature.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
  feature.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
  feature.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
  feature.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
  feature.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
  feature.RESOURCE_MONITOR_FEATURE_INVOKE_DEPENDS_ON,
];

/** The same by the names of the older question. */
const featureIds = new Set([
  "secrets",
  "aliasSpecs",
  "deletedWith",
  "replaceWith",
  "transforms",
  "invokeTransforms",
  "parameterization",
  "resourceHooks",
  "errorHooks",
]);

export interface MonitorSettings {
  organization: string;
  parallel: number;
  answers: InvokeAnswers;
  stackOutputs: StackOutputs;
  onResource?: (registration: Registration) => void;
}

/** The `ResourceMonitor` service over a deployment. */
export function resourceMonitor(
  deployment: Deployment,
  transforms: Transforms,
  settings: MonitorSettings,
): grpc.UntypedServiceImplementation {
  const { scope, preview, config, secretKeys, journal, secrets } = deployment.settings;
  const packages: PackageReferences = new Map();

  async function registerResource(
    request: messages.RegisterResourceRequest,
  ): Promise<messages.RegisterResourceResponse> {
    const own: Callback[] = request.getTransformsList().map(callbackOf);
    try {
      await transforms.applyToResource(request, own);
    } catch (error) {
      throw journal.refuse("", `${request.getType()} "${request.getName()}": ${messageOf(error)}`);
    }
    const registration = await deployment.register(goalOf(request, packages));
    transforms.remember(registration.urn, registration.parent, own);
    settings.onResource?.(registration);
    const answer = new messages.RegisterResourceResponse();
    answer.setUrn(registration.urn);
    answer.setId(registration.id);
    answer.setObject(toStruct(registration.outputs));
    // What an output of any other resource depends on is the resource alone, however it was made.
    const { remote, propertyDependencies } = registration.goal;
    for (const [key, urns] of remote ? Object.entries(propertyDependencies) : []) {
      const dependencies = new messages.RegisterResourceResponse.PropertyDependencies();
      dependencies.setUrnsList(urns);
      answer.getPropertydependenciesMap().set(key, dependencies);
    }
    return answer;
  }

  async function readResource(
    request: messages.ReadResourceRequest,
  ): Promise<messages.ReadResourceResponse> {
    const inputs = normalize(fromStruct(request.getProperties())) as WireObject;
    const isReference = request.getType() === "pulumi:pulumi:StackReference";
    let outputs: WireObject | undefined;
    try {
      outputs = isReference
        ? stackReferenceOutputs(request.getId(), settings.stackOutputs, preview)
        : undefined;
    } catch (error) {
      throw journal.refuse("", messageOf(error));
    }
    const packageRequest = packages.get(request.getPackageref());
    const registration = await deployment.read(
      {
        ...emptyGoal,
        type: request.getType(),
        name: request.getName(),
        parent: request.getParent(),
        custom: true,
        inputs,
        provider: request.getProvider(),
        version: request.getVersion(),
        pluginDownloadUrl: request.getPlugindownloadurl(),
        ...(packageRequest === undefined ? {} : { packageRequest }),
        dependencies: request.getDependenciesList(),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
      },
      isUnknown(request.getId()) ? "" : request.getId(),
      outputs,
    );
    settings.onResource?.(registration);
    const answer = new messages.ReadResourceResponse();
    answer.setUrn(registration.urn);
    answer.setProperties(toStruct(registration.outputs));
    return answer;
  }

  /** True where a function waits for a resource that only an update would make. */
  function waits(request: messages.ResourceInvokeRequest): boolean {
    return (
      preview &&
      request.getDependsonList().some((urn) => {
        const resource = deployment.registered.get(urn);
        return resource?.custom === true && resource.id === "";
      })
    );
  }

  async function invoke(
    request: messages.ResourceInvokeRequest,
  ): Promise<messages.ResourceInvokeResponse> {
    const answer = new messages.ResourceInvokeResponse();
    if (request.getTok() === "pulumi:pulumi:getResource") {
      answer.setReturn(toStruct(existing(fromStruct(request.getArgs()))));
      return answer;
    }
    try {
      await transforms.applyToInvoke(request);
      const token = request.getTok();
      const args = plain(normalize(fromStruct(request.getArgs()))) as WireObject;
      const provider = await deployment.providers.resolve(
        { token, parent: request.getParent() },
        request.getProvider(),
        new Map(),
        packages.get(request.getPackageref()) ?? {
          package: packageOf(token),
          version: request.getVersion(),
          pluginDownloadUrl: request.getPlugindownloadurl(),
        },
      );
      if (waits(request) || containsUnknown(args) || deployment.waitsForProvider(provider)) {
        answer.setUnknown(true);
        return answer;
      }
      const result = answerInvoke(settings.answers, token, { args, config });
      secrets.remember(result);
      answer.setReturn(toStruct(result));
      return answer;
    } catch (error) {
      throw journal.refuse("", messageOf(error));
    }
  }

  function existing(args: WireObject): WireObject {
    const urn = String(args.urn);
    const resource = deployment.registered.get(urn);
    if (resource === undefined) {
      throw journal.refuse(urn, `unknown resource '${urn}'`);
    }
    return { urn, id: resource.id === "" ? unknownValue : resource.id, state: resource.outputs };
  }

  return {
    getDeploymentInfo: method(() => {
      const info = new messages.DeploymentInfo();
      info.setProject(scope.project);
      info.setStack(scope.stack);
      info.setOrganization(settings.organization);
      info.setDryrun(preview);
      info.setParallel(settings.parallel);
      info.setSupportedfeaturesList(features);
      info.setConfigsecretkeysList(secretKeys);
      for (const [key, value] of Object.entries(config)) {
        info.getConfigMap().set(key, value);
      }
      return info;
    }),
    supportsFeature: method((request: messages.SupportsFeatureRequest) => {
      const answer = new messages.SupportsFeatureResponse();
      answer.setHassupport(featureIds.has(request.getId()));
      return answer;
    }),
    registerPackage: method((request: messages.RegisterPackageRequest) => {
      const parameters = request.getParameterization() ?? request.getExtension$();
      const packageRequest = {
        package: parameters?.getName() ?? request.getName(),
        version: parameters?.getVersion() ?? request.getVersion(),
        pluginDownloadUrl: request.getDownloadUrl(),
      };
      const reference = guidOf(JSON.stringify(packageRequest));
      packages.set(reference, packageRequest);
      const answer = new messages.RegisterPackageResponse();
      answer.setRef(reference);
      return answer;
    }),
    registerStackTransform: method((request: callbackMessages.Callback) => {
      transforms.addToStack(callbackOf(request));
      return new Empty();
    }),
    registerStackInvokeTransform: method((request: callbackMessages.Callback) => {
      transforms.addToInvokes(callbackOf(request));
      return new Empty();
    }),
    // Hooks surround operations of a provider, and an offline run performs none.
    registerResourceHook: method(() => new Empty()),
    registerErrorHook: method(() => new Empty()),
    registerResource: method(registerResource),
    readResource: method(readResource),
    existsResource: method(() => {
      const answer = new messages.ExistsResourceResponse();
      answer.setUnknown(true);
      return answer;
    }),
    registerResourceOutputs: method((request: messages.RegisterResourceOutputsRequest) => {
      const outputs = normalize(fromStruct(request.getOutputs())) as WireObject;
      deployment.registerOutputs(request.getUrn(), outputs);
      return new Empty();
    }),
    invoke: method(invoke),
    call: method((request: messages.ResourceCallRequest) => {
      throw journal.refuse(
        "",
        `the offline preview cannot call the method '${request.getTok()}' of a provider. ` +
          `Use a property of the resource instead.`,
      );
    }),
    signalAndWaitForShutdown: method(() => new Empty()),
  };
}

function callbackOf(callback: callbackMessages.Callback): Callback {
  return { target: callback.getTarget(), token: callback.getToken() };
}
