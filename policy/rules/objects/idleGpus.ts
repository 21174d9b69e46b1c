import { absent, any, at, equals, not, some } from "../expression";
import { objectKinds } from "../objectKinds";
import { eachContainer, type ObjectRule, type Requirement } from "../objectRule";

const gpu = "nvidia.com/gpu";

const requirement = (list: "requests" | "limits"): Requirement => {
  const amount = at(`container.resources.${list}`, gpu);
  return {
    forEach: eachContainer,
    // Knative takes the pods of a revision away while nobody asks; its Deployments are its own.
    when: not(
      any(
        equals("object.spec.replicas", 0),
        some("owner", "object.metadata.ownerReferences", equals("owner.kind", "Revision")),
      ),
    ),
    check: any(absent(amount), equals(amount, 0), equals(amount, "0")),
    seen: amount,
    must: "No workload but a RayJob and a model asks for a GPU",
    problem: `container {container.name} has resources.${list}["${gpu}"] {seen} while idle too`,
    remedy: "run it as a RayJob, or serve it as an InferenceService with minReplicas 0",
  };
};

/** A GPU is held only while something computes on it. */
export const idleGpus: ObjectRule = {
  name: "mlplatform-kubernetes-disallow-idle-gpus",
  description: "Workloads that always run, or as long as they like, hold no GPU.",
  kinds: [
    objectKinds.deployment,
    objectKinds.statefulSet,
    objectKinds.daemonSet,
    objectKinds.job,
    objectKinds.cronJob,
  ],
  requirements: [requirement("requests"), requirement("limits")],
};
