import { absent, all, any, at, equals, every, includes, matches, not, oneOf } from "../expression";
import { objectKinds, podKinds } from "../objectKinds";
import { eachContainer, eachPod, type ObjectRule, type Requirement, subjects } from "../objectRule";

const hostNamespaces: Requirement[] = ["hostNetwork", "hostPID", "hostIPC"].map((field) => ({
  forEach: eachPod,
  check: not(equals(`pod.${field}`, true)),
  seen: ["pod", field],
  must: `No pod sets ${field}`,
  problem: `${field} is {seen}`,
  remedy: `remove ${field}`,
}));

// What projects write. The platform's own pods have such a priority, and node by node a place.
const ofProjects = [
  objectKinds.rayJob,
  objectKinds.rayCluster,
  objectKinds.inferenceService,
  objectKinds.servingRuntime,
];

/** No place but the one that the scheduler gives, in the order in which it gives them. */
const scheduled: Requirement[] = [
  {
    kinds: ofProjects,
    forEach: eachPod,
    check: not(matches("pod.priorityClassName", "^system-")),
    seen: at("pod.priorityClassName"),
    must: "No project's pod has a priority of the cluster's own",
    problem: "priorityClassName is {seen}, for which others' pods are ended",
    remedy: "remove it",
  },
  {
    kinds: ofProjects,
    forEach: eachPod,
    check: absent("pod.nodeName"),
    seen: at("pod.nodeName"),
    must: "No project's pod goes past the scheduler",
    problem: "nodeName is {seen}",
    remedy: "remove it",
  },
];

const security = "container.securityContext";

/**
 * Kubernetes' `restricted` standard
 * (https://kubernetes.io/docs/concepts/security/pod-security-standards/), found before the API
 * server would refuse the pod. Seccomp has a policy of its own, which can repair it; volumes are
 * looked at for `hostPath` only.
 */
export const restrictedPods: ObjectRule = {
  name: "mlplatform-kubernetes-require-restricted-pods",
  description: "Pods keep to the restricted standard, and a project's wait for the scheduler.",
  kinds: podKinds,
  requirements: [
    ...hostNamespaces,
    ...scheduled,
    {
      forEach: [...eachPod, { as: "volume", in: [at("pod.volumes.*")] }],
      check: absent("volume.hostPath"),
      seen: at("volume.hostPath.path"),
      must: "No pod mounts a path of its node",
      problem: "volume {volume.name} mounts {seen} of the node",
      remedy: "use an emptyDir or a PersistentVolumeClaim",
    },
    {
      forEach: eachContainer,
      check: not(equals(`${security}.privileged`, true)),
      seen: at(`${security}.privileged`),
      must: "No container is privileged",
      problem: "container {container.name} has securityContext.privileged {seen}",
      remedy: "remove it",
    },
    {
      forEach: eachContainer,
      check: equals(`${security}.allowPrivilegeEscalation`, false),
      seen: at(`${security}.allowPrivilegeEscalation`),
      must: "Every container sets securityContext.allowPrivilegeEscalation to false",
      problem: "container {container.name} has securityContext.allowPrivilegeEscalation {seen}",
      remedy: "set it to false",
    },
    {
      forEach: eachContainer,
      check: includes(`${security}.capabilities.drop`, "ALL"),
      seen: at(`${security}.capabilities.drop`),
      must: "Every container drops all capabilities",
      problem: "container {container.name} has securityContext.capabilities.drop {seen}",
      remedy: 'set it to ["ALL"]',
    },
    {
      forEach: eachContainer,
      check: every("capability", `${security}.capabilities.add`, {
        op: "equals",
        path: ["capability"],
        value: "NET_BIND_SERVICE",
      }),
      seen: at(`${security}.capabilities.add`),
      must: "No container adds a capability but NET_BIND_SERVICE",
      problem: "container {container.name} has securityContext.capabilities.add {seen}",
      remedy: "remove what is not NET_BIND_SERVICE",
    },
    {
      forEach: eachContainer,
      check: any(
        equals(`${security}.runAsNonRoot`, true),
        all(absent(`${security}.runAsNonRoot`), equals("pod.securityContext.runAsNonRoot", true)),
      ),
      seen: at(`${security}.runAsNonRoot`),
      must: "Every container runs as non-root, by its own or its pod's securityContext",
      problem:
        "container {container.name} has securityContext.runAsNonRoot {seen}, its pod " +
        "{pod.securityContext.runAsNonRoot}",
      remedy: "set it to true for the pod and leave it out of the container",
    },
  ],
};

const profiles = ["RuntimeDefault", "Localhost"];
const seccompType = `${security}.seccompProfile.type`;

const noSeccompProfile = all(
  absent("container.securityContext.seccompProfile"),
  absent("pod.securityContext.seccompProfile"),
);

/** The kernel calls of every container are filtered; also part of the `restricted` standard. */
export const seccompProfiles: ObjectRule = {
  name: "mlplatform-kubernetes-require-seccomp",
  description: "Containers run under a seccomp profile.",
  kinds: podKinds,
  requirements: [
    {
      forEach: eachContainer,
      check: any(
        oneOf(seccompType, profiles),
        all(absent(seccompType), oneOf("pod.securityContext.seccompProfile.type", profiles)),
      ),
      seen: at(seccompType),
      must: "Every container has a seccomp profile, by its own or its pod's securityContext",
      problem:
        "container {container.name} has securityContext.seccompProfile.type {seen}, its pod " +
        "{pod.securityContext.seccompProfile.type}",
      remedy: "set it to RuntimeDefault for the pod and leave it out of the container",
    },
  ],
  // A profile that is left out is filled in.
  repair: (kind, object) => {
    for (const { container } of subjects(eachContainer, kind, object, noSeccompProfile)) {
      const value = container!.value as Record<string, any>;
      value.securityContext = {
        ...value.securityContext,
        seccompProfile: { type: "RuntimeDefault" },
      };
    }
  },
};
