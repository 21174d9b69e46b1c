import type { ProgramRun, PreviewResource } from "../../preview/engine/programRun";

/** URN of a resource as tests register it. */
export function urnOf(type: string, name: string): string {
  return `urn:pulumi:dev::mlplatform::${type}::${name}`;
}

/** A resource as the engine reports it. */
export function registered(
  type: string,
  name: string,
  inputs: Record<string, unknown> = {},
  change: Partial<PreviewResource> = {},
): PreviewResource {
  return {
    urn: urnOf(type, name),
    type,
    name,
    parent: "",
    provider: "",
    inputs,
    custom: true,
    protect: false,
    retainOnDelete: false,
    dependencies: [],
    propertyDependencies: {},
    operation: "create",
    ...change,
  };
}

/** A run that registered some resources. */
export function resultOf(
  resources: PreviewResource[],
  change: Partial<ProgramRun> = {},
): ProgramRun {
  return {
    stack: "dev",
    project: "mlplatform",
    mode: "preview",
    resources,
    outputs: {},
    secrets: [],
    diagnostics: [],
    succeeded: true,
    ...change,
  };
}

/** A cluster with a system pool inside. */
export function cluster(change: Record<string, unknown> = {}): PreviewResource {
  return registered("azure-native:containerservice:ManagedCluster", "core", {
    location: "westeurope",
    sku: { name: "Base", tier: "Standard" },
    agentPoolProfiles: [
      {
        name: "system",
        mode: "System",
        vmSize: "Standard_D4s_v5",
        enableAutoScaling: true,
        minCount: 2,
        maxCount: 3,
        osDiskType: "Managed",
        osDiskSizeGB: 128,
      },
    ],
    ...change,
  });
}

/** A user pool beside the cluster. */
export function userPool(name: string, inputs: Record<string, unknown>): PreviewResource {
  return registered("azure-native:containerservice:AgentPool", `core-${name}`, {
    agentPoolName: name,
    mode: "User",
    enableAutoScaling: true,
    minCount: 0,
    osDiskType: "Ephemeral",
    ...inputs,
  });
}

/** What the sizes of these tests hold. */
export const testSizes = {
  Standard_D4s_v5: { vCpus: 4, memoryGiB: 16, gpus: 0 },
  Standard_D8ds_v5: { vCpus: 8, memoryGiB: 32, gpus: 0 },
  Standard_NC24ads_A100_v4: { vCpus: 24, memoryGiB: 220, gpus: 1 },
};
