import { at, listOf } from "./readInputs";
import type { VolumeClaim } from "./types";

/**
 * Charts whose default values make no persistent volume, and that the platform does not change
 * there.
 */
const volumeless = new Set([
  "alloy",
  "base",
  "cert-manager",
  "cloudnative-pg",
  "gateway",
  "istiod",
  "knative-operator",
  "kserve-crd",
  "kserve-resources",
  "kserve-runtime-configs",
  "kueue",
  "kuberay-operator",
  "plugin-barman-cloud",
]);

/**
 * Readers of a chart's values. Chart defaults that they fall back to are those of
 * program/versions.ts.
 */
const readers: Record<string, (values: any) => VolumeClaim[] | string> = {
  "kube-prometheus-stack": (values) => [
    ...template(at(values, "prometheus", "prometheusSpec"), "storageSpec", "Prometheus"),
    ...(at(values, "alertmanager", "enabled") === false
      ? []
      : template(at(values, "alertmanager", "alertmanagerSpec"), "storage", "Alertmanager")),
    ...(at(values, "grafana", "persistence", "enabled") === true
      ? [persistence(at(values, "grafana"), 1, "Grafana")]
      : []),
  ],
  loki: (values) => {
    const mode = at(values, "deploymentMode") ?? "Monolithic";
    if (mode === "Monolithic" || mode === "SingleBinary") {
      return lokiPart(values, "singleBinary", 0);
    }
    if (mode === "SimpleScalable") {
      return [...lokiPart(values, "write", 3), ...lokiPart(values, "backend", 3)];
    }
    return `volumes of Loki's deployment mode ${mode} are its chart's`;
  },
  seaweedfs: (values) => [
    ...seaweedPart(values, "master", [at(values, "master", "data")]),
    ...seaweedPart(values, "volume", listOf(at(values, "volume", "dataDirs"))),
    ...seaweedPart(values, "filer", [at(values, "filer", "data")]),
  ],
};

/** Claims that a chart makes of its values, or the reason why they cannot be counted. */
export function chartVolumes(chart: string | undefined, values: unknown): VolumeClaim[] | string {
  if (chart === undefined) {
    return "its chart is not known before an update";
  }
  if (volumeless.has(chart)) {
    return [];
  }
  const read = readers[chart];
  return read === undefined ? `volumes of the chart ${chart} are its own` : read(values);
}

function template(spec: unknown, key: string, part: string): VolumeClaim[] {
  const claim = at(spec, key, "volumeClaimTemplate", "spec");
  // Without a template the data lives on the node, as long as the pod does.
  if (claim === undefined) {
    return [];
  }
  const replicas = at(spec, "replicas") ?? 1;
  const shards = at(spec, "shards") ?? 1;
  return [
    {
      part,
      size: at(claim, "resources", "requests", "storage"),
      storageClass: at(claim, "storageClassName"),
      replicas:
        typeof replicas === "number" && typeof shards === "number" ? replicas * shards : undefined,
    },
  ];
}

function lokiPart(values: unknown, part: string, defaultReplicas: number): VolumeClaim[] {
  const settings = at(values, part);
  const stored = at(
    settings,
    "persistence",
    part === "singleBinary" ? "enabled" : "volumeClaimsEnabled",
  );
  if (stored === false) {
    return [];
  }
  return [persistence(settings, at(settings, "replicas") ?? defaultReplicas, part)];
}

/** The `persistence` block that Grafana and Loki share; both charts default to 10Gi. */
function persistence(settings: unknown, replicas: unknown, part: string): VolumeClaim {
  return {
    part,
    size: at(settings, "persistence", "size") ?? "10Gi",
    storageClass:
      at(settings, "persistence", "storageClass") ??
      at(settings, "persistence", "storageClassName"),
    replicas,
  };
}

function seaweedPart(values: unknown, part: string, stores: unknown[]): VolumeClaim[] {
  if (at(values, part, "enabled") === false) {
    return [];
  }
  return stores
    .filter((store) => at(store, "type") === "persistentVolumeClaim")
    .map((store) => ({
      part,
      size: at(store, "size"),
      storageClass: at(store, "storageClass"),
      replicas: at(values, part, "replicas") ?? 1,
    }));
}
