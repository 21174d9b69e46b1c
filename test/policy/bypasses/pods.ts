import {
  type Attempt,
  attempts,
  type Base,
  type Bypass,
  headOf,
  podOf,
  podSpec,
  securedContainers,
  workerOf,
} from "./bypass";

const root = (container: any) => (container.securityContext.runAsUser = 0);
const isRoot = /runAsUser 0, which is root/;

const templated: Base[] = [
  "pod",
  "deployment",
  "replicaSet",
  "replicationController",
  "statefulSet",
  "daemonSet",
  "job",
  "cronJob",
  "knativeService",
  "configuration",
  "revision",
];
const frameworks = [
  "huggingface",
  "lightgbm",
  "onnx",
  "paddle",
  "pmml",
  "pytorch",
  "tensorflow",
  "triton",
  "xgboost",
];

/** One thing that is wrong, in every kind that holds pods, wherever it holds them. */
const everywhere: Attempt[] = [
  ...templated.map((base): Attempt => [
    base,
    "root in its pod",
    (o) => root(podOf(o).containers[0]),
    isRoot,
  ]),
  ["podTemplate", "root in its pod", (o) => root(o.template.spec.containers[0]), isRoot],
  ["rayJob", "root in the head", (o) => root(headOf(o).containers[0]), isRoot],
  ["rayJob", "root in a worker", (o) => root(workerOf(o).containers[0]), isRoot],
  [
    "rayJob",
    "root in the submitter",
    (o) => root(o.spec.submitterPodTemplate.spec.containers[0]),
    isRoot,
  ],
  [
    "rayJob",
    "root in the autoscaler",
    (o) => (o.spec.rayClusterSpec.autoscalerOptions = { securityContext: { runAsUser: 0 } }),
    isRoot,
  ],
  [
    "rayCronJob",
    "root in the head of its jobs",
    (o) => root(headOf({ spec: o.spec.jobTemplate }).containers[0]),
    isRoot,
  ],
  [
    "rayCluster",
    "root in the head",
    (o) => root(headOf({ spec: { rayClusterSpec: o.spec } }).containers[0]),
    isRoot,
  ],
  ["servingRuntime", "root in its container", (o) => root(o.spec.containers[0]), isRoot],
  [
    "servingRuntime",
    "root in its workers",
    (o) => {
      o.spec.workerSpec = { containers: securedContainers() };
      root(o.spec.workerSpec.containers[0]);
    },
    isRoot,
  ],
  ["custom", "root in a container of its own", (o) => root(o.spec.predictor.containers[0]), isRoot],
  [
    "inferenceService",
    "root laid over the runtime's container",
    (o) => root(o.spec.predictor.model),
    isRoot,
  ],
  ["sklearn", "root in predictor.sklearn", (o) => root(o.spec.predictor.sklearn), isRoot],
  ...frameworks.map((framework): Attempt => [
    "sklearn",
    `privileges in predictor.${framework}`,
    (o) => {
      const { sklearn, ...predictor } = o.spec.predictor;
      const laidOver = { ...sklearn, securityContext: { privileged: true } };
      o.spec.predictor = { ...predictor, [framework]: laidOver };
    },
    /securityContext\.privileged true/,
  ]),
  [
    "inferenceService",
    "root in a transformer",
    (o) => {
      o.spec.transformer = { minReplicas: 0, containers: securedContainers() };
      root(o.spec.transformer.containers[0]);
    },
    isRoot,
  ],
  [
    "inferenceService",
    "root in an explainer",
    (o) => {
      const art = { type: "SquareAttack", securityContext: { runAsUser: 0 } };
      o.spec.explainer = { minReplicas: 0, art };
    },
    isRoot,
  ],
  [
    "inferenceService",
    "root in a canary",
    (o) => {
      o.spec.canary = [{ predictor: structuredClone(o.spec.predictor), trafficPercent: 10 }];
      root(o.spec.canary[0].predictor.model);
    },
    isRoot,
  ],
];

const inDeployment = (title: string, change: (pod: any) => void, says: RegExp): Attempt => [
  "deployment",
  title,
  (o) => {
    change(podOf(o));
  },
  says,
];
const container = (title: string, context: object, says: RegExp) =>
  inDeployment(
    title,
    (pod) => Object.assign(pod.containers[0].securityContext, structuredClone(context)),
    says,
  );
const pod = (title: string, context: object, says: RegExp) =>
  inDeployment(
    title,
    (spec) => Object.assign(spec.securityContext, structuredClone(context)),
    says,
  );
const volume = (title: string, source: object, says = /is of another kind/) =>
  inDeployment(title, ({ volumes }) => volumes.push({ name: "extra", ...source }), says);

