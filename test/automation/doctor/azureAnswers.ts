import type { RunTool, ToolAnswer } from "../../../automation/doctor/toolRun";
import type { AzureNeeds } from "../../../automation/doctor/stackNeeds";

/** What a small stack takes: a system pool of D4ds v5, a pool of spot machines. */
export const needs: AzureNeeds = {
  region: "westeurope",
  resourceProviders: ["microsoft.compute", "microsoft.containerservice"],
  zones: ["1", "2"],
  kubernetesVersion: "1.35",
  supportPlan: "KubernetesOfficial",
  pools: [
    {
      name: "system",
      vmSize: "Standard_D4ds_v5",
      spot: false,
      zero: { nodes: 2, vCpus: 8, memoryGiB: 32, gpus: 0 },
      full: { nodes: 4, vCpus: 16, memoryGiB: 64, gpus: 0 },
    },
    {
      name: "spot",
      vmSize: "Standard_D8ds_v5",
      spot: true,
      zero: { nodes: 0, vCpus: 0, memoryGiB: 0, gpus: 0 },
      full: { nodes: 4, vCpus: 32, memoryGiB: 128, gpus: 0 },
    },
  ],
};

const sku = (name: string) => ({
  name,
  family: "standardDDSv5Family",
  locationInfo: [{ location: "westeurope", zones: ["1", "2", "3"] }],
  resourceType: "virtualMachines",
  restrictions: [] as unknown[],
});

/** A version as `az aks get-versions` lists it. */
export const offered = (version: string, ...supportPlan: string[]) => ({
  version,
  capabilities: { supportPlan },
  isPreview: null,
});

/** `az` writes vCPUs as texts. */
export const usage = (value: string, currentValue: string, limit: string) => ({
  currentValue,
  limit,
  localName: value,
  name: { localizedValue: value, value },
  unit: "Count",
});

/**
 * Answers of the Azure CLI by the first words of the command, with the fields and spellings of its
 * reference (https://learn.microsoft.com/cli/azure/reference-index): written, not recorded live.
 */
export function azureAnswers(): Record<string, unknown> {
  return {
    version: { "azure-cli": "2.90.0", "azure-cli-core": "2.90.0" },
    "account show": {
      environmentName: "AzureCloud",
      id: "11111111-2222-3333-4444-555555555555",
      name: "ML",
      state: "Enabled",
      tenantId: "99999999-2222-3333-4444-555555555555",
      user: { name: "ada@example.org", type: "user" },
    },
    "ad signed-in-user show": { id: "77777777-2222-3333-4444-555555555555" },
    "provider list": [
      { namespace: "Microsoft.Compute", registrationState: "Registered" },
      { namespace: "Microsoft.ContainerService", registrationState: "Registered" },
      { namespace: "Microsoft.Quantum", registrationState: "NotRegistered" },
    ],
    "role assignment list": [
      { roleDefinitionName: "Owner", scope: "/subscriptions/1", condition: null },
    ],
    "aks get-versions": {
      values: [
        offered("1.31", "AKSLongTermSupport"),
        offered("1.34", "KubernetesOfficial", "AKSLongTermSupport"),
        offered("1.35", "KubernetesOfficial", "AKSLongTermSupport"),
      ],
    },
    "vm list-skus": [sku("Standard_D4ds_v5"), sku("Standard_D8ds_v5")],
    "vm list-usage": [
      usage("cores", "0", "100"),
      usage("lowPriorityCores", "0", "100"),
      usage("standardDDSv5Family", "0", "100"),
    ],
  };
}

/** A tool that answers from a table; what isn't in it fails as `az` does without rights. */
export function answering(table: Record<string, unknown>): RunTool {
  return async (tool, ...args) => {
    const line = args.join(" ");
    const key = Object.keys(table).find((each) => line.startsWith(each));
    return tool === "az" && key !== undefined
      ? answer({ isGood: true, stdout: JSON.stringify(table[key]) })
      : answer({ error: "(AuthorizationFailed) The client does not have authorization." });
  };
}

/** An answer, of a tool that failed unless told otherwise. */
export function answer(change: Partial<ToolAnswer>): ToolAnswer {
  return { isGood: false, isMissing: false, stdout: "", error: "", ...change };
}
