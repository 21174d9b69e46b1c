import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type OwnImageName, ownImages, taggedName } from "./ownImages";

/** Where a stack has the platform's own images from. */
export interface OwnImageSource {
  /** Registry and path that they are published under, e.g. `ghcr.io/acme/mlplatform`. */
  prefix?: string;
  /** Whether every node has them already, loaded by hand; they are then pulled from nowhere. */
  preloaded?: boolean;
}

/** Names and versions of own images, with what each is called in a stack. */
export interface OwnImageNames {
  images: Record<OwnImageName, string>;
  /** Those that no registry holds, as far as is recorded. */
  unpublished: OwnImageName[];
}

/** Prefix of the images that nodes have already: of no registry, so that nothing pulls them. */
export const preloadedPrefix = "localhost/mlplatform";

/**
 * Prefix that marks an image as not published. The domain can't exist (RFC 2606), and the path
 * stays where a registry of the stack replaces the domain.
 */
export const unpublishedPrefix = "unpublished.invalid/unpublished";

const schema = z.record(
  z.string(),
  z.record(z.string(), z.string().regex(/^sha256:[0-9a-f]{64}$/)),
);

/** Digests by prefix, then by name and version: `{"ghcr.io/acme": {"mlflow:0.1.0": …}}`. */
export type ImageDigests = z.infer<typeof schema>;

/** File of the digests; the workflow `images` and `mlp images bootstrap` write it. */
export const imageDigestsFile = join(__dirname, "imageDigests.json");

/**
 * Reads the recorded digests.
 *
 * @throws Error where the file holds something else
 */
export function readImageDigests(file = imageDigestsFile): ImageDigests {
  return schema.parse(JSON.parse(readFileSync(file, "utf8")));
}

/**
 * What the own images are called in a stack: by version and digest under the stack's prefix, by
 * version where the nodes have them. What is recorded nowhere gets a name that nobody can pull.
 */
export function ownImageNames(
  { prefix, preloaded = false }: OwnImageSource,
  digests: ImageDigests,
): OwnImageNames {
  const unpublished: OwnImageName[] = [];
  const entries = (Object.keys(ownImages) as OwnImageName[]).map((name) => {
    const tagged = taggedName(ownImages[name]);
    const digest = prefix === undefined ? undefined : digests[prefix]?.[tagged];
    if (preloaded) {
      return [name, `${preloadedPrefix}/${tagged}`];
    }
    if (digest === undefined) {
      unpublished.push(name);
      return [name, `${unpublishedPrefix}/${tagged}`];
    }
    return [name, `${prefix}/${tagged}@${digest}`];
  });
  return { images: Object.fromEntries(entries) as Record<OwnImageName, string>, unpublished };
}

/** Says which images are missing, and what to do; reads on from nothing. */
export function unpublishedMessage(names: OwnImageName[], prefix: string | undefined): string {
  const missing = names.map((name) => taggedName(ownImages[name])).join(", ");
  const place =
    prefix === undefined
      ? "mlplatform:images.prefix is not set"
      : `program/imageDigests.json has no digest of them under ${prefix}`;
  return (
    `the platform's own images ${missing} are not published: ${place}. Run "npm run mlp -- ` +
    'images bootstrap", which builds and pushes them and records their digests; or set ' +
    "mlplatform:images.preloaded where every node has them."
  );
}
