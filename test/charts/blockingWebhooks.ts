import { type LabelSelector, selects } from "../cluster/labelSelector";
import type { ChartObject } from "./renderCharts";

/** A webhook that refuses what it is asked about while nobody answers for it. */
export interface BlockingWebhook {
  name: string;
  rules: { apiGroups: string[]; resources: string[] }[];
  namespaceSelector: LabelSelector;
  objectSelector: LabelSelector;
}

/** Something that is created in the cluster. */
export interface Creation {
  group: string;
  resource: string;
  labels: Record<string, string>;
  namespaceLabels: Record<string, string>;
}

/** What brings a cluster up and keeps it up, by API group: pods, and whatever makes pods. */
export const vitalResources: Record<string, string[]> = {
  "": ["pods"],
  apps: ["daemonsets", "deployments", "replicasets", "statefulsets"],
  batch: ["cronjobs", "jobs"],
};

/** The webhooks among a chart's objects that fail closed, with what the API server fills in. */
export function blockingWebhooks(objects: ChartObject[]): BlockingWebhook[] {
  return objects
    .filter(({ kind }) => /^(Mutating|Validating)WebhookConfiguration$/.test(kind))
    .flatMap(({ webhooks = [] }) => webhooks as Record<string, any>[])
    .filter(({ failurePolicy = "Fail" }) => failurePolicy === "Fail")
    .map(({ name, rules = [], namespaceSelector, objectSelector }) => ({
      name,
      rules,
      namespaceSelector: namespaceSelector ?? {},
      objectSelector: objectSelector ?? {},
    }));
}

/** Whether the API server asks a webhook about a creation. */
export function isAsked(webhook: BlockingWebhook, creation: Creation): boolean {
  const { group, resource, labels, namespaceLabels } = creation;
  return (
    webhook.rules.some(
      ({ apiGroups, resources }) =>
        [group, "*"].some((name) => apiGroups.includes(name)) &&
        [resource, "*", "*/*"].some((name) => resources.includes(name)),
    ) &&
    selects(webhook.namespaceSelector, namespaceLabels) &&
    selects(webhook.objectSelector, labels)
  );
}
