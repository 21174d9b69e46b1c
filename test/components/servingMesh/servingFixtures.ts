import * as k8s from "@pulumi/kubernetes";
import type { ChartReference } from "../../../components/connections";
import type { ObservabilityStackArgs } from "../../../components/observabilityStack/args";
import type { RayStackArgs } from "../../../components/rayStack/args";
import type { ServingMeshArgs } from "../../../components/servingMesh/args";
import { lakeConnection } from "../connections";

/** A chart by name, at a version that only the tests know. */
export function chart(name: string): ChartReference {
  return { chart: name, repository: "https://charts.example.com", version: "1.2.3" };
}

/** Provider of one of several clusters in a program. */
export function cluster(name: string): k8s.Provider {
  return new k8s.Provider(name, { kubeconfig: `{"clusters": ["${name}"]}` });
}

export const lake = lakeConnection();

export const rayArgs: RayStackArgs = {
  charts: {
    kuberay: chart("kuberay-operator"),
    kueue: { chart: "oci://registry.example.com/charts/kueue", version: "0.19.2" },
  },
  cpuQuota: 64,
  memoryQuotaGiB: 256,
};

export const servingArgs: ServingMeshArgs = {
  charts: {
    certManager: { chart: "oci://registry.example.com/charts/cert-manager", version: "v1.21.1" },
    istioBase: chart("base"),
    istiod: chart("istiod"),
    istioGateway: chart("gateway"),
    knativeOperator: chart("knative-operator"),
    kserveCrd: chart("kserve-crd"),
    kserveResources: chart("kserve-resources"),
    kserveRuntimeConfigs: chart("kserve-runtime-configs"),
  },
  knativeVersion: "1.22.1",
  domain: "models.example.com",
  modelServerImage: "registry.example.com/model-server@sha256:1",
};

export const observabilityArgs: ObservabilityStackArgs = {
  charts: {
    kubePrometheusStack: chart("kube-prometheus-stack"),
    loki: chart("loki"),
    alloy: chart("alloy"),
  },
  lake,
  inferenceTableImage: "registry.example.com/inference-table@sha256:1",
  logKeeperImage: "registry.example.com/log-offloader@sha256:1",
};
