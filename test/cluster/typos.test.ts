import assert from "node:assert/strict";
import { applyAll, titleOf } from "./applyAll";
import type { KubeObject } from "./kubeApi";
import { skipWithoutBed } from "./noBed";
import { type StackCluster, prodCluster } from "./stackCluster";
import { templateObjects } from "./stackObjects";

/**
 * Object by kind and name, path to the map that holds a field, the field, and how it is misspelt.
 */
type Typo = [title: string, path: string, field: string, misspelt: string];

const typos: Typo[] = [
  // DataLake
  ["StatefulSet data-lake/minio", "spec", "replicas", "replica"],
  [
    "StatefulSet data-lake/minio",
    "spec.template.spec.containers.0",
    "readinessProbe",
    "readyProbe",
  ],
  ["PodDisruptionBudget data-lake/minio", "spec", "maxUnavailable", "maxUnavailible"],
  ["Service data-lake/minio-headless", "spec", "publishNotReadyAddresses", "publishNotReady"],
  // ObservabilityStack
  [
    "StatefulSet observability/inference-table",
    "spec.template.spec",
    "topologySpreadConstraints",
    "topologySpread",
  ],
  ["ServiceMonitor observability/inference-table", "spec.endpoints.0", "interval", "intervall"],
  [
    "PrometheusRule observability/mlplatform-serving",
    "spec.groups.0.rules.0",
    "expr",
    "expression",
  ],
  ["CronJob observability/log-keeper", "spec", "concurrencyPolicy", "concurencyPolicy"],
  // RayStack
  ["ClusterQueue mlplatform", "spec", "resourceGroups", "resourceGroup"],
  ["ResourceFlavor mlplatform-spot", "spec", "nodeTaints", "taints"],
  [
    "DaemonSet gpu-device-plugin/nvidia-device-plugin",
    "spec.template.spec",
    "tolerations",
    "toleration",
  ],
  // ServingMesh
  [
    "KnativeServing knative-serving/knative-serving",
    "spec",
    "high-availability",
    "highAvailability",
  ],
  [
    "ClusterServingRuntime mlplatform-mlflow",
    "spec.supportedModelFormats.0",
    "autoSelect",
    "autoselect",
  ],
  ["Certificate istio-system/models-tls", "spec", "dnsNames", "dnsName"],
  [
    "AuthorizationPolicy istio-system/models-churn",
    "spec.rules.0.from.0.source",
    "requestPrincipals",
    "requestPrincipal",
  ],
  ["RequestAuthentication istio-system/model-tokens", "spec.jwtRules.0", "jwksUri", "jwksURI"],
  // MlflowStack
  ["Cluster mlflow/mlflow-db", "spec", "instances", "instance"],
  ["Cluster mlflow/mlflow-db", "spec.storage", "storageClass", "storageClassName"],
  ["ObjectStore mlflow/mlflow-db-backups", "spec", "retentionPolicy", "retention"],
  ["ScheduledBackup mlflow/mlflow-db-daily", "spec", "backupOwnerReference", "ownerReference"],
  [
    "Deployment mlflow/mlflow",
    "spec.template.spec.containers.0.securityContext",
    "readOnlyRootFilesystem",
    "readOnlyRootFileSystem",
  ],
  // MlProject
  ["ResourceQuota churn/project", "spec", "hard", "limits"],
  ["LocalQueue churn/default", "spec", "clusterQueue", "queue"],
  ["RoleBinding churn/deployer", "subjects.0", "apiGroup", "apiGroups"],
  // AdmissionPolicies
  [
    "ValidatingAdmissionPolicy mlplatform-ray-require-lineage",
    "spec.validations.0",
    "messageExpression",
    "messageExpr",
  ],
  // project template
  ["InferenceService churn/churn-model-staging", "spec.predictor", "minReplicas", "minReplica"],
  [
    "InferenceService churn/churn-model-staging",
    "spec.predictor.logger",
    "metadataAnnotations",
    "annotations",
  ],
  ["RayJob churn/rayjob-1", "spec", "ttlSecondsAfterFinished", "ttlSecondsAfterFinish"],
  ["RayJob churn/rayjob-1", "spec.rayClusterSpec.workerGroupSpecs.0", "minReplicas", "minReplica"],
];

describe("a misspelt field", function () {
  this.timeout(3_600_000);
  before(skipWithoutBed);
  let at: StackCluster;
  let objects: Map<string, KubeObject>;

  before(async () => {
    at = await prodCluster();
    assert.deepEqual(at.refused, []);
    const all = [...at.objects.map(({ object }) => object), ...templateObjects("churn")];
    objects = new Map(all.map((object) => [titleOf(object), object]));
  });

  it("is tried in at least 20 places, in every component", () => {
    assert.ok(typos.length >= 20, `${typos.length} places`);
  });

  for (const [title, path, field, misspelt] of typos) {
    it(`${misspelt} for ${field} in ${title} is refused by name`, async () => {
      const object = objects.get(title);
      assert.ok(object, `prod has no ${title}; it has ${[...objects.keys()].join(", ")}`);
      const bad = structuredClone(object);
      const map = path.split(".").reduce<any>((value, key) => value[key], bad);
      assert.ok(
        field in map,
        `${title} has no ${path}.${field}; it has ${Object.keys(map).join(", ")}`,
      );
      map[misspelt] = map[field];
      delete map[field];
      const [refusal, ...more] = await applyAll(at.cluster.api, [bad], true);
      assert.deepEqual(more, []);
      assert.ok(refusal?.startsWith(`${title}: `), `${refusal}`);
      assert.match(refusal!, new RegExp(`\\b${misspelt}\\b`));
    });
  }
});
