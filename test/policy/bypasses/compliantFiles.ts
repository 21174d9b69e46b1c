import { stringify } from "yaml";
import type { KubeObject } from "../../cluster/kubeApi";
import {
  type Base,
  bases,
  type Change,
  changed,
  headOf,
  object,
  offloaderOf,
  podOf,
  podSpec,
  securedContainers,
  setVariable,
  workerOf,
} from "./bypass";

/** What no policy may say a word about. */
export interface CompliantFile {
  title: string;
  object: KubeObject;
  files: Record<string, string | Uint8Array>;
  /** Why the API server is not asked. */
  notAtAdmission?: string;
}

const digest = `sha256:${"0a".repeat(32)}`;
const knative = (name: string) => `autoscaling.knative.dev/${name}`;

/** [what it begins from, what is different, how] */
const rows: [base: Base, title: string, change: Change][] = [
  ["rayJob", "a GPU in the workers", (o) => (gpuOf(workerOf(o))["nvidia.com/gpu"] = "1")],
  [
    "rayJob",
    "a port of its own",
    (o) => (workerOf(o).containers[0].ports = [{ containerPort: 80 }]),
  ],
  ["rayJob", "HTTP for its submission", (o) => (o.spec.submissionMode = "HTTPMode")],
  ["rayJob", "a week", (o) => (o.spec.activeDeadlineSeconds = 604_800)],
  ["rayJob", "a cluster that goes at once", (o) => (o.spec.ttlSecondsAfterFinished = 0)],
  ["rayJob", "the head's default Service", (o) => (headGroup(o).serviceType = "ClusterIP")],
  ["rayJob", "a longer grace period", (o) => (headOf(o).terminationGracePeriodSeconds = 600)],
  ["rayJob", "cluster DNS, said", (o) => (headOf(o).dnsPolicy = "ClusterFirst")],
  ["rayJob", "the default scheduler, said", (o) => (headOf(o).schedulerName = "default-scheduler")],
  ["rayJob", "another user", (o) => (headOf(o).securityContext.runAsUser = 4000)],
  [
    "rayJob",
    "an emptyDir for Ray's /tmp",
    (o) => {
      headOf(o).volumes.push({ name: "scratch", emptyDir: {} });
      headOf(o).containers[0].volumeMounts.push({ name: "scratch", mountPath: "/tmp" });
    },
  ],
  [
    "rayJob",
    "a cache in a hidden folder",
    (o) => {
      headOf(o).volumes.push({ name: "cache", emptyDir: {} });
      headOf(o).containers[0].volumeMounts.push({ name: "cache", mountPath: "/home/ray/.cache" });
    },
  ],
  [
    "rayJob",
    "a folder that begins as Ray's",
    (o) => {
      headOf(o).volumes.push({ name: "other", emptyDir: {} });
      headOf(o).containers[0].volumeMounts.push({ name: "other", mountPath: "/tmp/rays" });
    },
  ],
  [
    "rayJob",
    "a claim and a ConfigMap",
    (o) =>
      workerOf(o).volumes.push(
        { name: "data", persistentVolumeClaim: { claimName: "data" } },
        { name: "settings", configMap: { name: "settings" } },
      ),
  ],
  ["rayJob", "settings of Ray", (o) => (headGroup(o).rayStartParams["object-store-memory"] = "1")],
  [
    "rayJob",
    "variables of Ray",
    (o) => {
      setVariable(headOf(o).containers[0], "RAY_memory_usage_threshold", { value: "0.9" });
    },
  ],
  [
    "rayJob",
    "a smaller buffer of the offloader",
    (o) => {
      setVariable(offloaderOf(o), "MLP_LOG_MIB", { value: "512" });
    },
  ],
  [
    "rayJob",
    "the lake by the short name of its Service",
    (o) => {
      const endpoint = { value: "http://minio.data-lake.svc:9000" };
      setVariable(offloaderOf(o), "MLP_LAKE_ENDPOINT", endpoint);
    },
  ],
  [
    "rayJob",
    "an offloader that signs in by workload identity",
    (o) => {
      const offloader = offloaderOf(o);
      offloader.env = offloader.env.filter(({ name }: any) => !name.startsWith("AWS_"));
    },
  ],
  [
    "rayJob",
    "further init containers",
    (o) => {
      const [container] = securedContainers();
      headOf(o).initContainers.push({ ...container, name: "fetch" });
    },
  ],
  [
    "rayJob",
    "a second worker group",
    (o) => {
      const groups = o.spec.rayClusterSpec.workerGroupSpecs;
      groups.push({ ...structuredClone(groups[0]), groupName: "gpu" });
    },
  ],
  [
    "rayJob",
    "twenty worker groups and two hundred variables",
    (o) => {
      const groups = o.spec.rayClusterSpec.workerGroupSpecs;
      for (let index = 0; index < 20; index++) {
        groups.push({ ...structuredClone(groups[0]), groupName: `group-${index}` });
        for (let variable = 0; variable < 10; variable++) {
          setVariable(headOf(o).containers[0], `A_${index}_${variable}`, { value: "a" });
        }
      }
    },
  ],
  ["rayJob", "no word on its submission", (o) => delete o.spec.submissionMode],
  [
    "rayJob",
    "an image by tag and digest",
    (o) => (workerOf(o).containers[0].image = `acme.azurecr.io/a/b:latest@${digest}`),
  ],
  ["rayCronJob", "every night", () => undefined],
  ["rayCluster", "of a RayJob", () => undefined],
  [
    "inferenceService",
    "no word on its mode",
    (o) => delete o.metadata.annotations["serving.kserve.io/deploymentMode"],
  ],
  [
    "inferenceService",
    "the mode's older name",
    (o) => (o.metadata.annotations["serving.kserve.io/deploymentMode"] = "Serverless"),
  ],
  [
    "inferenceService",
    "a target of requests",
    (o) => (o.metadata.annotations[knative("target")] = "10"),
  ],
  [
    "inferenceService",
    "Knative's own autoscaler, said",
    (o) => (o.spec.predictor.annotations = { [knative("class")]: "kpa.autoscaling.knative.dev" }),
  ],
  [
    "inferenceService",
    "a last replica of ten minutes",
    (o) => (o.metadata.annotations[knative("scale-to-zero-pod-retention-period")] = "10m"),
  ],
  ["inferenceService", "scaled by requests", (o) => (o.spec.predictor.scaleMetric = "rps")],
  [
    "inferenceService",
    "a transformer from zero",
    (o) => {
      const { securityContext } = podSpec();
      const containers = securedContainers();
      o.spec.transformer = { minReplicas: 0, securityContext, containers };
    },
  ],
  [
    "inferenceService",
    "an image of its own by digest",
    (o) => (o.spec.predictor.model.image = `acme.azurecr.io/server@${digest}`),
  ],
  [
    "inferenceService",
    "a security context left to the runtime",
    (o) => delete o.spec.predictor.model.securityContext,
  ],
  ["custom", "containers of its own", () => undefined],
  ["sklearn", "a framework's field", () => undefined],
  ["inferenceGraph", "from zero", () => undefined],
  ["servingRuntime", "a runtime of its own", () => undefined],
  ["knativeService", "a floor of zero", (o) => (templateOf(o)[knative("min-scale")] = "0")],
  ["knativeService", "a ceiling", (o) => (templateOf(o)[knative("max-scale")] = "5")],
  ["configuration", "as it is", () => undefined],
  ["revision", "as it is", () => undefined],
  ["job", "as the template has it", () => undefined],
  ["job", "an hour", (o) => (o.spec.activeDeadlineSeconds = 3600)],
  ["cronJob", "every night", () => undefined],
  ["deployment", "a low port", (o) => (capabilitiesOf(o).add = ["NET_BIND_SERVICE"])],
  [
    "deployment",
    "an image of the platform",
    (o) => (podOf(o).containers[0].image = "kserve/agent:v0.20.0"),
  ],
  [
    "deployment",
    "a GPU of a Knative revision",
    (o) => {
      const owner = { apiVersion: "serving.knative.dev/v1", kind: "Revision", name: "a", uid: "1" };
      o.metadata.ownerReferences = [owner];
      podOf(o).containers[0].resources = { limits: { "nvidia.com/gpu": "1" } };
    },
  ],
  [
    "replicaSet",
    "a GPU of a Deployment",
    (o) => {
      const owner = { apiVersion: "apps/v1", kind: "Deployment", name: "a", uid: "1" };
      o.metadata.ownerReferences = [owner];
      podOf(o).containers[0].resources = { limits: { "nvidia.com/gpu": "1" } };
    },
  ],
  [
    "pod",
    "AppArmor and SELinux as they are",
    (o) => {
      o.spec.securityContext.appArmorProfile = { type: "RuntimeDefault" };
      o.spec.securityContext.seLinuxOptions = { level: "s0:c1,c2" };
    },
  ],
  [
    "pod",
    "a safe parameter of the kernel",
    (o) =>
      (o.spec.securityContext.sysctls = [
        { name: "net.ipv4.ip_unprivileged_port_start", value: "0" },
      ]),
  ],
  [
    "pod",
    "every kind of volume that is allowed",
    (o) =>
      (o.spec.volumes = [
        { name: "a", emptyDir: { medium: "Memory" } },
        { name: "b", configMap: { name: "b" } },
        { name: "c", secret: { secretName: "c" } },
        { name: "d", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
        {
          name: "e",
          downwardAPI: { items: [{ path: "a", fieldRef: { fieldPath: "metadata.name" } }] },
        },
        { name: "f", persistentVolumeClaim: { claimName: "f" } },
        { name: "g", csi: { driver: "secrets-store.csi.k8s.io" } },
      ]),
  ],
];

const headGroup = (job: any) => job.spec.rayClusterSpec.headGroupSpec;
const gpuOf = (pod: any) => pod.containers[0].resources.limits;
const templateOf = (service: any) => service.spec.template.metadata.annotations;
const capabilitiesOf = (of: any) => podOf(of).containers[0].securityContext.capabilities;

const changes = rows.map(([base, title, change]): CompliantFile => {
  const made = changed(base, change);
  return { title: `${made.kind}: ${title}`, object: made, files: { "a.yaml": stringify(made) } };
});

const text = (of: KubeObject) => stringify(of);
const withFile = (title: string, made: KubeObject, name: string, content: string | Uint8Array) => ({
  title,
  object: made,
  files: { [name]: content },
});
const named = (name: string): CompliantFile => {
  const made = bases.pod();
  made.metadata = { ...made.metadata, name };
  return {
    title: `Pod: the name ${name}`,
    object: made,
    files: { "a.yaml": text(made) },
    ...(!/^[a-z]+$/.test(name) && { notAtAdmission: "the API server takes no such name" }),
  };
};

/** Everything that complies, as its author may have written it. */
export const compliantFiles: CompliantFile[] = [
  ...changes,
  ...["constructor", "__proto__", "toString", "hasOwnProperty"].map(named),
  withFile("RayJob: in JSON", bases.rayJob(), "a.json", JSON.stringify(bases.rayJob())),
  withFile(
    "RayJob: in UTF-16",
    bases.rayJob(),
    "a.yaml",
    Buffer.from(`\uFEFF${text(bases.rayJob())}`, "utf16le"),
  ),
  withFile(
    "Job: in a list",
    bases.job(),
    "a.yaml",
    stringify({ apiVersion: "v1", kind: "List", items: [bases.job()] }),
  ),
  withFile(
    "Pod: no for false",
    bases.pod(),
    "a.yaml",
    text(bases.pod()).replace("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: no"),
  ),
  {
    title: "InferenceService: a version that looks like a date",
    object: changed("inferenceService", (o) => {
      o.metadata.annotations["mlplatform.dev/dataset-version"] = "2026-01-31";
    }),
    files: {
      "a.yaml": text(bases.inferenceService()).replace(
        /(mlplatform\.dev\/dataset-version: ).*/,
        "$12026-01-31",
      ),
    },
  },
  {
    title: "ConfigMap: a key named containers",
    object: object("v1", "ConfigMap", { data: { containers: "a", __proto__: "b" } }),
    files: {
      "a.yaml": stringify(object("v1", "ConfigMap", { data: { containers: "a", image: "b" } })),
    },
  },
];
