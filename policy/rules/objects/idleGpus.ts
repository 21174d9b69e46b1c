import { absent, all, any, at, equals, everyKey, matches, not, oneOf, some } from "../expression";
import { objectKinds } from "../objectKinds";
import { eachContainer, eachPod, type ObjectRule, type Requirement } from "../objectRule";

const gpu = "nvidia.com/gpu";

/** What every node has; all else is a device. */
const plainResources = "^(cpu|memory|ephemeral-storage|hugepages-[0-9A-Za-z]+)$";

/**
 * Knative takes the pods of a revision away while nobody asks; its Deployments are its own, and so
 * are the ReplicaSets and pods below them. KubeRay's pods go with their job.
 */
const isHeldByOwner = some(
  "owner",
  "object.metadata.ownerReferences",
  oneOf("owner.kind", ["Revision", "RayCluster"]),
);
const isOfDeployment = all(
  oneOf("object.kind", ["ReplicaSet", "Pod"]),
  some(
    "owner",
    "object.metadata.ownerReferences",
    oneOf("owner.kind", ["Deployment", "ReplicaSet"]),
  ),
);
const mayHold = any(equals("object.spec.replicas", 0), isHeldByOwner, isOfDeployment);

const remedy = "run it as a RayJob, or serve it as an InferenceService with minReplicas 0";

const requirements = (list: "requests" | "limits"): Requirement[] => {
  const resources = `container.resources.${list}`;
  const amount = at(resources, gpu);
  return [
    {
      forEach: eachContainer,
      when: not(mayHold),
      check: any(absent(amount), equals(amount, 0), equals(amount, "0")),
      seen: amount,
      must: "No workload but a RayJob and a model asks for a GPU",
      problem: `container {container.name} has resources.${list}["${gpu}"] {seen} while idle too`,
      remedy,
    },
    {
      forEach: eachContainer,
      when: not(mayHold),
      check: everyKey(
        "resource",
        resources,
        any(matches(["resource"], plainResources), equals(["resource"], gpu)),
      ),
      seen: at(resources),
      must: "No workload but a RayJob and a model asks for a device",
      problem: `container {container.name} has a device in resources.${list} while idle too`,
      remedy,
    },
  ];
};

/** A GPU is held only while something computes on it. */
export const idleGpus: ObjectRule = {
  name: "mlplatform-kubernetes-disallow-idle-gpus",
  description: "Workloads that always run, or as long as they like, hold no GPU.",
  kinds: [
    objectKinds.pod,
    objectKinds.podTemplate,
    objectKinds.replicationController,
    objectKinds.replicaSet,
    objectKinds.deployment,
    objectKinds.statefulSet,
    objectKinds.daemonSet,
    objectKinds.job,
    objectKinds.cronJob,
  ],
  requirements: [
    ...requirements("requests"),
    ...requirements("limits"),
    {
      forEach: eachPod,
      when: not(mayHold),
      check: absent("pod.resourceClaims"),
      seen: at("pod.resourceClaims"),
      must: "No workload but a RayJob and a model claims a device",
      problem: "resourceClaims is {seen}",
      remedy,
    },
  ],
};
