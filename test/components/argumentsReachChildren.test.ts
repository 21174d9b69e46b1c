import assert from "node:assert/strict";
import type { AksPlatformArgs } from "../../components/aksPlatform/args";
import { AksTier, KubeLogin, RegistrySku } from "../../components/aksPlatform/args";
import { AksPlatform } from "../../components/aksPlatform/aksPlatform";
import { LakeKind, NodePoolKind } from "../../components/connections";
import type { DataLakeArgs } from "../../components/dataLake/args";
import { DataLake } from "../../components/dataLake/dataLake";
import { placementOn } from "../../components/kubernetes/placement";
import { type LakeAccessArgs, LakePermission } from "../../components/lakeAccess/args";
import { LakeAccess } from "../../components/lakeAccess/lakeAccess";
import { MlflowDatabase, type MlflowStackArgs } from "../../components/mlflowStack/args";
import { MlflowStack } from "../../components/mlflowStack/mlflowStack";
import type { MlProjectArgs } from "../../components/mlProject/args";
import { MlProject } from "../../components/mlProject/mlProject";
import {
  type ObservabilityStackArgs,
  RedactionAction,
} from "../../components/observabilityStack/args";
import { ObservabilityStack } from "../../components/observabilityStack/observabilityStack";
import type { RayStackArgs } from "../../components/rayStack/args";
import { RayStack } from "../../components/rayStack/rayStack";
import type { ServingMeshArgs } from "../../components/servingMesh/args";
import { ServingMesh } from "../../components/servingMesh/servingMesh";
import { azureAnswers, platformArgs } from "./aksPlatform/aksPlatformFixture";
import { azure, inferenceTableConnection, lakeConnection, trackingConnection } from "./connections";
import { record } from "./recorder";
import { chart, observabilityArgs, rayArgs, servingArgs } from "./servingMesh/servingFixtures";

/** A change of one argument, and what must be given besides for it to matter. */
interface Change<Args> {
  beside?: Partial<Args>;
  to: Partial<Args>;
}

/** One change of each argument: who adds an argument adds its change, or tsc refuses. */
type Changes<Args> = { [K in keyof Required<Args>]: Change<Args> };

interface Trial<Args> {
  args: Args;
  make: (args: Args) => unknown;
  changes: Changes<Args>;
}

const otherLake = lakeConnection({ bucket: "other" });
const placement = placementOn(NodePoolKind.System);
const otherAzure = { ...azure, resourceGroupName: "other" };
const other = chart("other");
const pool = { vmSize: "Standard_D8ds_v5", minCount: 0, maxCount: 2 };
const oidc = {
  issuer: "https://login.example.com/v2.0",
  jwksUri: "https://login.example.com/keys",
  audiences: ["models"],
};

const aksPlatform: Trial<AksPlatformArgs> = {
  args: platformArgs(),
  make: (args) => new AksPlatform("core", args),
  changes: {
    location: { to: { location: "northeurope" } },
    kubernetesVersion: { to: { kubernetesVersion: "1.36" } },
    tier: { to: { tier: AksTier.Premium } },
    network: { to: { network: { ...platformArgs().network, dnsServiceIp: "172.16.0.11" } } },
    authorizedIpRanges: { to: { authorizedIpRanges: ["203.0.113.0/24"] } },
    privateCluster: { to: { privateCluster: true, authorizedIpRanges: [] } },
    projectRegistries: { to: { projectRegistries: ["churn"] } },
    userGroupObjectIds: {
      to: { userGroupObjectIds: ["99999999-1111-1111-1111-111111111111"] },
    },
    adminGroupObjectIds: {
      to: { adminGroupObjectIds: ["99999999-1111-1111-1111-111111111111"] },
    },
    systemPool: { to: { systemPool: { ...pool, minCount: 1 } } },
    cpuPool: { to: { cpuPool: pool } },
    gpuPool: { to: { gpuPool: undefined } },
    spotPool: { to: { spotPool: pool } },
    registrySku: { to: { registrySku: RegistrySku.Standard, zoneRedundantRegistry: false } },
    zoneRedundantRegistry: { to: { zoneRedundantRegistry: false } },
    logRetentionDays: { to: { logRetentionDays: 60 } },
    auditArchiveDays: { to: { auditArchiveDays: 400 } },
    budget: { to: { budget: { ...platformArgs().budget, monthlyAmount: 1 } } },
    kubeLogin: { to: { kubeLogin: KubeLogin.WorkloadIdentity } },
    tags: { to: { tags: { owner: "other" } } },
    protectData: { to: { protectData: false } },
  },
};

