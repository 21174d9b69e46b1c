import { imageFrom } from "../components/kubernetes/imageName";
import { normalizeDataLake } from "../components/dataLake/normalize";
import type { OwnImageName } from "./ownImages";
import {
  type ImageDigests,
  ownImageNames,
  preloadedPrefix,
  readImageDigests,
} from "./publishedImages";
import type { StackConfig } from "./schema";
import { type ImageName, lakeImages, upstreamImages } from "./versions";

/** Every image that the program names, by name, from the stack's registry. */
export function imagesOf(
  config: StackConfig,
  digests: ImageDigests = readImageDigests(),
): Record<ImageName, string> {
  const { registry, prefix, preloaded, ...replaced } = config.images;
  const own = ownImageNames({ prefix, preloaded }, digests).images;
  const named: Record<ImageName, string> = { ...upstreamImages, ...own, ...replaced };
  return Object.fromEntries(
    Object.entries(named).map(([name, image]) => [
      name,
      image.startsWith(`${preloadedPrefix}/`) ? image : imageFrom(registry, image),
    ]),
  ) as Record<ImageName, string>;
}

/** The own images that a stack uses and that no registry holds, as far as is recorded. */
export function unpublishedOf(
  config: StackConfig,
  digests: ImageDigests = readImageDigests(),
): OwnImageName[] {
  const used: ImageName[] = [
    ...Object.values(lakeImages[normalizeDataLake(config.dataLake).kind]),
    ...(["mlflow", "modelServer", "logOffloader", "inferenceTable"] as const),
    ...(config.projects.some(({ github }) => github) ? (["trainingBase"] as const) : []),
  ];
  return ownImageNames(config.images, digests).unpublished.filter(
    (name) => used.includes(name) && config.images[name] === undefined,
  );
}
