import * as k8s from "@pulumi/kubernetes";
import { childOptions, type Scope } from "../scope";

/** Pods that must not all be drained at once. */
export interface DisruptionBudgetSettings extends Scope {
  metadata: k8s.types.input.meta.v1.ObjectMeta;
  matchLabels: Record<string, string>;
}

/** Lets a drain of nodes end one pod at a time. */
export function createDisruptionBudget(
  settings: DisruptionBudgetSettings,
): k8s.policy.v1.PodDisruptionBudget {
  const { name, metadata, matchLabels } = settings;
  return new k8s.policy.v1.PodDisruptionBudget(
    name,
    { metadata, spec: { maxUnavailable: 1, selector: { matchLabels } } },
    childOptions(settings),
  );
}