const onAzureBlob = { kind: LakeKind.AzureBlob, azure, tags: { owner: "ml" } };
const onSeaweed = { kind: LakeKind.SeaweedFs, seaweedfsChart: chart("seaweedfs") };
const dataLake: Trial<DataLakeArgs> = {
  args: { image: "minio:1", clientImage: "mc:1" },
  make: (args) => new DataLake("lake", args),
  changes: {
    kind: { to: onSeaweed },
    image: { to: { image: "minio:2" } },
    clientImage: { to: { clientImage: "mc:2" } },
    replicas: { to: { replicas: 4 } },
    storageGiB: { to: { storageGiB: 7 } },
    storageClass: { to: { storageClass: "managed-csi" } },
    buckets: { to: { buckets: ["lake", "loki", "backups", "more"] } },
    rawLogRetentionDays: { to: { rawLogRetentionDays: 7 } },
    seaweedfsChart: { beside: onSeaweed, to: { seaweedfsChart: other } },
    azure: { beside: onAzureBlob, to: { azure: otherAzure } },
    helmValues: { beside: onSeaweed, to: { helmValues: { s3: { replicas: 9 } } } },
    placement: { to: { placement } },
    tags: { beside: onAzureBlob, to: { tags: { owner: "other" } } },
    protectData: { to: { protectData: false } },
  },
};

const read = (prefix: string) => [{ prefix, permission: LakePermission.Read }];
const lakeAccess: Trial<LakeAccessArgs> = {
  args: { lake: lakeConnection(), namespace: "fraud", grants: read("datasets/fraud/") },
  make: (args) => new LakeAccess("fraud-lake", args),
  changes: {
    lake: { to: { lake: otherLake } },
    namespace: { to: { namespace: "other" } },
    secretName: { to: { secretName: "other" } },
    grants: { to: { grants: read("datasets/other/") } },
    placement: { to: { placement } },
  },
};

const onAzure = { database: MlflowDatabase.AzureFlexibleServer, azure, tags: { owner: "ml" } };
const mlflowStack: Trial<MlflowStackArgs> = {
  args: {
    lake: lakeConnection(),
    image: "mlflow:1",
    postgresImage: "postgres:1",
    charts: { cloudNativePg: chart("cloudnative-pg"), barmanCloud: chart("barman") },
  },
  make: (args) => new MlflowStack("mlflow", args),
  changes: {
    lake: { to: { lake: otherLake } },
    image: { to: { image: "mlflow:2" } },
    database: { to: onAzure },
    databaseStorageGiB: { to: { databaseStorageGiB: 64 } },
    databaseInstances: { to: { databaseInstances: 3 } },
    databaseSku: { beside: onAzure, to: { databaseSku: "Standard_E2ds_v5" } },
    backupRetentionDays: { to: { backupRetentionDays: 9 } },
    backupBucket: { to: { backupBucket: "other" } },
    replicas: { to: { replicas: 2 } },
    host: { to: { host: "mlflow.example.com" } },
    people: { to: { people: { oidc, projects: { churn: { viewers: ["analysts"] } } } } },
    azure: { beside: onAzure, to: { azure: otherAzure } },
    charts: { to: { charts: { cloudNativePg: other, barmanCloud: other } } },
    imageRegistry: { to: { imageRegistry: "registry.example.com/mirror" } },
    postgresImage: { to: { postgresImage: "postgres:2" } },
    storageClass: { to: { storageClass: "managed-csi" } },
    enableMonitors: { to: { enableMonitors: false } },
    helmValues: { to: { helmValues: { replicaCount: 9 } } },
    placement: { to: { placement } },
    tags: { beside: onAzure, to: { tags: { owner: "other" } } },
    protectData: { to: { protectData: false } },
  },
};

