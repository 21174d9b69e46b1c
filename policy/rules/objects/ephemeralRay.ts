import { absent, all, any, at, atLeast, atMost, equals, never, oneOf, some } from "../expression";
import { objectKinds } from "../objectKinds";
import type { ObjectRule, Requirement } from "../objectRule";

const { rayJob, rayCluster, rayService } = objectKinds;

/** Longest time that a finished job may keep its cluster, in seconds. */
const longestTtlSeconds = 3600;

/** Longest time that a job may take, in seconds: a week. */
const longestJobSeconds = 604_800;

/** Ways of submitting that end by themselves: in InteractiveMode KubeRay waits for a person. */
const submissionModes = ["K8sJobMode", "HTTPMode", "SidecarMode"];

/** What would open the head to who is outside of its namespace. */
const closedHead = (kind: typeof rayJob, cluster: string): Requirement[] => {
  const group = `object.${cluster}.headGroupSpec`;
  const shownGroup = `${cluster}.headGroupSpec`;
  return [
    {
      kinds: [kind],
      // KubeRay makes a Service of it with its own rights: addresses of others too (CVE-2020-8554).
      check: absent(`${group}.headService`),
      seen: at(`${group}.headService`),
      must: "Ray's head has the Service that KubeRay makes for it",
      problem: `${shownGroup}.headService is {seen}`,
      remedy: "remove it",
    },
    {
      kinds: [kind],
      check: any(absent(`${group}.serviceType`), equals(`${group}.serviceType`, "ClusterIP")),
      seen: at(`${group}.serviceType`),
      must: "Ray's head is reached within the cluster alone",
      problem: `${shownGroup}.serviceType is {seen}`,
      remedy: "remove it or set it to ClusterIP",
    },
    {
      kinds: [kind],
      check: any(absent(`${group}.enableIngress`), equals(`${group}.enableIngress`, false)),
      seen: at(`${group}.enableIngress`),
      must: "Ray's head has no Ingress",
      problem: `${shownGroup}.enableIngress is {seen}`,
      remedy: "remove it; `kubectl port-forward` shows the dashboard",
    },
  ];
};

/** A Ray cluster lives as long as its job, and is its project's alone. */
export const ephemeralRay: ObjectRule = {
  name: "mlplatform-ray-require-ephemeral-clusters",
  description: "Ray runs only as jobs, which end, take their cluster away, and open it to nobody.",
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
      check: all(
        atLeast("object.spec.activeDeadlineSeconds", 1),
        atMost("object.spec.activeDeadlineSeconds", longestJobSeconds),
      ),
      seen: at("object.spec.activeDeadlineSeconds"),
      must: "A RayJob bounds its own time",
      problem: "spec.activeDeadlineSeconds is {seen}",
      remedy: `set it to at most ${longestJobSeconds}`,
    },
    {
      kinds: [rayJob],
      check: any(
        absent("object.spec.submissionMode"),
        oneOf("object.spec.submissionMode", submissionModes),
      ),
      seen: at("object.spec.submissionMode"),
      must: "A RayJob submits its work itself",
      problem: "spec.submissionMode is {seen}",
      remedy: `set it to one of ${submissionModes.join(", ")}`,
    },
    {
      kinds: [rayJob],
      check: absent("object.spec.deletionStrategy"),
      seen: at("object.spec.deletionStrategy"),
      must: "A RayJob's cluster goes as a whole",
      problem: "spec.deletionStrategy {seen} can keep pods",
      remedy: "remove it; shutdownAfterJobFinishes takes all of it away",
    },
    ...closedHead(rayJob, "spec.rayClusterSpec"),
    ...closedHead(rayCluster, "spec"),
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
