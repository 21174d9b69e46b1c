import { ingestPath } from "@mlplatform/contracts/ingestAddress";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { ownImages, taggedName } from "../../program/ownImages";
import { preloadedPrefix } from "../../program/publishedImages";
import { objectKinds, typeTokenOf } from "../../policy/rules/objectKinds";
import type { Subject } from "./analyze";

const deploy = resolve(__dirname, "../../workloads/projectTemplate/deploy");
const digits = (count: number) => "0123456789abcdef".repeat(4).slice(0, count);

/** A registry that the stacks of the tests name for their projects. */
export const sharedRegistry = "acme.azurecr.io";

/** What a project's workflow would fill into the template. */
const variables: Record<string, string> = {
  RUN_ID: digits(32),
  DATASET_NAME: "churn/customers",
  DATASET_DIGEST: digits(64),
  GIT_COMMIT: digits(40),
  MODEL_VERSION: "7",
  WORKERS: "2",
  INFERENCE_TABLE_URL: `http://inference-table.observability.svc.cluster.local${ingestPath("ingest-key", "churn")}`,
  LAKE_ENDPOINT: "http://minio.data-lake.svc.cluster.local:9000",
  LAKE_BUCKET: "lake",
  LAKE_REGION: "us-east-1",
  LAKE_ADDRESSING: "path",
  TRAINING_IMAGE: `${sharedRegistry}/churn/training@sha256:${digits(64)}`,
  LOG_OFFLOADER_IMAGE: `${preloadedPrefix}/${taggedName(ownImages.logOffloader)}`,
  MODEL_SERVER_IMAGE: `${preloadedPrefix}/${taggedName(ownImages.modelServer)}`,
};

/** A manifest of the project template with every variable filled in. */
function fromTemplate(file: string, type: string, name: string): Subject {
  const text = readFileSync(resolve(deploy, file), "utf8").replaceAll(
    /\$\{(\w+)\}/g,
    (_, variable: string) => variables[variable] ?? "churn",
  );
  // Through JSON, so that anchors are copies: a test changes one place.
  return { type, name, props: JSON.parse(JSON.stringify(parse(text))) };
}

const container = {
  name: "main",
  image: `${sharedRegistry}/server@sha256:${digits(64)}`,
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
};
const podSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  containers: [container],
  volumes: [{ name: "tmp", emptyDir: {} }],
};
const tags = { owner: "platform", project: "ml", environment: "dev", costCenter: "4711" };
const azure = (token: string) => `azure-native:${token}`;
const subject = (type: string, name: string, props: object, more: Partial<Subject> = {}): Subject =>
  // Each test gets a copy of its own to change.
  structuredClone({ type, name, props, ...more });

