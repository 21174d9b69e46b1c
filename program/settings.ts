import { accessOf } from "./access";
import type * as pulumi from "@pulumi/pulumi";
import { admissionArgs } from "./admissionArgs";
import { chartsFrom } from "./charts";
import { type ChartReference, LakeKind, NodePoolKind } from "../components/connections";
import { normalizeDataLake } from "../components/dataLake/normalize";
import { imageFrom } from "../components/kubernetes/imageName";
import { MlflowDatabase } from "../components/mlflowStack/args";
import { normalizeMlflowStack } from "../components/mlflowStack/normalize";
import { anywhere, placementOn } from "../components/kubernetes/placement";
import { projectSettingsOf } from "./projectSettings";
import type { StackConfig } from "./schema";
import { imagesOf } from "./stackImages";
import { userGroupsOf } from "./userGroups";
import { charts as publishedCharts, knativeImages, knativeVersion, lakeImages } from "./versions";

/** Tags for every Azure resource of a stack. */
export function tagsOf(
  config: Pick<StackConfig, "owner" | "environment" | "costCenter">,
): Record<string, string> {
  const { owner, environment, costCenter } = config;
  return { owner, environment, costCenter, project: "mlplatform" };
}

/** Domain of the models. */
export function modelDomain(domain: string): string {
  return `models.${domain}`;
}

/** The charts that a stack installs, from their own places. */
export function chartsOf(config: StackConfig): ChartReference[] {
  const { mlflow, ray, serving, observability, seaweedfs } = publishedCharts;
  return [
    ...Object.values<ChartReference>({ ...ray, ...serving, ...observability }),
    ...(normalizeMlflowStack(config.mlflow).database === MlflowDatabase.CloudNativePg
      ? Object.values(mlflow)
      : []),
    ...(normalizeDataLake(config.dataLake).kind === LakeKind.SeaweedFs ? [seaweedfs] : []),
  ];
}

/**
 * What each component is given that another component does not return: the stack's configuration
 * with versions, images and placement. Pure; the one place where configuration keys and component
 * arguments meet.
 */
export function settingsOf(config: StackConfig) {
  const { protectData, storageClass, aks } = config;
  const access = accessOf(config);
  const tags = tagsOf(config);
  const images = imagesOf(config);
  const charts = chartsFrom(config.charts, publishedCharts);
  const imageRegistry = config.images.registry;
  const lakeImage = lakeImages[normalizeDataLake(config.dataLake).kind];
  const runner = config.github?.runner;
  const placement = aks ? placementOn(NodePoolKind.System) : anywhere;
  const inCluster = { placement, storageClass, protectData };

  return {
    access,
    aks: aks && {
      ...aks,
      adminGroupObjectIds: access.administrators,
      userGroupObjectIds: userGroupsOf(config.projects),
      projectRegistries: config.projects.flatMap(({ name, github }) => (github ? [name] : [])),
      tags,
      protectData,
    },
    kubernetes: config.kubernetes,
    github: config.github && { owner: config.github.owner, baseUrl: config.github.baseUrl },
    admission: (registries?: pulumi.Output<string[]>) =>
      admissionArgs(
        config.admission,
        (hosts) => projectSettingsOf(config, { registries: hosts }),
        registries,
      ),
    dataLake: {
      ...config.dataLake,
      ...inCluster,
      image: images[lakeImage.server],
      clientImage: images[lakeImage.client],
      seaweedfsChart: charts.seaweedfs,
      tags,
    },
    observability: {
      ...config.observability,
      ...inCluster,
      charts: charts.observability,
      imageRegistry,
      inferenceTableImage: images.inferenceTable,
      logKeeperImage: images.logOffloader,
    },
    ray: {
      ...config.ray,
      charts: charts.ray,
      imageRegistry,
      placement,
      spot: aks?.spotPool !== undefined,
      pooledNodes: aks !== undefined,
      gpuDevicePluginImage: aks?.gpuPool && images.gpuDevicePlugin,
    },
    serving: {
      ...config.serving,
      charts: charts.serving,
      imageRegistry,
      placement,
      knativeVersion,
      knativeImages:
        imageRegistry === undefined
          ? undefined
          : mapValues(knativeImages, (image) => imageFrom(imageRegistry, image)),
      modelServerImage: images.modelServer,
      domain: modelDomain(config.domain),
      oidc: access.oidc,
    },
    mlflow: {
      ...config.mlflow,
      ...inCluster,
      charts: charts.mlflow,
      imageRegistry,
      image: images.mlflow,
      postgresImage: images.postgres,
      people: access.oidc && { ...access, oidc: access.oidc },
      tags,
    },
    projects: config.projects.map(({ name, github, ...project }) => ({
      name,
      settings: {
        ...project,
        access: access.projects[name],
        oidc: access.oidc,
        costCenter: project.costCenter ?? config.costCenter,
        placement,
        github: github && {
          ...github,
          variables: runner === undefined ? undefined : { RUNNER: runner },
          images: {
            trainingBase: images.trainingBase,
            logOffloader: images.logOffloader,
            modelServer: images.modelServer,
          },
          templateDirectory: "workloads/projectTemplate",
        },
        tags,
        protectData,
      },
    })),
  };
}

function mapValues<K extends string, V, W>(map: Record<K, V>, change: (value: V) => W) {
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => [key, change(value as V)]),
  ) as Record<K, W>;
}
