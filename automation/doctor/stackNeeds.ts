import type { PreviewResource } from "../../preview/engine/programRun";
import type { StackPreview } from "../../preview/report/stackPreview";
import { regionOf } from "../../preview/prices/computePrice";
import type { PoolCapacity } from "../../preview/capacity/types";

/** What a stack takes from Azure. */
export interface AzureNeeds {
  /** Region of the cluster, e.g. `westeurope`. */
  region: string;
  /** Namespaces of resource providers in lower case, e.g. `microsoft.network`. */
  resourceProviders: string[];
  pools: PoolCapacity[];
  /** Availability zones that the node pools name. */
  zones: string[];
  /** Minor version of Kubernetes, e.g. `1.35`. */
  kubernetesVersion: string;
  /** Plan under which Azure has to offer that version. */
  supportPlan: string;
}

/** A repository that a stack makes. */
export interface RepositoryNeeds {
  name: string;
  visibility: string;
}

/** What a stack takes from GitHub. */
export interface GitHubNeeds {
  /** Address of the API, with a slash at its end. */
  baseUrl: string;
  /** Organization or user that repositories are made under. */
  owner: string;
  repositories: RepositoryNeeds[];
  /** Environments whose jobs wait for somebody's consent. */
  reviewedEnvironments: string[];
}

/** What a stack needs beyond this repository, as its own preview tells it. */
export interface StackNeeds {
  azure?: AzureNeeds;
  github?: GitHubNeeds;
  /** Context of kubectl, where the cluster isn't the stack's own. */
  kubernetesContext?: string;
  /** Domain of the models' hosts, e.g. `models.dev.example.org`. */
  modelDomain?: string;
}

const clusterType = "azure-native:containerservice:ManagedCluster";
const poolType = "azure-native:containerservice:AgentPool";

/** Modules of the SDK that have another name than their resource provider. */
const providerOfModule: ReadonlyMap<string, string> = new Map([
  ["monitor", "insights"],
  ["privatedns", "network"],
]);
/** Registered in every subscription, and no one can change that. */
const alwaysRegistered = new Set(["microsoft.authorization", "microsoft.resources"]);

/** What the resources of a preview need. */
export function stackNeeds({ result, capacity }: StackPreview): StackNeeds {
  const { resources, outputs } = result;
  const region = regionOf(resources);
  const domain = outputs.modelDomain;
  const context = resources.find(({ type }) => type === "pulumi:providers:kubernetes")?.inputs
    .context;
  return {
    ...(region === undefined ? {} : { azure: azureNeeds(resources, region, capacity.pools) }),
    ...githubNeeds(resources),
    ...(typeof context === "string" ? { kubernetesContext: context } : {}),
    ...(typeof domain === "string" ? { modelDomain: domain } : {}),
  };
}

function azureNeeds(
  resources: PreviewResource[],
  region: string,
  pools: PoolCapacity[],
): AzureNeeds {
  const cluster = resources.find(({ type }) => type === clusterType)?.inputs ?? {};
  const profiles = Array.isArray(cluster.agentPoolProfiles) ? cluster.agentPoolProfiles : [];
  const others = resources.filter(({ type }) => type === poolType).map(({ inputs }) => inputs);
  return {
    region,
    resourceProviders: resourceProviders(resources),
    pools,
    zones: [...new Set([...profiles, ...others].flatMap(zonesOf))].sort(),
    kubernetesVersion: String(cluster.kubernetesVersion ?? ""),
    // What Azure takes where none is set.
    supportPlan: String(cluster.supportPlan ?? "KubernetesOfficial"),
  };
}

function zonesOf(pool: { availabilityZones?: unknown }): string[] {
  const zones = pool.availabilityZones;
  return Array.isArray(zones) ? zones.map(String) : [];
}

function resourceProviders(resources: PreviewResource[]): string[] {
  const modules = resources
    .filter(({ type }) => type.startsWith("azure-native:"))
    .map(({ type }) => type.split(":")[1]!.split("/")[0]!);
  const names = modules.map((name) => `microsoft.${providerOfModule.get(name) ?? name}`);
  // AKS makes virtual machines in the subscription's name.
  return [...new Set([...names, "microsoft.compute"])]
    .filter((name) => !alwaysRegistered.has(name))
    .sort();
}

function githubNeeds(resources: PreviewResource[]): { github?: GitHubNeeds } {
  const provider = resources.find(({ type }) => type === "pulumi:providers:github");
  if (provider === undefined) {
    return {};
  }
  const { baseUrl = "https://api.github.com/", owner = "" } = provider.inputs;
  const github = (type: string) => resources.filter((each) => each.type === `github:index/${type}`);
  return {
    github: {
      baseUrl: String(baseUrl).replace(/\/?$/, "/"),
      owner: String(owner),
      repositories: github("repository:Repository").map(({ inputs }) => ({
        name: String(inputs.name),
        visibility: String(inputs.visibility),
      })),
      reviewedEnvironments: github("repositoryEnvironment:RepositoryEnvironment")
        .filter(({ inputs }) => Array.isArray(inputs.reviewers) && inputs.reviewers.length > 0)
        .map(({ inputs }) => `${String(inputs.repository)}/${String(inputs.environment)}`),
    },
  };
}