/** Everything that the restricted standard knows, one by one. */
const standard: Attempt[] = [
  inDeployment("the network of the node", (spec) => (spec.hostNetwork = true), /hostNetwork is/),
  inDeployment("processes of the node", (spec) => (spec.hostPID = true), /hostPID is true/),
  inDeployment("memory of the node", (spec) => (spec.hostIPC = true), /hostIPC is true/),
  inDeployment(
    "a port of the node",
    (spec) => (spec.containers[0].ports = [{ containerPort: 80, hostPort: 80 }]),
    /hostPort 80/,
  ),
  pod("root by its number, for the pod", { runAsUser: 0 }, isRoot),
  container("root allowed", { runAsNonRoot: false }, /runAsNonRoot false/),
  inDeployment(
    "another view of /proc",
    (spec) => {
      spec.hostUsers = false;
      spec.containers[0].securityContext.procMount = "Unmasked";
    },
    /procMount "Unmasked"/,
  ),
  container("escalation", { allowPrivilegeEscalation: true }, /allowPrivilegeEscalation true/),
  container(
    "a capability",
    { capabilities: { drop: ["ALL"], add: ["SYS_PTRACE"] } },
    /capabilities\.add/,
  ),
  container("capabilities kept", { capabilities: { drop: ["all"] } }, /capabilities\.drop/),
  container("no seccomp", { seccompProfile: { type: "Unconfined" } }, /seccompProfile\.type/),
  pod("no seccomp, for the pod", { seccompProfile: { type: "Unconfined" } }, /"Unconfined"/),
  container("no AppArmor", { appArmorProfile: { type: "Unconfined" } }, /appArmorProfile\.type/),
  pod("no AppArmor, for the pod", { appArmorProfile: { type: "Unconfined" } }, /appArmorProfile/),
  container("a type of SELinux", { seLinuxOptions: { type: "spc_t" } }, /seLinuxOptions/),
  pod("a user of SELinux", { seLinuxOptions: { user: "system_u" } }, /seLinuxOptions/),
  pod(
    "a parameter of the kernel",
    { sysctls: [{ name: "kernel.msgmax", value: "1" }] },
    /sysctls has "kernel\.msgmax"/,
  ),
  pod(
    "a process of a Windows node",
    { windowsOptions: { hostProcess: true } },
    /windowsOptions\.hostProcess true/,
  ),
  inDeployment(
    "root in an init container",
    (spec) => {
      spec.initContainers = [{ ...structuredClone(spec.containers[0]), name: "init" }];
      root(spec.initContainers[0]);
    },
    isRoot,
  ),
  volume("a path of the node", { hostPath: { path: "/" } }, /mounts "\/" of the node/),
  volume("a share by NFS", { nfs: { server: "10.0.0.1", path: "/" } }),
  volume("a disk by iSCSI", {
    iscsi: { targetPortal: "10.0.0.1:3260", iqn: "iqn.2001-04.com.example:storage", lun: 0 },
  }),
  volume("a repository by git", { gitRepo: { repository: "https://github.com/acme/a" } }),
  volume("a share of Azure", { azureFile: { secretName: "a", shareName: "b" } }),
  volume("a disk by Fibre Channel", { fc: { targetWWNs: ["500a0982991b8dc5"], lun: 1 } }),
  [
    "rayJob",
    "a path of the node in the head",
    (o) => headOf(o).volumes.push({ name: "node", hostPath: { path: "/var/run" } }),
    /mounts "\/var\/run" of the node/,
  ],
  [
    "rayJob",
    "a port of the node in a worker",
    (o) => (workerOf(o).containers[0].ports = [{ containerPort: 9000, hostPort: 9000 }]),
    /hostPort 9000/,
  ],
  [
    "rayJob",
    "no seccomp in the submitter",
    (o) => (o.spec.submitterPodTemplate.spec.securityContext.seccompProfile.type = "Unconfined"),
    /seccompProfile\.type/,
  ],
  [
    "inferenceService",
    "escalation laid over the runtime's container",
    (o) => (o.spec.predictor.model.securityContext.allowPrivilegeEscalation = true),
    /allowPrivilegeEscalation true/,
  ],
  [
    "inferenceService",
    "capabilities laid over the runtime's container",
    (o) => (o.spec.predictor.model.securityContext.capabilities = { add: ["NET_ADMIN"] }),
    /capabilities/,
  ],
  [
    "inferenceService",
    "no seccomp laid over the runtime's container",
    (o) => (o.spec.predictor.model.securityContext.seccompProfile = { type: "Unconfined" }),
    /seccompProfile/,
  ],
  [
    "custom",
    "a volume of the node",
    (o) => (o.spec.predictor.volumes = [{ name: "node", hostPath: { path: "/" } }]),
    /mounts "\/" of the node/,
  ],
  [
    "pod",
    "a container added for debugging",
    (o) => {
      const [debug] = structuredClone(podSpec().containers);
      root(debug);
      o.spec.ephemeralContainers = [{ ...debug, name: "debug" }];
    },
    isRoot,
  ],
];

/** Pods, wherever they are, and what they ask of their node. */
export const podBypasses: Bypass[] = [
  ...attempts("kinds", everywhere),
  ...attempts("pod security", standard),
];
