/** A PodDisruptionBudget, and how many healthy pods it is over. */
export interface BudgetedPods {
  name: string;
  minAvailable?: number | string;
  maxUnavailable?: number | string;
  pods: number;
}

/**
 * How many pods may be evicted while all are healthy, as the disruption controller counts: a share
 * is rounded up (k8s.io/kubernetes, pkg/controller/disruption, `getExpectedPodCount`).
 */
export function allowedDisruptions(budget: BudgetedPods): number {
  const { minAvailable, maxUnavailable, pods } = budget;
  if (minAvailable === undefined && maxUnavailable === undefined) {
    return 0;
  }
  const scaled = (value: number | string) =>
    typeof value === "string" ? Math.ceil((parseInt(value) / 100) * pods) : value;
  const kept = maxUnavailable === undefined ? scaled(minAvailable!) : pods - scaled(maxUnavailable);
  return Math.max(0, pods - Math.max(0, kept));
}
