import { attempts, type Attempt, type Base, type Bypass, headOf, podOf, workerOf } from "./bypass";

const templated: Base[] = [
  "job",
  "cronJob",
  "deployment",
  "replicaSet",
  "daemonSet",
  "statefulSet",
];
const system = "system-node-critical";
const priority = /priorityClassName is "/;
const node = /nodeName is "aks-system-1"/;
const scheduler = /schedulerName is "mine"/;
const device = /"nvidia\.com\/gpu"\] "1" while idle too|a device in resources/;

const gpu = (pod: any, resource = "nvidia.com/gpu") => {
  pod.containers[0].resources = { limits: { [resource]: "1" }, requests: { [resource]: "1" } };
};

/** Priority, place and time that the scheduler would have given to others. */
export const schedulingBypasses: Bypass[] = [
  ...attempts("priority", [
    ...templated.map((base): Attempt => [
      base,
      "the nodes' priority",
      (o) => (podOf(o).priorityClassName = system),
      priority,
    ]),
    [
      "job",
      "the cluster's priority",
      (o) => (podOf(o).priorityClassName = "system-cluster-critical"),
      priority,
    ],
    ["job", "a priority of others", (o) => (podOf(o).priorityClassName = "high"), priority],
    [
      "podTemplate",
      "the nodes' priority",
      (o) => (o.template.spec.priorityClassName = system),
      priority,
    ],
    ["rayJob", "the nodes' priority", (o) => (workerOf(o).priorityClassName = system), priority],
    ["rayJob", "a priority of others", (o) => (headOf(o).priorityClassName = "high"), priority],
    [
      "rayJob",
      "a priority for the submitter",
      (o) => (o.spec.submitterPodTemplate.spec.priorityClassName = system),
      priority,
    ],
    [
      "rayCronJob",
      "the nodes' priority",
      (o) => (workerOf({ spec: o.spec.jobTemplate }).priorityClassName = system),
      priority,
    ],
    [
      "inferenceService",
      "the cluster's priority",
      (o) => (o.spec.predictor.priorityClassName = "system-cluster-critical"),
      priority,
    ],
  ]),
  ...attempts("place", [
    ...([...templated, "pod"] as Base[]).map((base): Attempt => [
      base,
      "a node of its choice",
      (o) => (podOf(o).nodeName = "aks-system-1"),
      node,
    ]),
    ["rayJob", "a node for the head", (o) => (headOf(o).nodeName = "aks-system-1"), node],
    [
      "rayJob",
      "a node for the submitter",
      (o) => (o.spec.submitterPodTemplate.spec.nodeName = "aks-system-1"),
      node,
    ],
    [
      "inferenceService",
      "a node for a model",
      (o) => (o.spec.predictor.nodeName = "aks-system-1"),
      node,
    ],
    ["job", "a scheduler of its own", (o) => (podOf(o).schedulerName = "mine"), scheduler],
    ["rayJob", "a scheduler of its own", (o) => (workerOf(o).schedulerName = "mine"), scheduler],
  ]),
  ...attempts("end", [
    [
      "job",
      "sleep infinity without a deadline",
      (o) => {
        delete o.spec.activeDeadlineSeconds;
        podOf(o).containers[0].command = ["sleep", "infinity"];
      },
      /activeDeadlineSeconds is unset/,
    ],
    [
      "job",
      "a deadline in ten years",
      (o) => (o.spec.activeDeadlineSeconds = 315_360_000),
      /activeDeadlineSeconds is 315360000/,
    ],
    [
      "job",
      "a RayJob named as its owner",
      (o) => {
        delete o.spec.activeDeadlineSeconds;
        const owner = { apiVersion: "ray.io/v1", kind: "RayJob", name: "train", uid: "1" };
        o.metadata.ownerReferences = [owner];
      },
      /activeDeadlineSeconds is unset/,
    ],
    [
      "cronJob",
      "jobs without a deadline",
      (o) => delete o.spec.jobTemplate.spec.activeDeadlineSeconds,
      /jobTemplate\.spec\.activeDeadlineSeconds is unset/,
    ],
    [
      "rayJob",
      "no deadline",
      (o) => delete o.spec.activeDeadlineSeconds,
      /activeDeadlineSeconds is unset/,
    ],
    [
      "rayJob",
      "no deadline but null",
      (o) => (o.spec.activeDeadlineSeconds = null),
      /activeDeadlineSeconds is unset/,
    ],
    [
      "rayJob",
      "a person to wait for",
      (o) => (o.spec.submissionMode = "InteractiveMode"),
      /submissionMode is "InteractiveMode"/,
    ],
    [
      "rayJob",
      "a cluster that stays",
      (o) => (o.spec.shutdownAfterJobFinishes = false),
      /shutdownAfterJobFinishes is false/,
    ],
    [
      "rayCronJob",
      "jobs whose clusters stay",
      (o) => (o.spec.jobTemplate.shutdownAfterJobFinishes = false),
      /shutdownAfterJobFinishes is false/,
    ],
    [
      "rayCronJob",
      "jobs without a deadline",
      (o) => delete o.spec.jobTemplate.activeDeadlineSeconds,
      /activeDeadlineSeconds is unset/,
    ],
    [
      "rayCronJob",
      "a head with somebody else's address",
      (o) =>
        (o.spec.jobTemplate.rayClusterSpec.headGroupSpec.headService = {
          spec: { externalIPs: ["198.51.100.7"] },
        }),
      /headService is/,
    ],
  ]),
  ...attempts("devices", [
    ...(
      ["job", "cronJob", "daemonSet", "replicaSet", "replicationController", "pod"] as Base[]
    ).map((base): Attempt => [
      base,
      "a GPU",
      (o) => {
        gpu(podOf(o));
      },
      device,
    ]),
    [
      "deployment",
      "a part of a GPU",
      (o) => {
        gpu(podOf(o), "nvidia.com/mig-1g.5gb");
      },
      device,
    ],
    [
      "statefulSet",
      "a GPU of another maker",
      (o) => {
        gpu(podOf(o), "amd.com/gpu");
      },
      device,
    ],
    [
      "deployment",
      "a claim of a device",
      (o) => (podOf(o).resourceClaims = [{ name: "gpu", resourceClaimTemplateName: "gpu" }]),
      /resourceClaims is/,
    ],
  ]),
];