const observabilityStack: Trial<ObservabilityStackArgs> = {
  args: observabilityArgs,
  make: (args) => new ObservabilityStack("observability", args),
  changes: {
    charts: { to: { charts: { kubePrometheusStack: other, loki: other, alloy: other } } },
    imageRegistry: { to: { imageRegistry: "registry.example.com/mirror" } },
    lake: { to: { lake: otherLake } },
    inferenceTableImage: { to: { inferenceTableImage: "other:1" } },
    logKeeperImage: { to: { logKeeperImage: "other:1" } },
    metricsRetentionDays: { to: { metricsRetentionDays: 7 } },
    metricsStorageGiB: { to: { metricsStorageGiB: 7 } },
    logRetentionDays: { to: { logRetentionDays: 7 } },
    inferenceReplicas: { to: { inferenceReplicas: 3 } },
    inferenceBufferGiB: { to: { inferenceBufferGiB: 7 } },
    inferenceRedaction: {
      to: { inferenceRedaction: [{ path: "$.email", action: RedactionAction.Drop }] },
    },
    inferenceRetentionDays: { to: { inferenceRetentionDays: 7 } },
    inferenceRetentionByNamespace: { to: { inferenceRetentionByNamespace: { churn: 7 } } },
    replicas: { to: { replicas: 3 } },
    grafanaHost: { to: { grafanaHost: "grafana.example.com" } },
    storageClass: { to: { storageClass: "managed-csi" } },
    placement: { to: { placement } },
    helmValues: { to: { helmValues: { loki: { test: { enabled: true } } } } },
    protectData: { to: { protectData: false } },
  },
};

const rayStack: Trial<RayStackArgs> = {
  args: rayArgs,
  make: (args) => new RayStack("ray", args),
  changes: {
    charts: { to: { charts: { kuberay: other, kueue: other } } },
    imageRegistry: { to: { imageRegistry: "registry.example.com/mirror" } },
    cpuQuota: { to: { cpuQuota: 7 } },
    memoryQuotaGiB: { to: { memoryQuotaGiB: 7 } },
    gpuQuota: { to: { gpuQuota: 7 } },
    spot: { to: { spot: true } },
    pooledNodes: { to: { pooledNodes: false } },
    gpuDevicePluginImage: { to: { gpuDevicePluginImage: "plugin:1" } },
    replicas: { to: { replicas: 2 } },
    monitoringNamespace: { to: { monitoringNamespace: "other" } },
    placement: { to: { placement } },
    helmValues: { to: { helmValues: { kuberay: { replicas: 9 } } } },
  },
};

const servingMesh: Trial<ServingMeshArgs> = {
  args: servingArgs,
  make: (args) => new ServingMesh("serving", args),
  changes: {
    charts: { to: { charts: { ...servingArgs.charts, certManager: other } } },
    imageRegistry: { to: { imageRegistry: "registry.example.com/mirror" } },
    registries: { to: { registries: ["acme.azurecr.io"] } },
    knativeVersion: { to: { knativeVersion: "1.21.0" } },
    knativeImages: { to: { knativeImages: { activator: "activator:1" } } },
    domain: { to: { domain: "other.example.com" } },
    modelServerImage: { to: { modelServerImage: "other:1" } },
    lake: { to: { lake: lakeConnection() } },
    replicas: { to: { replicas: 2 } },
    oidc: { to: { oidc } },
    internalLoadBalancer: { beside: { oidc }, to: { internalLoadBalancer: false } },
    allowedIpRanges: { to: { allowedIpRanges: ["198.51.100.0/24"] } },
    skipLoadBalancer: { to: { skipLoadBalancer: true } },
    acme: {
      to: {
        acme: {
          email: "ops@example.com",
          dnsZone: "example.com",
          dnsResourceGroup: "dns",
          dnsSubscriptionId: "00000000-0000-0000-0000-000000000001",
          dnsClientId: "00000000-0000-0000-0000-000000000002",
        },
      },
    },
    placement: { to: { placement } },
    helmValues: { to: { helmValues: { certManager: { replicaCount: 9 } } } },
  },
};

