import { compliant } from "../compliant";
import { change, mutate, mutateStack, without, type Mutation } from "../mutations";
import { drop, head, sidecar, variable, worker } from "../rayPods";

/**
 * How many variables the template gives the head's log offloader; a changed one goes to their end.
 */
const variables: number = sidecar(compliant.rayJob().props).env.length;

/** What the policies of this area refuse. */
export const logOffloadingMutations: Mutation[] = [
  ...mutate("mlplatform-ray-require-log-offloader", "rayJob", [
    [
      "no init containers",
      (p) => {
        delete head(p).spec.initContainers;
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template: it has no init container ' +
        "log-offloader: add it to initContainers, as the project template's " +
        "deploy/rayJob.yaml does.",
    ],
    [
      "the sidecar under another name",
      (p) => {
        sidecar(p).name = "log-shipper";
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template: it has no init container ' +
        "log-offloader: add it to initContainers, as the project template's " +
        "deploy/rayJob.yaml does.",
    ],
    [
      "the sidecar among the containers of a worker",
      (p) => {
        const { spec } = worker(p);
        spec.containers.push(...spec.initContainers.splice(0));
      },
      'RayJob "train", spec.rayClusterSpec.workerGroupSpecs[0].template: it has no init ' +
        "container log-offloader: add it to initContainers, as the project template's " +
        "deploy/rayJob.yaml does.",
    ],
    [
      "a sidecar that runs once",
      (p) => {
        delete sidecar(p).restartPolicy;
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has restartPolicy unset: set it to Always.",
    ],
    [
      "a sidecar that restarts on failure",
      (p) => {
        worker(p).spec.initContainers[0].restartPolicy = "OnFailure";
      },
      'RayJob "train", ' +
        "spec.rayClusterSpec.workerGroupSpecs[0].template.spec.initContainers[0]: " +
        'log-offloader has restartPolicy "OnFailure": set it to Always.',
    ],
    [
      "no volumes",
      (p) => {
        delete head(p).spec.volumes;
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template: it has no emptyDir volume ' +
        "ray-logs: add { name: ray-logs, emptyDir: { sizeLimit: 10Gi } } to volumes.",
    ],
    [
      "logs on another kind of volume",
      (p) => {
        const claim = { claimName: "ray-logs" };
        worker(p).spec.volumes[0] = { name: "ray-logs", persistentVolumeClaim: claim };
      },
      'RayJob "train", spec.rayClusterSpec.workerGroupSpecs[0].template: it has no emptyDir ' +
        "volume ray-logs: add { name: ray-logs, emptyDir: { sizeLimit: 10Gi } } to volumes.",
    ],
    [
      "the volume under another name",
      (p) => {
        head(p).spec.volumes[0].name = "logs";
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template: it has no emptyDir volume ' +
        "ray-logs: add { name: ray-logs, emptyDir: { sizeLimit: 10Gi } } to volumes.",
    ],
    [
      "a volume without a limit",
      (p) => {
        head(p).spec.volumes[0].emptyDir = {};
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.volumes[0]: ' +
        "emptyDir.sizeLimit of the volume ray-logs is unset: set it to what the node can " +
        "spare, e.g. 10Gi.",
    ],
    [
      "a memory volume without a limit",
      (p) => {
        worker(p).spec.volumes[0].emptyDir = { medium: "Memory" };
      },
      'RayJob "train", spec.rayClusterSpec.workerGroupSpecs[0].template.spec.volumes[0]: ' +
        "emptyDir.sizeLimit of the volume ray-logs is unset: set it to what the node can " +
        "spare, e.g. 10Gi.",
    ],
    [
      "a sidecar that does not mount the logs",
      (p) => {
        sidecar(p).volumeMounts = [];
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader does not mount ray-logs for writing at /tmp/ray: add { name: ray-logs, " +
        "mountPath: /tmp/ray } to its volumeMounts.",
    ],
    [
      "a sidecar that mounts the logs elsewhere",
      (p) => {
        sidecar(p).volumeMounts[0].mountPath = "/logs";
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader does not mount ray-logs for writing at /tmp/ray: add { name: ray-logs, " +
        "mountPath: /tmp/ray } to its volumeMounts.",
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]' +
        '.volumeMounts[0]: log-offloader mounts something at "/logs": leave /tmp/ray and /tmp.',
    ],
    [
      "a sidecar that cannot write its checkpoints",
      (p) => {
        sidecar(p).volumeMounts[0].readOnly = true;
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader does not mount ray-logs for writing at /tmp/ray: add { name: ray-logs, " +
        "mountPath: /tmp/ray } to its volumeMounts.",
    ],
    [
      "a Ray container without the mount",
      (p) => {
        delete head(p).spec.containers[0].volumeMounts;
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.containers[0]: ' +
        'container "ray-head" does not mount ray-logs for writing at /tmp/ray: add { name: ' +
        "ray-logs, mountPath: /tmp/ray } to its volumeMounts.",
    ],
    [
      "a Ray container that mounts a part",
      (p) => {
        worker(p).spec.containers[0].volumeMounts[0].subPath = "session";
      },
      'RayJob "train", spec.rayClusterSpec.workerGroupSpecs[0].template.spec.containers[0]: ' +
        'container "ray-worker" does not mount ray-logs for writing at /tmp/ray: add { name: ' +
        "ray-logs, mountPath: /tmp/ray } to its volumeMounts.",
    ],
    [
      "no MLP_LAKE_BUCKET",
      (p) => {
        drop(sidecar(p), "MLP_LAKE_BUCKET");
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has no variable MLP_LAKE_BUCKET with a value: add MLP_LAKE_BUCKET to " +
        "its env.",
    ],
    [
      "an empty MLP_LAKE_BUCKET",
      (p) => {
        variable(sidecar(p), "MLP_LAKE_BUCKET", { value: "" });
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has no variable MLP_LAKE_BUCKET with a value: add MLP_LAKE_BUCKET to " +
        "its env.",
    ],
    [
      "no MLP_LAKE_ENDPOINT",
      (p) => {
        drop(sidecar(p), "MLP_LAKE_ENDPOINT");
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has no variable MLP_LAKE_ENDPOINT with a value: add MLP_LAKE_ENDPOINT " +
        "to its env.",
    ],
    [
      "an empty MLP_LAKE_ENDPOINT",
      (p) => {
        variable(sidecar(p), "MLP_LAKE_ENDPOINT", { value: "" });
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has no variable MLP_LAKE_ENDPOINT with a value: add MLP_LAKE_ENDPOINT " +
        "to its env.",
    ],
    [
      "no MLP_NAMESPACE",
      (p) => {
        drop(sidecar(p), "MLP_NAMESPACE");
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has no variable MLP_NAMESPACE with a value: add MLP_NAMESPACE to its " +
        "env.",
    ],
    [
      "an empty MLP_NAMESPACE",
      (p) => {
        variable(sidecar(p), "MLP_NAMESPACE", { value: "" });
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has no variable MLP_NAMESPACE with a value: add MLP_NAMESPACE to its " +
        "env.",
    ],
    [
      "no MLP_CLUSTER",
      (p) => {
        drop(sidecar(p), "MLP_CLUSTER");
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has no variable MLP_CLUSTER with a value: add MLP_CLUSTER to its env.",
    ],
    [
      "an empty MLP_CLUSTER",
      (p) => {
        variable(sidecar(p), "MLP_CLUSTER", { value: "" });
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has no variable MLP_CLUSTER with a value: add MLP_CLUSTER to its env.",
    ],
    [
      "no MLP_NODE",
      (p) => {
        drop(sidecar(p), "MLP_NODE");
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has no variable MLP_NODE with a value: add MLP_NODE to its env.",
    ],
    [
      "an empty MLP_NODE",
      (p) => {
        variable(sidecar(p), "MLP_NODE", { value: "" });
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has no variable MLP_NODE with a value: add MLP_NODE to its env.",
    ],
    [
      "no MLP_ROLE",
      (p) => {
        drop(sidecar(p), "MLP_ROLE");
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has no variable MLP_ROLE with a value: add MLP_ROLE to its env.",
    ],
    [
      "an empty MLP_ROLE",
      (p) => {
        variable(sidecar(p), "MLP_ROLE", { value: "" });
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has no variable MLP_ROLE with a value: add MLP_ROLE to its env.",
    ],
    [
      "a key in plain text",
      (p) => {
        variable(sidecar(p), "AWS_SECRET_ACCESS_KEY", { value: "minio123" });
      },
      `RayJob "train", ` +
        "spec.rayClusterSpec.headGroupSpec.template.spec." +
        `initContainers[0].env[${variables - 1}]: ` +
        `log-offloader has "AWS_SECRET_ACCESS_KEY" in plain text: take it from a Secret by ` +
        "valueFrom.secretKeyRef.",
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY by secretKeyRef " +
        "nor a workload identity: take both from the project's Secret lake-credentials.",
    ],
    [
      "a session token in plain text",
      (p) => {
        sidecar(p).env.push({ name: "AWS_SESSION_TOKEN", value: "x" });
      },
      `RayJob "train", ` +
        `spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0].env[${variables}]: ` +
        `log-offloader has "AWS_SESSION_TOKEN" in plain text: take it from a Secret by ` +
        "valueFrom.secretKeyRef.",
    ],
    [
      "no credential",
      (p) => {
        drop(sidecar(p), "AWS_ACCESS_KEY_ID");
        drop(sidecar(p), "AWS_SECRET_ACCESS_KEY");
        delete head(p).metadata.labels["azure.workload.identity/use"];
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY by secretKeyRef " +
        "nor a workload identity: take both from the project's Secret lake-credentials.",
    ],
    [
      "half a credential",
      (p) => {
        drop(sidecar(p), "AWS_SECRET_ACCESS_KEY");
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY by secretKeyRef " +
        "nor a workload identity: take both from the project's Secret lake-credentials.",
    ],
    [
      "a key from a ConfigMap",
      (p) => {
        variable(sidecar(p), "AWS_ACCESS_KEY_ID", {
          valueFrom: { configMapKeyRef: { name: "keys", key: "id" } },
        });
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]: ' +
        "log-offloader has neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY by secretKeyRef " +
        "nor a workload identity: take both from the project's Secret lake-credentials.",
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template.spec.initContainers[0]' +
        `.env[${variables - 1}]: log-offloader has another AWS_ACCESS_KEY_ID than the ` +
        "platform's: take it from the project's Secret lake-credentials.",
    ],
    [
      "no grace period",
      (p) => {
        delete head(p).spec.terminationGracePeriodSeconds;
      },
      'RayJob "train", spec.rayClusterSpec.headGroupSpec.template: ' +
        "terminationGracePeriodSeconds is unset: set it to at least 120.",
    ],
    [
      "half a minute of grace",
      (p) => {
        worker(p).spec.terminationGracePeriodSeconds = 30;
      },
      'RayJob "train", spec.rayClusterSpec.workerGroupSpecs[0].template: ' +
        "terminationGracePeriodSeconds is 30: set it to at least 120.",
    ],
  ]),
  ...mutate("mlplatform-ray-require-log-offloader", "rayCluster", [
    [
      "no sidecar on the head",
      (p) => {
        delete p.spec.headGroupSpec.template.spec.initContainers;
      },
      'RayCluster "train-x", spec.headGroupSpec.template: it has no init container ' +
        "log-offloader: add it to initContainers, as the project template's " +
        "deploy/rayJob.yaml does.",
    ],
  ]),
  ...mutate("mlplatform-logs-require-object-storage", "loki", [
    [
      "files on a disk",
      (p) => {
        p.values.loki.storage.type = "filesystem";
      },
      'Release "loki" has loki.storage.type filesystem: set it to s3, azure or gcs.',
    ],
    [
      "an index on object storage, chunks on a disk",
      (p) => {
        p.values.loki.schemaConfig.configs[0].object_store = "filesystem";
      },
      'Release "loki" has object_store filesystem in loki.schemaConfig.configs: set it to ' +
        "loki.storage.type.",
    ],
    [
      "the chart's default",
      (p) => {
        p.values = {};
      },
      'Release "loki" has loki.storage.type unset: set it to s3, azure or gcs.',
    ],
    [
      "files on a disk, by the chart's archive in a folder",
      (p) => {
        p.chart = "../charts/loki-18.11.0.tgz";
        p.values.loki.storage.type = "filesystem";
      },
      'Release "loki" has loki.storage.type filesystem: set it to s3, azure or gcs.',
    ],
  ]),
  ...mutateStack("mlplatform-lake-require-log-retention", [
    [
      "no lake",
      (stack) => without(stack, "lake"),
      'RayStack "ray" has no DataLake in its stack: add one for its logs.',
    ],
    [
      "a lake without retention",
      (stack) => change(stack, "lake", (props) => delete props.rawLogRetentionDays),
      'DataLake "lake" has rawLogRetentionDays unset: set it to the days that Ray\'s logs ' +
        "are kept.",
    ],
  ]),
  ...mutateStack("mlplatform-aks-require-diagnostic-settings", [
    [
      "no setting",
      (stack) => without(stack, "core-audit-logs"),
      'Cluster "core-cluster" has no DiagnosticSetting: add one with the category ' +
        "kube-audit-admin enabled and a workspaceId or storageAccountId.",
    ],
    [
      "a setting of another cluster",
      (stack) =>
        change(stack, "core-audit-logs", (_, subject) => (subject.propertyDependencies = {})),
      'Cluster "core-cluster" has no DiagnosticSetting: add one with the category ' +
        "kube-audit-admin enabled and a workspaceId or storageAccountId.",
    ],
    [
      "audit logs off",
      (stack) => change(stack, "core-audit-logs", (props) => (props.logs[0].enabled = false)),
      'Cluster "core-cluster" has none that sends an audit log away: add one with the ' +
        "category kube-audit-admin enabled and a workspaceId or storageAccountId.",
    ],
    [
      "metrics only",
      (stack) => change(stack, "core-audit-logs", (props) => (props.logs = [])),
      'Cluster "core-cluster" has none that sends an audit log away: add one with the ' +
        "category kube-audit-admin enabled and a workspaceId or storageAccountId.",
    ],
  ]),
];