/** One compliant resource of each kind that policies look at. */
export const compliant = {
  rayJob: () => fromTemplate("rayJob.yaml", typeTokenOf(objectKinds.rayJob), "train"),
  inferenceService: () =>
    fromTemplate("inferenceService.yaml", typeTokenOf(objectKinds.inferenceService), "churn"),
  rayCluster: () => {
    const { rayClusterSpec } = compliant.rayJob().props.spec;
    const ownerReferences = [{ apiVersion: "ray.io/v1", kind: "RayJob", name: "train", uid: "1" }];
    return subject(typeTokenOf(objectKinds.rayCluster), "train-x", {
      metadata: { name: "train-x", ownerReferences },
      spec: rayClusterSpec,
    });
  },
  rayService: () =>
    subject(typeTokenOf(objectKinds.rayService), "ray-serve", {
      spec: { rayClusterConfig: compliant.rayJob().props.spec.rayClusterSpec },
    }),
  job: () => fromTemplate("resolveModel.yaml", typeTokenOf(objectKinds.job), "resolve"),
  deployment: () =>
    subject(typeTokenOf(objectKinds.deployment), "server", {
      metadata: { name: "server" },
      spec: { replicas: 2, template: { spec: podSpec } },
    }),
  statefulSet: () =>
    subject(
      typeTokenOf(objectKinds.statefulSet),
      "store",
      {
        spec: {
          template: { spec: podSpec },
          volumeClaimTemplates: [{ metadata: { name: "data" } }],
        },
      },
      { protect: true },
    ),
  cronJob: () =>
    subject(typeTokenOf(objectKinds.cronJob), "keeper", {
      spec: {
        jobTemplate: { spec: { activeDeadlineSeconds: 3600, template: { spec: podSpec } } },
      },
    }),
  pod: () => subject(typeTokenOf(objectKinds.pod), "shell", { spec: podSpec }),
  knativeService: () =>
    subject(typeTokenOf(objectKinds.knativeService), "web", {
      spec: { template: { metadata: { annotations: {} }, spec: podSpec } },
    }),
  knativeServing: () =>
    subject(typeTokenOf(objectKinds.knativeServing), "serving", {
      spec: { config: { autoscaler: { "enable-scale-to-zero": "true" } } },
    }),
  namespace: () =>
    subject(typeTokenOf(objectKinds.namespace), "team", {
      metadata: {
        labels: {
          "app.kubernetes.io/part-of": "mlplatform",
          "pod-security.kubernetes.io/enforce": "restricted",
        },
      },
    }),
  loki: () =>
    subject("kubernetes:helm.sh/v3:Release", "loki", {
      chart: "oci://registry.example/charts/loki",
      values: {
        loki: {
          storage: { type: "s3" },
          schemaConfig: { configs: [{ object_store: "s3", store: "tsdb" }] },
        },
      },
    }),
  pool: () =>
    subject(azure("containerservice:AgentPool"), "core-gpu", {
      mode: "User",
      vmSize: "Standard_NC24ads_A100_v4",
      enableAutoScaling: true,
      minCount: 0,
      maxCount: 4,
      nodeTaints: ["nvidia.com/gpu=present:NoSchedule"],
      tags,
    }),
  cluster: () =>
    subject(
      azure("containerservice:ManagedCluster"),
      "core-cluster",
      {
        disableLocalAccounts: true,
        apiServerAccessProfile: { authorizedIPRanges: ["198.51.100.0/24"] },
        agentPoolProfiles: [{ name: "system", mode: "System", minCount: 3 }],
        tags,
      },
      { protect: true },
    ),
  registry: () =>
    subject(
      azure("containerregistry:Registry"),
      "core-registry",
      { adminUserEnabled: false, tags },
      { protect: true },
    ),
  account: () =>
    subject(
      azure("storage:StorageAccount"),
      "core-audit",
      {
        allowBlobPublicAccess: false,
        allowSharedKeyAccess: false,
        networkRuleSet: { defaultAction: "Deny" },
        tags,
      },
      { protect: true },
    ),
  blobContainer: () =>
    subject(azure("storage:BlobContainer"), "core-blobs", { publicAccess: "None" }),
  secret: () =>
    subject("github:index/actionsSecret:ActionsSecret", "churn-tenant", {
      secretName: "AZURE_TENANT_ID",
    }),
  environmentSecret: () =>
    subject("github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret", "churn-client", {
      secretName: "AZURE_CLIENT_ID",
    }),
};

/** A compliant stack: a cluster with what belongs to it, Ray with its lake. */
export function compliantStack(): Subject[] {
  return [
    compliant.cluster(),
    subject(
      azure("monitor:DiagnosticSetting"),
      "core-audit-logs",
      {
        resourceUri: "unknown before the cluster is made",
        workspaceId: "logs",
        logs: [{ category: "kube-audit-admin", enabled: true }],
      },
      { propertyDependencies: { resourceUri: ["core-cluster"] } },
    ),
    subject(azure("consumption:Budget"), "core-budget", {
      notifications: { spent80: { enabled: true, contactEmails: ["ml@example.com"] } },
    }),
    subject("mlplatform:index:RayStack", "ray", {}),
    subject("mlplatform:index:DataLake", "lake", { rawLogRetentionDays: 90 }),
    { ...compliant.namespace(), name: "lake-namespace", protect: true },
    { ...compliant.statefulSet(), propertyDependencies: { metadata: ["lake-namespace"] } },
  ];
}
