/** Parts of a container image's name. */
export interface ImageParts {
  /** Host, with a port where one is given, e.g. `ghcr.io`. */
  registry: string;
  /** Path within the registry, e.g. `kserve/agent`. */
  repository: string;
  /** Tag and digest as they stand in the name, e.g. `:v0.20.0` or `@sha256:…`; may be empty. */
  suffix: string;
}

/**
 * Takes an image's name apart as container runtimes do: without a host it is on Docker Hub, and
 * there a name of one part is in `library`
 * (https://github.com/distribution/reference, `ParseNormalizedNamed`).
 */
export function imageParts(image: string): ImageParts {
  const [, name, suffix] = /^(.+?)((?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?)$/.exec(image)!;
  const [first, ...rest] = name!.split("/");
  const hasHost = rest.length > 0 && (/[.:]/.test(first!) || first === "localhost");
  if (hasHost) {
    return { registry: first!, repository: rest.join("/"), suffix: suffix! };
  }
  const repository = rest.length === 0 ? `library/${name}` : name!;
  return { registry: "docker.io", repository, suffix: suffix! };
}

/**
 * Name of an image in the registry that all images are taken from: the host is replaced, the path
 * stays. An image that is there already keeps its name, and so does every image where no registry
 * is given.
 *
 * @param registry host, with a path where images live under one: `acme.azurecr.io/mirror`
 */
export function imageFrom(registry: string | undefined, image: string): string {
  if (registry === undefined || image.startsWith(`${registry}/`)) {
    return image;
  }
  const { repository, suffix } = imageParts(image);
  return `${registry}/${repository}${suffix}`;
}

/** The value of a chart whose images are named by whole repositories; empty without a registry. */
export function registryImage(
  registry: string | undefined,
  repository: string,
): { image?: { repository: string } } {
  return registry === undefined ? {} : { image: { repository: imageFrom(registry, repository) } };
}
