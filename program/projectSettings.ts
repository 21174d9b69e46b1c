import { globalName, uniqueSuffixLength } from "../components/azure/names";
import { imageFrom } from "../components/kubernetes/imageName";
import type { ProjectSettings } from "../policy/rules/projectSettings";
import { ownImages } from "./ownImages";
import { type ImageDigests, preloadedPrefix, readImageDigests } from "./publishedImages";
import type { StackConfig } from "./schema";
import { imagesOf } from "./stackImages";
import { charts, knativeImages } from "./versions";

const { kserveResources, kserveRuntimeConfigs } = charts.serving;

/**
 * Images that KServe and Knative put into the pods of a model, as they name them themselves: those
 * of KServe's own runtimes too, which a model gets that names a format and no runtime.
 */
const servingImages = [
  ...["agent", "storage-initializer", "router"].map(
    (name) => `kserve/${name}:${kserveResources.version}`,
  ),
  ...["autogluon", "huggingface", "lgb", "paddle", "pmml", "predictive", "sklearn", "xgb"].map(
    (name) => `kserve/${name}server:${kserveRuntimeConfigs.version}`,
  ),
  `kserve/huggingfaceserver:${kserveRuntimeConfigs.version}-gpu`,
  "nvcr.io/nvidia/tritonserver:23.05-py3",
  "tensorflow/serving:2.6.2",
  knativeImages["queue-proxy"],
];

/** Name of the stack's AksPlatform in index.ts, which its registry is named after. */
const platformComponent = "core";

/** What the configuration of a stack does not say. */
interface OtherSources {
  /** Registries that the stack made. @default all but the random part of their names */
  registries?: readonly string[];
  digests?: ImageDigests;
}

/** Registries of a stack on AKS before they are made: the ends of their names are random. */
function unknownRegistries({ aks, projects }: StackConfig): string[] {
  const owners = aks
    ? [platformComponent, ...projects.filter(({ github }) => github).map(({ name }) => name)]
    : [];
  const end = `${"?".repeat(uniqueSuffixLength)}.azurecr.io`;
  return owners.map((owner) => globalName("containerRegistry", owner, "registry") + end);
}

/** What a stack holds the objects of its projects to. */
export function projectSettingsOf(
  config: StackConfig,
  { registries: made = unknownRegistries(config), digests = readImageDigests() }: OtherSources = {},
): ProjectSettings {
  const { registry, prefix, preloaded } = config.images;
  const { registries = [], requireDigests, priorityClasses } = config.policies;
  const images = imagesOf(config, digests);
  return {
    registries: [
      ...made,
      ...[registry, prefix].filter((place) => place !== undefined),
      ...(preloaded === true ? [preloadedPrefix] : []),
      ...registries,
    ],
    platformImages: [
      ...new Set([
        ...Object.values(images),
        ...servingImages.map((image) => imageFrom(registry, image)),
      ]),
    ],
    requireDigests,
    offloaderImages: [...publishedOffloaders(config, digests), images.logOffloader],
    priorityClasses,
  };
}

/** Those of earlier versions, for a job that waited in the queue during an update. */
function publishedOffloaders(config: StackConfig, digests: ImageDigests): string[] {
  const { registry, prefix, logOffloader: replaced } = config.images;
  const current = imagesOf(config, digests).logOffloader;
  if (prefix === undefined || replaced !== undefined) {
    return [];
  }
  return Object.entries(digests[prefix] ?? {})
    .filter(([name]) => name.startsWith(`${ownImages.logOffloader.name}:`))
    .map(([name, digest]) => imageFrom(registry, `${prefix}/${name}@${digest}`))
    .filter((image) => image !== current);
}