const github = {
  repository: "churn",
  images: { trainingBase: "a:1", logOffloader: "b:1", modelServer: "c:1" },
};
const serving = {
  ingressHost: "models.example.com",
  gateway: "ns/g",
  gatewayNamespace: "istio-system",
  jwtIssuer: "",
};
const mlProject: Trial<MlProjectArgs> = {
  args: {
    lake: lakeConnection(),
    tracking: trackingConnection(),
    serving,
    clusterQueue: "mlplatform",
    ingestKey: "ingest-key",
    inferenceTable: inferenceTableConnection(),
    owner: "growth",
    costCenter: "4711",
    cpuQuota: 8,
    memoryQuotaGiB: 32,
  },
  make: (args) => new MlProject("churn", args),
  changes: {
    lake: { to: { lake: otherLake } },
    tracking: { to: { tracking: trackingConnection({ podPort: 7 }) } },
    serving: { beside: { github }, to: { serving: { ...serving, ingressHost: "b.example.com" } } },
    clusterQueue: { to: { clusterQueue: "other" } },
    ingestKey: { to: { ingestKey: "other" } },
    inferenceTable: { to: { inferenceTable: inferenceTableConnection({ podPort: 7 }) } },
    owner: { to: { owner: "other" } },
    costCenter: { to: { costCenter: "other" } },
    oidc: { beside: { access: { callers: ["shop"] } }, to: { oidc } },
    access: { to: { access: { members: ["11111111-2222-3333-4444-555555555555"] } } },
    cpuQuota: { to: { cpuQuota: 7 } },
    memoryQuotaGiB: { to: { memoryQuotaGiB: 7 } },
    gpuQuota: { to: { gpuQuota: 7 } },
    sharedDatasets: { to: { sharedDatasets: ["weather"] } },
    allowPublicHttps: { to: { allowPublicHttps: true } },
    azure: { to: { azure } },
    registry: { beside: { github }, to: { registry: { id: "/acme", host: "acme.azurecr.io" } } },
    github: { to: { github } },
    placement: { to: { placement } },
    tags: { beside: { azure }, to: { tags: { environment: "test" } } },
    protectData: { to: { protectData: false } },
  },
};

/** Everything about the resources that a component makes, but for itself. */
async function childrenOf(make: () => unknown): Promise<string> {
  const recording = await record(make, {
    ...azureAnswers,
    outputs: (type, name, inputs) =>
      type === "random:index/randomPassword:RandomPassword"
        ? { result: `secret-of-${name}` }
        : azureAnswers.outputs!(type, name, inputs),
  });
  const children = recording.resources.filter(({ custom }) => custom);
  return JSON.stringify(children.map(({ secretInputs: _, ...child }) => child));
}

describe("arguments reach a child", function () {
  this.timeout(120_000);

  // Its kubeconfig is an output, which only a provider takes.
  const outputsOnly = new Set(["kubeLogin"]);

  function tryOut<Args extends object>(component: string, { args, make, changes }: Trial<Args>) {
    // Most changes start from the same arguments.
    const recorded = new Map<string, Promise<string>>();
    const childrenWith = (beside: Partial<Args>): Promise<string> => {
      const key = JSON.stringify(beside);
      const known = recorded.get(key) ?? childrenOf(() => make({ ...args, ...beside }));
      recorded.set(key, known);
      return known;
    };
    for (const [argument, { beside, to }] of Object.entries<Change<Args>>(changes)) {
      it(`${component}.${argument}`, async () => {
        const before = await childrenWith(beside ?? {});
        const changed = await childrenOf(() => make({ ...args, ...beside, ...to }));
        assert.equal(changed === before, outputsOnly.has(argument));
      });
    }
  }

  tryOut("AksPlatform", aksPlatform);
  tryOut("DataLake", dataLake);
  tryOut("LakeAccess", lakeAccess);
  tryOut("MlflowStack", mlflowStack);
  tryOut("ObservabilityStack", observabilityStack);
  tryOut("RayStack", rayStack);
  tryOut("ServingMesh", servingMesh);
  tryOut("MlProject", mlProject);
});
