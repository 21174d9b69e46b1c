import { absent, all, any, at, equals, every, everyKey, includes, not, oneOf } from "../expression";
import { podKinds } from "../objectKinds";
import {
  eachContainer,
  eachOverlay,
  eachPod,
  type ObjectRule,
  type Requirement,
  subjects,
} from "../objectRule";
import type { ProjectSettings } from "../projectSettings";
import { waitingPods } from "./projectPods";

const hostNamespaces: Requirement[] = ["hostNetwork", "hostPID", "hostIPC"].map((field) => ({
  forEach: eachPod,
  check: not(equals(`pod.${field}`, true)),
  seen: ["pod", field],
  must: `No pod sets ${field}`,
  problem: `${field} is {seen}`,
  remedy: `remove ${field}`,
}));

/** Kinds of volumes of the standard: what is in the pod, in the namespace, or claimed. */
const volumeKinds = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

const volumes: Requirement[] = [
  {
    forEach: [...eachPod, { as: "volume", in: [at("pod.volumes.*")] }],
    check: absent("volume.hostPath"),
    seen: at("volume.hostPath.path"),
    must: "No pod mounts a path of its node",
    problem: "volume {volume.name} mounts {seen} of the node",
    remedy: "use an emptyDir or a PersistentVolumeClaim",
  },
  {
    forEach: [...eachPod, { as: "volume", in: [at("pod.volumes.*")] }],
    when: absent("volume.hostPath"),
    check: everyKey("key", ["volume"], oneOf(["key"], ["name", ...volumeKinds])),
    seen: at("volume.name"),
    must: `Every volume is one of ${volumeKinds.join(", ")}`,
    problem: "volume {seen} is of another kind than the restricted standard has",
    remedy: "use an emptyDir or a PersistentVolumeClaim",
  },
];

/** Parameters of the kernel that are a pod's own. */
const safeSysctls = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ping_group_range",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.tcp_wmem",
];
const seLinuxTypes = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
const appArmorTypes = ["RuntimeDefault", "Localhost"];

const unsetOr = (path: string, values: readonly string[]) =>
  any(absent(path), oneOf(path, ["", ...values]));

/** What holds for the security context of a pod and for that of a container. */
const contextRequirements = (
  forEach: Requirement["forEach"],
  context: string,
  owner: string,
): Requirement[] => [
  {
    forEach,
    check: not(equals(`${context}.runAsUser`, 0)),
    seen: at(`${context}.runAsUser`),
    must: "Nothing runs as the user 0",
    problem: `${owner} has securityContext.runAsUser {seen}, which is root`,
    remedy: "name another user, or remove it",
  },
  {
    forEach,
    check: unsetOr(`${context}.appArmorProfile.type`, appArmorTypes),
    seen: at(`${context}.appArmorProfile.type`),
    must: "No AppArmor profile is switched off",
    problem: `${owner} has securityContext.appArmorProfile.type {seen}`,
    remedy: `remove it or set it to one of ${appArmorTypes.join(", ")}`,
  },
  {
    forEach,
    check: all(
      unsetOr(`${context}.seLinuxOptions.type`, seLinuxTypes),
      unsetOr(`${context}.seLinuxOptions.user`, []),
      unsetOr(`${context}.seLinuxOptions.role`, []),
    ),
    seen: at(`${context}.seLinuxOptions.type`),
    must: "SELinux keeps every container in the type of containers",
    problem: `${owner} has securityContext.seLinuxOptions of its own, type {seen}`,
    remedy: "remove securityContext.seLinuxOptions",
  },
  {
    forEach,
    check: not(equals(`${context}.windowsOptions.hostProcess`, true)),
    seen: at(`${context}.windowsOptions.hostProcess`),
    must: "No process is the node's own",
    problem: `${owner} has securityContext.windowsOptions.hostProcess {seen}`,
    remedy: "remove it",
  },
];

const security = "container.securityContext";
const container = "container {container.name}";
const overlay = "what is laid over the runtime's container";

