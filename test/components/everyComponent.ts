import { LakeKind, NodePoolKind } from "../../components/connections";
import { DataLake } from "../../components/dataLake/dataLake";
import { MlflowStack } from "../../components/mlflowStack/mlflowStack";
import { MlProject } from "../../components/mlProject/mlProject";
import { ObservabilityStack } from "../../components/observabilityStack/observabilityStack";
import { placementOn } from "../../components/kubernetes/placement";
import { RayStack } from "../../components/rayStack/rayStack";
import { ServingMesh } from "../../components/servingMesh/servingMesh";
import { ownImageNames } from "../../program/publishedImages";
import { charts, knativeImages, knativeVersion, upstreamImages } from "../../program/versions";
import { record, type Recording } from "./recorder";
import { observabilityArgs, rayArgs, servingArgs } from "./servingMesh/servingFixtures";

const images = { ...upstreamImages, ...ownImageNames({ preloaded: true }, {}).images };

/** Where the images of the charts come from, with options. */
export const imageRegistry = "registry.example.com/mirror";

/**
 * Records every component that makes Kubernetes objects, wired as in the program and with the
 * program's charts: plain, or with each option that adds objects or values.
 */
export function recordEveryComponent(withOptions: boolean): Promise<Recording> {
  return record(() => buildPlatform(withOptions), {
    outputs: (type, name) =>
      type === "random:index/randomPassword:RandomPassword" ? { result: `secret-of-${name}` } : {},
  });
}

function buildPlatform(withOptions: boolean): void {
  const placement = withOptions ? placementOn(NodePoolKind.System) : undefined;
  const pods = withOptions ? { placement, replicas: 4, storageClass: "managed-csi" } : {};
  const dataLake = new DataLake("lake", {
    image: images.minio,
    clientImage: images.minioClient,
    ...(withOptions
      ? { kind: LakeKind.SeaweedFs, image: images.seaweedfs, seaweedfsChart: charts.seaweedfs }
      : {}),
    ...pods,
  });
  const lake = dataLake.connection;
  const observability = new ObservabilityStack("observability", {
    ...observabilityArgs,
    lake,
    charts: charts.observability,
    ...(withOptions ? { grafanaHost: "grafana.example.com", imageRegistry } : {}),
    ...pods,
  });
  const ray = new RayStack("ray", {
    ...rayArgs,
    charts: charts.ray,
    ...(withOptions
      ? {
          imageRegistry,
          gpuQuota: 4,
          spot: true,
          gpuDevicePluginImage: images.gpuDevicePlugin,
          placement,
        }
      : { pooledNodes: false }),
  });
  const serving = new ServingMesh("serving", {
    ...servingArgs,
    charts: charts.serving,
    knativeVersion,
    lake,
    ...(withOptions ? servingOptions() : {}),
  });
  const mlflow = new MlflowStack("mlflow", {
    lake,
    image: images.mlflow,
    postgresImage: images.postgres,
    charts: charts.mlflow,
    ...(withOptions
      ? { imageRegistry, host: "mlflow.example.com", databaseInstances: 3, enableMonitors: true }
      : {}),
    ...pods,
  });
  new MlProject("churn", {
    lake,
    tracking: mlflow.connection,
    serving: serving.connection,
    clusterQueue: ray.clusterQueue,
    ingestKey: observability.ingestKey,
    inferenceTable: observability.inferenceTable,
    owner: "growth",
    costCenter: "4711",
    cpuQuota: 16,
    memoryQuotaGiB: 64,
    ...(withOptions ? { gpuQuota: 2 } : {}),
  });
}

function servingOptions() {
  return {
    imageRegistry,
    knativeImages,
    replicas: 3,
    placement: placementOn(NodePoolKind.System),
    internalLoadBalancer: false,
    allowedIpRanges: ["198.51.100.0/24"],
    oidc: {
      issuer: "https://login.example.com/t/v2.0",
      jwksUri: "https://login.example.com/t/keys",
      audiences: ["models"],
    },
    acme: {
      email: "ops@example.com",
      dnsZone: "example.com",
      dnsResourceGroup: "dns",
      dnsSubscriptionId: "00000000-0000-0000-0000-000000000001",
      dnsClientId: "00000000-0000-0000-0000-000000000002",
    },
  };
}
