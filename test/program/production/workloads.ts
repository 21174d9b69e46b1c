import type { PreviewResource } from "../../../preview/engine/programRun";
import { secretMark } from "../../../preview/engine/programRun";
import { selects } from "../../cluster/labelSelector";

type Bag = Record<string, any>;

/** How long the pods of a workload live. */
export enum Lifetime {
  /** Until they are replaced. */
  Server = "server",
  /** One on every node of a kind. */
  Agent = "agent",
  /** Until their work is done. */
  Task = "task",
}

/** Pods of an object that the program writes itself. */
export interface Workload {
  /** Kind and logical name. */
  name: string;
  lifetime: Lifetime;
  namespace: string;
  replicas: number;
  labels: Record<string, string>;
  /** What holds the pod's template. */
  spec: Bag;
  pod: Bag;
}

const lifetimes: Record<string, Lifetime> = {
  Deployment: Lifetime.Server,
  StatefulSet: Lifetime.Server,
  DaemonSet: Lifetime.Agent,
  Job: Lifetime.Task,
  CronJob: Lifetime.Task,
};

/** Every workload that the program writes itself; those of charts are the charts' own. */
export function workloadsOf(resources: PreviewResource[]): Workload[] {
  return resources.flatMap(({ type, name, inputs }) => {
    const lifetime = lifetimes[String(inputs["kind"])];
    if (!type.startsWith("kubernetes:") || lifetime === undefined) {
      return [];
    }
    const { metadata, spec: own } = inputs as Bag;
    const spec = own.jobTemplate?.spec ?? own;
    return [
      {
        name: `${inputs["kind"]} ${name}`,
        lifetime,
        namespace: metadata.namespace,
        replicas: spec.replicas ?? 1,
        labels: spec.template.metadata.labels,
        spec,
        pod: spec.template.spec,
      },
    ];
  });
}

/** One thing that production asks of a workload. */
export interface Demand {
  /** What a workload without it is said to lack. */
  name: string;
  /** Lifetimes that it is asked of. */
  of: Lifetime[];
  isMet: (workload: Workload, resources: PreviewResource[]) => boolean;
}

const always = Object.values(Lifetime);
const containersOf = ({ pod }: Workload): Bag[] => [
  ...(pod["initContainers"] ?? []),
  ...pod["containers"],
];
const everyContainer = (test: (container: Bag, pod: Bag) => boolean) => (workload: Workload) =>
  containersOf(workload).every((container) => test(container, workload.pod));
/** A field of the container, or what the pod says for all. */
const secured = (container: Bag, pod: Bag, field: string) =>
  container["securityContext"]?.[field] ?? pod["securityContext"]?.[field];

/** What every workload of production has. */
export const demands: Demand[] = [
  {
    name: "requests of CPU and memory, and a limit of memory",
    of: always,
    // No limit of CPU: it would slow a pod down while its node idles.
    isMet: everyContainer(
      ({ resources }) =>
        resources?.requests?.cpu && resources.requests.memory && resources.limits?.memory,
    ),
  },
  {
    name: "a user other than root",
    of: always,
    isMet: everyContainer((container, pod) => secured(container, pod, "runAsNonRoot") === true),
  },
  {
    name: "the runtime's seccomp profile",
    of: always,
    isMet: everyContainer(
      (container, pod) => secured(container, pod, "seccompProfile")?.type === "RuntimeDefault",
    ),
  },
  {
    name: "no capability and no way to gain privileges",
    of: always,
    isMet: everyContainer(
      ({ securityContext }) =>
        securityContext?.allowPrivilegeEscalation === false &&
        securityContext.capabilities?.drop?.includes("ALL") &&
        securityContext.capabilities.add === undefined,
    ),
  },
  {
    name: "a read-only root file system",
    of: always,
    isMet: everyContainer(
      ({ securityContext }) => securityContext?.readOnlyRootFilesystem === true,
    ),
  },
  {
    name: "no token of the API server",
    of: always,
    isMet: ({ pod }) => pod["automountServiceAccountToken"] === false,
  },
  {
    name: "bounds on its scratch volumes",
    of: always,
    isMet: ({ pod }) =>
      (pod["volumes"] ?? []).every(
        (volume: Bag) => !volume["emptyDir"] || volume["emptyDir"].sizeLimit,
      ),
  },
  {
    name: "secrets by reference only",
    of: always,
    isMet: ({ pod }) => !JSON.stringify(pod).includes(secretMark),
  },
  {
    name: "probes of start, life and readiness",
    of: [Lifetime.Server],
    isMet: ({ pod }) =>
      pod["containers"].every(
        (container: Bag) =>
          container["startupProbe"] && container["livenessProbe"] && container["readinessProbe"],
      ),
  },
  {
    name: "two pods or more",
    of: [Lifetime.Server],
    isMet: ({ replicas }) => replicas >= 2,
  },
  {
    name: "a spread over zones and nodes",
    of: [Lifetime.Server],
    isMet: ({ pod, labels }) =>
      ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].every((key) =>
        (pod["topologySpreadConstraints"] ?? []).some(
          ({ topologyKey, labelSelector }: Bag) =>
            topologyKey === key && selects(labelSelector, labels),
        ),
      ),
  },
  {
    name: "a budget that keeps all but one pod",
    of: [Lifetime.Server],
    isMet: (workload, resources) =>
      ofKind(resources, "PodDisruptionBudget").some(
        ({ metadata, spec }) =>
          metadata.namespace === workload.namespace &&
          selects(spec.selector, workload.labels) &&
          spec.maxUnavailable === 1,
      ),
  },
  {
    name: "a monitor",
    of: [Lifetime.Server],
    isMet: (workload, resources) =>
      ofKind(resources, "PodMonitor").some(
        (monitor) =>
          reaches(monitor, workload.namespace) &&
          selects(monitor["spec"].selector, workload.labels),
      ) ||
      ofKind(resources, "ServiceMonitor").some((monitor) =>
        servicesOf(workload, resources).some(
          ({ metadata }) =>
            reaches(monitor, metadata.namespace) &&
            selects(monitor["spec"].selector, metadata.labels ?? {}),
        ),
      ),
  },
  {
    name: "an end, however its work goes",
    of: [Lifetime.Task],
    isMet: ({ spec }) => spec["activeDeadlineSeconds"] > 0 && spec["backoffLimit"] >= 0,
  },
];

/** Inputs of every object of a kind. */
export function ofKind(resources: PreviewResource[], kind: string): Bag[] {
  return resources
    .filter(({ type, inputs }) => type.startsWith("kubernetes:") && inputs["kind"] === kind)
    .map(({ inputs }) => inputs as Bag);
}

function servicesOf({ namespace, labels }: Workload, resources: PreviewResource[]): Bag[] {
  return ofKind(resources, "Service").filter(
    ({ metadata, spec }) =>
      metadata.namespace === namespace && selects({ matchLabels: spec.selector }, labels),
  );
}

function reaches({ metadata, spec }: Bag, namespace: string): boolean {
  const { any, matchNames = [metadata.namespace] } = spec.namespaceSelector ?? {};
  return any === true || matchNames.includes(namespace);
}
