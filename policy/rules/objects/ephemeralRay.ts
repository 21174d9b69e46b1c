import {
  absent,
  all,
  any,
  at,
  atLeast,
  atMost,
  equals,
  type Expression,
  never,
  oneOf,
  some,
} from "../expression";
import { type ObjectKind, objectKinds } from "../objectKinds";
import type { ObjectRule, Requirement } from "../objectRule";

const { rayJob, rayCronJob, rayCluster, rayService } = objectKinds;

/** Longest time that a finished job may keep its cluster, in seconds. */
const longestTtlSeconds = 3600;

/** Longest time that a job may take, in seconds: a week. */
const longestJobSeconds = 604_800;

/** Ways of submitting that end by themselves: in InteractiveMode KubeRay waits for a person. */
const submissionModes = ["K8sJobMode", "HTTPMode", "SidecarMode"];

/** What would open the head to who is outside of its namespace. */
const closedHead = (kind: ObjectKind, cluster: string): Requirement[] => {
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

/** What a job has to say, wherever its spec is. */
const endingJob = (kind: ObjectKind, spec: string): Requirement[] => {
  const of = (field: string) => `object.${spec}.${field}`;
  const requirement = (
    field: string,
    check: Expression,
    said: Pick<Requirement, "must" | "remedy"> & { problem?: string },
  ): Requirement => ({
    kinds: [kind],
    check,
    seen: at(of(field)),
    problem: `${spec}.${field} is {seen}`,
    ...said,
  });
  const field = {
    shutdown: of("shutdownAfterJobFinishes"),
    ttl: of("ttlSecondsAfterFinished"),
    deadline: of("activeDeadlineSeconds"),
    mode: of("submissionMode"),
    deletion: of("deletionStrategy"),
    selector: of("clusterSelector"),
  };
  return [
    requirement("shutdownAfterJobFinishes", equals(field.shutdown, true), {
      must: "A RayJob takes its cluster away",
      remedy: "set it to true",
    }),
    requirement("ttlSecondsAfterFinished", atMost(field.ttl, longestTtlSeconds), {
      must: "A RayJob bounds the life of its cluster after the end",
      remedy: `set it to at most ${longestTtlSeconds}`,
    }),
    requirement(
      "activeDeadlineSeconds",
      all(atLeast(field.deadline, 1), atMost(field.deadline, longestJobSeconds)),
      { must: "A RayJob bounds its own time", remedy: `set it to at most ${longestJobSeconds}` },
    ),
    requirement("submissionMode", any(absent(field.mode), oneOf(field.mode, submissionModes)), {
      must: "A RayJob submits its work itself",
      remedy: `set it to one of ${submissionModes.join(", ")}`,
    }),
    requirement("deletionStrategy", absent(field.deletion), {
      must: "A RayJob's cluster goes as a whole",
      problem: `${spec}.deletionStrategy {seen} can keep pods`,
      remedy: "remove it; shutdownAfterJobFinishes takes all of it away",
    }),
    ...closedHead(kind, `${spec}.rayClusterSpec`),
    requirement("clusterSelector", absent(field.selector), {
      must: "A RayJob brings its own cluster",
      problem: `${spec}.clusterSelector {seen} names a cluster that stays`,
      remedy: `remove it and write ${spec}.rayClusterSpec`,
    }),
    {
      kinds: [kind],
      forEach: [{ as: "group", in: [at(of("rayClusterSpec.workerGroupSpecs.*"))] }],
      // The CRD's own default is 0.
      check: any(absent("group.minReplicas"), equals("group.minReplicas", 0)),
      seen: at("group.minReplicas"),
      must: "Worker groups of a RayJob start from zero",
      problem: "worker group {group.groupName} has minReplicas {seen}",
      remedy: "set it to 0",
    },
  ];
};

/** A Ray cluster lives as long as its job, and is its project's alone. */
export const ephemeralRay: ObjectRule = {
  name: "mlplatform-ray-require-ephemeral-clusters",
  description: "Ray runs only as jobs, which end, take their cluster away, and open it to nobody.",
  kinds: [rayJob, rayCronJob, rayCluster, rayService],
  requirements: [
    ...endingJob(rayJob, "spec"),
    ...endingJob(rayCronJob, "spec.jobTemplate"),
    ...closedHead(rayCluster, "spec"),
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
