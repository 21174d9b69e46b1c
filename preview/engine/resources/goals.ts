import type * as aliases from "@pulumi/pulumi/proto/alias_pb";
import type * as messages from "@pulumi/pulumi/proto/resource_pb";
import type { Goal } from "./deployment";
import type { PackageReferences } from "./providers";
import type { AliasSpec } from "./urns";
import { fromStruct, normalize, type WireObject } from "../values/wire";

/** A registration as the program sent it, after transforms. */
export function goalOf(
  request: messages.RegisterResourceRequest,
  packages: PackageReferences,
): Goal {
  const timeouts = request.getCustomtimeouts();
  const packageRequest = packages.get(request.getPackageref());
  const propertyDependencies: Record<string, string[]> = {};
  for (const [key, value] of request.getPropertydependenciesMap().entries()) {
    propertyDependencies[key] = value.getUrnsList();
  }
  return {
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    custom: request.getCustom(),
    remote: request.getRemote(),
    inputs: normalize(fromStruct(request.getObject())) as WireObject,
    provider: request.getProvider(),
    providers: new Map(request.getProvidersMap().entries()),
    version: request.getVersion(),
    pluginDownloadUrl: request.getPlugindownloadurl(),
    ...(packageRequest === undefined ? {} : { packageRequest }),
    // Both are optional on the wire; without the check an unset one reads as false.
    ...(request.hasProtect() ? { protect: request.getProtect() } : {}),
    ...(request.hasRetainondelete() ? { retainOnDelete: request.getRetainondelete() } : {}),
    dependencies: request.getDependenciesList(),
    propertyDependencies,
    aliases: [
      ...request.getAliasesList().map(aliasOf),
      ...request.getAliasurnsList().map((urn) => ({ urn })),
    ],
    ignoreChanges: request.getIgnorechangesList(),
    ...(request.getDeletebeforereplacedefined()
      ? { deleteBeforeReplace: request.getDeletebeforereplace() }
      : {}),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    timeouts: {
      create: timeouts?.getCreate() ?? "",
      update: timeouts?.getUpdate() ?? "",
      delete: timeouts?.getDelete() ?? "",
    },
    importId: request.getImportid(),
  };
}

function aliasOf(alias: aliases.Alias): AliasSpec {
  const spec = alias.getSpec();
  if (alias.hasUrn() || spec === undefined) {
    return { urn: alias.getUrn() };
  }
  return {
    name: spec.getName() || undefined,
    type: spec.getType() || undefined,
    stack: spec.getStack() || undefined,
    project: spec.getProject() || undefined,
    parent: spec.getParenturn() || undefined,
    noParent: spec.getNoparent(),
  };
}
