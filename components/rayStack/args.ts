import type { ChartReference } from "../connections";
import type { Placement } from "../kubernetes/placement";

/** Charts that the component installs. */
export interface RayCharts {
  /** KubeRay operator. */
  kuberay: ChartReference;
  /** Kueue. */
  kueue: ChartReference;
}

/** Extra Helm values by chart, merged last. */
export interface RayHelmValues {
  /** Merged over the values of the KubeRay operator. */
  kuberay?: Record<string, any>;
  /** Merged over the values of Kueue. */
  kueue?: Record<string, any>;
}

/** Arguments of {@link RayStack}. */
export interface RayStackArgs {
  /** Charts and their versions. */
  charts: RayCharts;
  /**
   * Registry that the images of the charts come from, e.g. `acme.azurecr.io/mirror`: the host of
   * each name is replaced, its path stays.
   * @default - each image's own registry
   */
  imageRegistry?: string;
  /**
   * vCPU that queued jobs of all teams may hold at once. The quota is per flavor: a spot or GPU
   * pool brings the same amount again on its own nodes.
   */
  cpuQuota: number;
  /** GiB of memory that queued jobs of all teams may hold at once, per flavor as `cpuQuota`. */
  memoryQuotaGiB: number;
  /**
   * GPUs that queued jobs may hold at once. Zero: no GPU flavor, and a job that asks for a GPU is
   * never admitted.
   * @default 0
   */
  gpuQuota?: number;
  /**
   * Whether jobs that tolerate eviction may run on a spot pool.
   * @default false
   */
  spot?: boolean;
  /**
   * Whether nodes carry the platform's pool labels and taints. False on clusters whose nodes the
   * platform does not own: flavors then name no nodes.
   * @default true
   */
  pooledNodes?: boolean;
  /**
   * Image of NVIDIA's device plugin, run on the GPU pool.
   * @default - none runs: the nodes report their GPUs in another way
   */
  gpuDevicePluginImage?: string;
  /**
   * Pods of each operator; one leads, the others stand by.
   * @default 1
   */
  replicas?: number;
  /**
   * Namespace of Prometheus, which reads the operators' metrics.
   * @default "observability"
   */
  monitoringNamespace?: string;
  /**
   * Where the operators run.
   * @default - anywhere
   */
  placement?: Placement;
  /** Escape hatch: extra Helm values by chart. */
  helmValues?: RayHelmValues;
}