/** What no container may ask for; the parts that an operator lays over a container neither. */
const limits = (forEach: Requirement["forEach"], owner: string): Requirement[] => [
  {
    forEach,
    check: not(equals(`${security}.privileged`, true)),
    seen: at(`${security}.privileged`),
    must: "No container is privileged",
    problem: `${owner} has securityContext.privileged {seen}`,
    remedy: "remove it",
  },
  ...contextRequirements(forEach, security, owner),
  {
    forEach,
    check: unsetOr(`${security}.procMount`, ["Default"]),
    seen: at(`${security}.procMount`),
    must: "Every container has the default view of /proc",
    problem: `${owner} has securityContext.procMount {seen}`,
    remedy: "remove it",
  },
  {
    forEach,
    check: every("capability", `${security}.capabilities.add`, {
      op: "equals",
      path: ["capability"],
      value: "NET_BIND_SERVICE",
    }),
    seen: at(`${security}.capabilities.add`),
    must: "No container adds a capability but NET_BIND_SERVICE",
    problem: `${owner} has securityContext.capabilities.add {seen}`,
    remedy: "remove what is not NET_BIND_SERVICE",
  },
  {
    forEach: [...forEach!, { as: "port", in: [at("container.ports.*")] }],
    check: any(absent("port.hostPort"), equals("port.hostPort", 0)),
    seen: at("port.hostPort"),
    must: "No container takes a port of its node",
    problem: `${owner} has hostPort {seen}`,
    remedy: "remove it",
  },
];

/** Of what is laid over a container: a runtime's own settings stand where nothing is said. */
const overlaid = (path: string, holds: Requirement["check"], remedy: string): Requirement => ({
  forEach: eachOverlay,
  check: any(absent(`${security}.${path}`), holds),
  seen: at(`${security}.${path}`),
  must: `Nothing takes securityContext.${path} of a runtime's container back`,
  problem: `${overlay} has securityContext.${path} {seen}`,
  remedy,
});

/**
 * Kubernetes' `restricted` standard
 * (https://kubernetes.io/docs/concepts/security/pod-security-standards/), found before the API
 * server would refuse the pod. Seccomp has a policy of its own, which can repair it.
 */
export function restrictedPods(projects?: ProjectSettings): ObjectRule {
  return {
    name: "mlplatform-kubernetes-require-restricted-pods",
    description: "Pods keep to the restricted standard, and a project's wait for the scheduler.",
    kinds: podKinds,
    requirements: [
      ...hostNamespaces,
      ...volumes,
      ...limits(eachContainer, container),
      ...limits(eachOverlay, overlay),
      ...contextRequirements(eachPod, "pod.securityContext", "the pod"),
      {
        forEach: [...eachPod, { as: "sysctl", in: [at("pod.securityContext.sysctls.*")] }],
        check: oneOf("sysctl.name", safeSysctls),
        seen: at("sysctl.name"),
        must: "No pod sets a parameter of its node's kernel",
        problem: "securityContext.sysctls has {seen}",
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
      overlaid(
        "allowPrivilegeEscalation",
        equals(`${security}.allowPrivilegeEscalation`, false),
        "set it to false",
      ),
      overlaid(
        "capabilities",
        includes(`${security}.capabilities.drop`, "ALL"),
        'set its drop to ["ALL"]',
      ),
      overlaid("runAsNonRoot", equals(`${security}.runAsNonRoot`, true), "set it to true"),
      ...(projects ? waitingPods(projects) : []),
    ],
  };
}

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
    overlaid(
      "seccompProfile",
      oneOf(seccompType, profiles),
      `set its type to one of ${profiles.join(", ")}`,
    ),
  ],
  // A profile that is left out is filled in.
  repair: (kind, object) => {
    for (const { container: found } of subjects(eachContainer, kind, object, noSeccompProfile)) {
      const value = found!.value as Record<string, any>;
      value.securityContext = {
        ...value.securityContext,
        seccompProfile: { type: "RuntimeDefault" },
      };
    }
  },
};
