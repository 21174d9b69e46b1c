import * as messages from "@pulumi/pulumi/proto/analyzer_pb";
import type { Goal, Registration } from "../resources/deployment";
import { providerUrn } from "../resources/providers";
import { toStruct } from "../values/wire";

type LookUp = (urn: string) => Registration | undefined;

/** The question about one resource, with its inputs. */
export function analyzeRequest(resource: Registration, lookUp: LookUp): messages.AnalyzeRequest {
  const request = new messages.AnalyzeRequest();
  request.setType(resource.type);
  request.setName(resource.name);
  request.setUrn(resource.urn);
  request.setProperties(toStruct(resource.inputs));
  request.setOptions(optionsOf(resource));
  request.setProvider(providerOf(resource, lookUp));
  return request;
}

/** The question about the whole stack, with the outputs of its resources. */
export function stackRequest(
  resources: Registration[],
  lookUp: LookUp,
): messages.AnalyzeStackRequest {
  const request = new messages.AnalyzeStackRequest();
  request.setResourcesList(
    resources.map((resource) => {
      const item = new messages.AnalyzerResource();
      item.setType(resource.type);
      item.setName(resource.name);
      item.setUrn(resource.urn);
      item.setProperties(toStruct(resource.outputs));
      item.setOptions(optionsOf(resource));
      item.setProvider(providerOf(resource, lookUp));
      item.setParent(resource.parent);
      item.setDependenciesList(resource.dependencies);
      for (const [key, urns] of Object.entries(resource.goal.propertyDependencies)) {
        const dependencies = new messages.AnalyzerPropertyDependencies();
        dependencies.setUrnsList(urns);
        item.getPropertydependenciesMap().set(key, dependencies);
      }
      return item;
    }),
  );
  return request;
}

function optionsOf(resource: Registration): messages.AnalyzerResourceOptions {
  const { goal } = resource;
  const options = new messages.AnalyzerResourceOptions();
  options.setProtect(resource.protect);
  options.setIgnorechangesList(goal.ignoreChanges);
  options.setDeletebeforereplace(goal.deleteBeforeReplace ?? false);
  options.setDeletebeforereplacedefined(goal.deleteBeforeReplace !== undefined);
  options.setAdditionalsecretoutputsList(goal.additionalSecretOutputs);
  options.setAliasesList(resource.formerUrns);
  options.setParent(resource.parent);
  options.setCustomtimeouts(timeoutsOf(goal));
  return options;
}

function timeoutsOf(goal: Goal): messages.AnalyzerResourceOptions.CustomTimeouts {
  const timeouts = new messages.AnalyzerResourceOptions.CustomTimeouts();
  timeouts.setCreate(seconds(goal.timeouts.create));
  timeouts.setUpdate(seconds(goal.timeouts.update));
  timeouts.setDelete(seconds(goal.timeouts.delete));
  return timeouts;
}

const unitSeconds: Record<string, number> = { h: 3600, m: 60, s: 1 };

/** A Go duration such as `1h30m` in seconds. */
function seconds(duration: string): number {
  return [...duration.matchAll(/(\d+(?:\.\d+)?)([hms])/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (unitSeconds[unit ?? ""] ?? 0),
    0,
  );
}

function providerOf(
  resource: Registration,
  lookUp: LookUp,
): messages.AnalyzerProviderResource | undefined {
  const provider = resource.provider === "" ? undefined : lookUp(providerUrn(resource.provider));
  if (provider === undefined) {
    return undefined;
  }
  const message = new messages.AnalyzerProviderResource();
  message.setType(provider.type);
  message.setName(provider.name);
  message.setUrn(provider.urn);
  message.setProperties(toStruct(provider.inputs));
  return message;
}
