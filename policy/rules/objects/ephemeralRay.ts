import { absent, any, at, atMost, equals, never, some } from "../expression";
import { objectKinds } from "../objectKinds";
import type { ObjectRule } from "../objectRule";

const { rayJob, rayCluster, rayService } = objectKinds;

/** Longest time that a finished job may keep its cluster, in seconds. */
const longestTtlSeconds = 3600;

/** A Ray cluster lives as long as its job. */
export const ephemeralRay: ObjectRule = {
  name: "mlplatform-ray-require-ephemeral-clusters",
  description: "Ray runs only as jobs that take their cluster away.",
  kinds: [rayJob, rayCluster, rayService],
  requirements: [
    {
      kinds: [rayJob],
      check: equals("object.spec.shutdownAfterJobFinishes", true),
      seen: at("object.spec.shutdownAfterJobFinishes"),
      must: "A RayJob takes its cluster away",
      problem: "spec.shutdownAfterJobFinishes is {seen}",
      remedy: "set it to true",
    },
    {
      kinds: [rayJob],
      check: atMost("object.spec.ttlSecondsAfterFinished", longestTtlSeconds),
      seen: at("object.spec.ttlSecondsAfterFinished"),
      must: "A RayJob bounds the life of its cluster after the end",
      problem: "spec.ttlSecondsAfterFinished is {seen}",
      remedy: `set it to at most ${longestTtlSeconds}`,
    },
    {
      kinds: [rayJob],
      check: absent("object.spec.clusterSelector"),
      seen: at("object.spec.clusterSelector"),
      must: "A RayJob brings its own cluster",
      problem: "spec.clusterSelector {seen} names a cluster that stays",
      remedy: "remove it and write spec.rayClusterSpec",
    },
    {
      kinds: [rayJob],
      forEach: [{ as: "group", in: [at("object.spec.rayClusterSpec.workerGroupSpecs.*")] }],
      // The CRD's own default is 0.
      check: any(absent("group.minReplicas"), equals("group.minReplicas", 0)),
      seen: at("group.minReplicas"),
      must: "Worker groups of a RayJob start from zero",
      problem: "worker group {group.groupName} has minReplicas {seen}",
      remedy: "set it to 0",
    },
    {
      kinds: [rayCluster],
      // KubeRay makes the clusters of jobs. A forged owner does not last: the garbage collector
      // deletes an object whose owner does not exist.
      check: some("owner", "object.metadata.ownerReferences", equals("owner.kind", "RayJob")),
      must: "A RayCluster belongs to a RayJob",
      problem: "a cluster without a job runs until somebody deletes it",
      remedy: "submit the work as a RayJob",
    },
    {
      kinds: [rayService],
      check: never,
      must: "No RayService runs",
      problem: "a RayService never scales to zero",
      remedy: "serve the model as an InferenceService",
    },
  ],
};
