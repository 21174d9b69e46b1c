import { platformNamespaces, rayOperatorName } from "@mlplatform/contracts/platformNames";
import { absent, all, any, at, atLeast, atMost, equals, not, oneOf } from "../expression";
import { type ObjectKind, objectKinds } from "../objectKinds";
import { eachPod, type Requirement } from "../objectRule";
import type { ProjectSettings } from "../projectSettings";

const { job, cronJob } = objectKinds;

/** Longest time that a Job may take, in seconds: a week, as a RayJob. */
const longestJobSeconds = 604_800;

/** KubeRay submits a RayJob by a Job, and it is the RayJob that bounds its time. */
const rayOperator = `system:serviceaccount:${platformNamespaces.kuberay}:${rayOperatorName}`;

const isUpdate = equals("request.operation", "UPDATE");

/** A Job that nothing ends holds its nodes for ever. */
const ending = (kind: ObjectKind, spec: string): Requirement => {
  const deadline = `object.${spec}.activeDeadlineSeconds`;
  return {
    kinds: [kind],
    when: not(
      any(
        equals("request.userInfo.username", rayOperator),
        // What KubeRay made is changed by others, who add no deadline either.
        all(isUpdate, absent(`oldObject.${spec}.activeDeadlineSeconds`)),
      ),
    ),
    check: all(atLeast(deadline, 1), atMost(deadline, longestJobSeconds)),
    seen: at(deadline),
    must: `A ${kind.kind} bounds its own time`,
    problem: `${spec}.activeDeadlineSeconds is {seen}`,
    remedy: `set it to at most ${longestJobSeconds}`,
  };
};

/**
 * What a project's pods wait for, in the order in which they get it: no priority, no place and no
 * scheduler of their own choice, and an end. The platform's own pods may have each.
 */
export function waitingPods({ priorityClasses = [] }: ProjectSettings): Requirement[] {
  return [
    {
      forEach: eachPod,
      check: any(
        absent("pod.priorityClassName"),
        oneOf("pod.priorityClassName", ["", ...priorityClasses]),
      ),
      seen: at("pod.priorityClassName"),
      must: "No project's pod has a priority that the platform does not give",
      problem: "priorityClassName is {seen}, for which others' pods are ended",
      remedy:
        priorityClasses.length === 0
          ? "remove it"
          : `remove it or set it to one of ${priorityClasses.join(", ")}`,
    },
    {
      forEach: eachPod,
      check: any(
        absent("pod.nodeName"),
        // The scheduler has written it by then.
        all(equals("object.kind", objectKinds.pod.kind), isUpdate),
      ),
      seen: at("pod.nodeName"),
      must: "No project's pod goes past the scheduler",
      problem: "nodeName is {seen}",
      remedy: "remove it",
    },
    {
      forEach: eachPod,
      check: any(absent("pod.schedulerName"), equals("pod.schedulerName", "default-scheduler")),
      seen: at("pod.schedulerName"),
      must: "No project's pod brings its own scheduler",
      problem: "schedulerName is {seen}",
      remedy: "remove it",
    },
    ending(job, "spec"),
    ending(cronJob, "spec.jobTemplate.spec"),
  ];
}
