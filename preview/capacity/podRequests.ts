import type { PreviewResource } from "../engine/programRun";
import { parseGiB, parseQuantity } from "./quantity";
import { at, chartOf, countOf, kindOf, label, listOf, releaseType } from "./readInputs";
import { type Compute, add, nothing, times } from "./types";

/** What the pods of a stack request, as far as its program knows. */
export interface PodRequests {
  zero: Compute;
  full: Compute;
  uncounted: string[];
}

const deployments = new Set(["kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet"]);

/** Charts that bring definitions and settings only. */
const podless = new Set(["base", "kserve-crd", "kserve-runtime-configs"]);

/**
 * Sums the requests of workloads that the program writes itself. At full load, autoscalers are at
 * their maximum and training uses all that the Kueue queues admit. Jobs run once and are left out.
 */
export function countPodRequests(resources: PreviewResource[]): PodRequests {
  const found: PodRequests = { zero: nothing, full: nothing, uncounted: [] };
  const count = (amount: Compute, least: number, most: number) => {
    found.zero = add(found.zero, times(amount, least));
    found.full = add(found.full, times(amount, most));
  };
  const maxima = autoscalerMaxima(resources);
  const releases: string[] = [];
  for (const resource of resources) {
    const { type, inputs } = resource;
    if (deployments.has(type)) {
      const pod = requestsOfPod(at(inputs, "spec", "template", "spec"));
      const replicas = countOf(at(inputs, "spec", "replicas") ?? 1);
      if (pod === undefined || replicas === undefined) {
        found.uncounted.push(`${label(resource)}: requests or replicas are not set`);
        continue;
      }
      const key = `${kindOf(resource)}/${at(inputs, "metadata", "name")}`;
      count(pod, replicas, Math.max(replicas, maxima.get(key) ?? 0));
    } else if (type === "kubernetes:postgresql.cnpg.io/v1:Cluster") {
      const instance = computeOf(at(inputs, "spec", "resources", "requests"));
      const instances = countOf(at(inputs, "spec", "instances") ?? 1);
      if (instance === undefined || instances === undefined) {
        found.uncounted.push(`${label(resource)}: requests of its instances are not set`);
      } else {
        count(instance, instances, instances);
      }
    } else if (type === "kubernetes:serving.kserve.io/v1beta1:InferenceService") {
      const predictor = at(inputs, "spec", "predictor");
      const server =
        computeOf(at(predictor, "model", "resources", "requests")) ?? requestsOfPod(predictor);
      const least = countOf(at(predictor, "minReplicas") ?? 1);
      const most = countOf(at(predictor, "maxReplicas"));
      if (server === undefined || least === undefined || most === undefined || most === 0) {
        found.uncounted.push(`${label(resource)}: requests or maxReplicas are not set`);
      } else {
        count(server, least, most);
      }
    } else if (type.startsWith("kubernetes:kueue.x-k8s.io/") && type.endsWith(":ClusterQueue")) {
      found.full = add(found.full, quotaOf(inputs));
    } else if (type === "kubernetes:apps/v1:DaemonSet") {
      found.uncounted.push(`${label(resource)}: one pod on every node`);
    } else if (type === releaseType) {
      if (!podless.has(chartOf(resource) ?? "")) {
        releases.push(resource.name);
      }
    }
  }
  if (releases.length > 0) {
    found.uncounted.push(
      `pods of the Helm releases, whose charts set their requests: ${releases.join(", ")}`,
    );
  }
  return found;
}

/** Requests of one pod: its containers and the sidecars that run beside them. */
function requestsOfPod(spec: unknown): Compute | undefined {
  const containers = listOf(at(spec, "containers"));
  if (containers.length === 0) {
    return undefined;
  }
  const sidecars = listOf(at(spec, "initContainers")).filter(
    (container) => container.restartPolicy === "Always",
  );
  let sum = nothing;
  for (const container of [...containers, ...sidecars]) {
    const requests = computeOf(at(container, "resources", "requests"));
    if (requests === undefined) {
      return undefined;
    }
    sum = add(sum, requests);
  }
  return sum;
}

function computeOf(requests: unknown): Compute | undefined {
  if (typeof requests !== "object" || requests === null) {
    return undefined;
  }
  const vCpus = parseQuantity(at(requests, "cpu") ?? 0);
  const memoryGiB = parseGiB(at(requests, "memory") ?? 0);
  const gpus = parseQuantity(at(requests, "nvidia.com/gpu") ?? 0);
  if (vCpus === undefined || memoryGiB === undefined || gpus === undefined) {
    return undefined;
  }
  return { vCpus, memoryGiB, gpus };
}

/** All that a ClusterQueue admits at once. */
function quotaOf(inputs: Record<string, unknown>): Compute {
  const quotas = listOf(at(inputs, "spec", "resourceGroups"))
    .flatMap((group) => listOf(group.flavors))
    .flatMap((flavor) => listOf(flavor.resources));
  const total = (name: string, parse: (value: unknown) => number | undefined) =>
    quotas
      .filter((quota) => quota.name === name)
      .reduce((sum, quota) => sum + (parse(quota.nominalQuota) ?? 0), 0);
  return {
    vCpus: total("cpu", parseQuantity),
    memoryGiB: total("memory", parseGiB),
    gpus: total("nvidia.com/gpu", parseQuantity),
  };
}

/** Most replicas by `Kind/name` of the workload that an autoscaler drives. */
function autoscalerMaxima(resources: PreviewResource[]): Map<string, number> {
  const maxima = new Map<string, number>();
  for (const { type, inputs } of resources) {
    if (!/^kubernetes:autoscaling\/v\d.*:HorizontalPodAutoscaler$/.test(type)) {
      continue;
    }
    const target = at(inputs, "spec", "scaleTargetRef");
    const most = countOf(at(inputs, "spec", "maxReplicas"));
    if (most !== undefined) {
      maxima.set(`${at(target, "kind")}/${at(target, "name")}`, most);
    }
  }
  return maxima;
}
