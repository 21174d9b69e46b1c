// Own code beside a registry client: one HEAD request an image, and nothing is pulled.
import { preloadedPrefix, unpublishedPrefix } from "../../program/publishedImages";
import { type Finding, failure, good, notChecked, warning } from "./finding";

/** Where the manifest of an image is asked for. */
export interface ManifestPlace {
  /** Origin and path of the registry's API, e.g. `https://registry-1.docker.io/v2/library/redis`. */
  repositoryUrl: string;
  /** Tag or digest. */
  reference: string;
}

/** What a registry says of an image. */
enum Presence {
  Present = "present",
  Absent = "absent",
  /** The registry wants a sign-in, or could not be asked. */
  Unknown = "unknown",
}

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
const timeoutMs = 20_000;
/** Images that are asked for at the same time. */
const parallel = 8;

/**
 * Docker Hub counts pulls without an account by address, and the nodes of a cluster on Azure have
 * one for all (https://docs.docker.com/docker-hub/usage).
 */
export function examineDockerHub(images: readonly string[]): Finding[] {
  const hub = "https://registry-1.docker.io/v2/";
  const found = images
    .map((image) => manifestPlace(image).repositoryUrl)
    .filter((url) => url.startsWith(hub))
    .map((url) => url.slice(hub.length));
  const names = [...new Set(found)].sort();
  return names.length === 0
    ? []
    : [
        warning(
          "Docker Hub",
          `${names.length} images come from there, to each node through one address and without ` +
            `an account: ${names.join(", ")}`,
          "It lets an address pull 100 times in six hours. Import them into a registry of yours " +
            "and set mlplatform:images.registry; `mlp images --stack <name>` lists all.",
        ),
      ];
}

/** Whether every image is where the stack pulls it. Nothing is pulled, and nobody signs in. */
export async function examineImages(
  images: readonly string[],
  signal: AbortSignal,
): Promise<Finding[]> {
  const unpublished = images.filter((image) => image.startsWith(`${unpublishedPrefix}/`)).sort();
  const preloaded = images.filter((image) => image.startsWith(`${preloadedPrefix}/`)).sort();
  const found = new Map<Presence, string[]>();
  const waiting = images.filter((image) => ![...unpublished, ...preloaded].includes(image));
  const reasons = new Set<string>();
  const work = async () => {
    for (let image = waiting.shift(); image !== undefined; image = waiting.shift()) {
      const { presence, reason } = await presenceOf(image, signal);
      found.set(presence, [...(found.get(presence) ?? []), image]);
      if (reason !== undefined) {
        reasons.add(reason);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  const of = (presence: Presence) => (found.get(presence) ?? []).sort();
  const absent = of(Presence.Absent).map((image) =>
    failure(
      `Image ${image}`,
      "isn't there",
      "Publish or import it; `mlp images --stack <name>` lists all with their publishers.",
    ),
  );
  const unknown = of(Presence.Unknown);
  return [
    ...(unpublished.length > 0
      ? [
          failure(
            "Own images",
            `${unpublished.length} published nowhere: ` +
              unpublished.map((image) => image.slice(unpublishedPrefix.length + 1)).join(", "),
            "Run `npm run mlp -- images bootstrap`, and set mlplatform:images.prefix.",
          ),
        ]
      : []),
    ...absent,
    ...(preloaded.length > 0
      ? [
          notChecked(
            "Preloaded images",
            `${preloaded.length}: ${preloaded.join(", ")}`,
            "Build them by `npm run mlp -- images build`, and load them into every node.",
          ),
        ]
      : []),
    ...(unknown.length > 0
      ? [
          notChecked(
            "Images",
            `${unknown.length} of ${images.length}: ${[...reasons].sort().join("; ")}`,
            "Their registries want a sign-in, or can't be reached from here.",
          ),
        ]
      : []),
    ...(of(Presence.Present).length > 0
      ? [good("Images", `${of(Presence.Present).length} of ${images.length} are there`)]
      : []),
  ];
}

/** Takes the name of an image apart as Docker does: `redis` is `docker.io/library/redis:latest`. */
export function manifestPlace(image: string): ManifestPlace {
  const [named, digest] = image.split("@") as [string, string?];
  const slash = named.indexOf("/");
  const first = named.slice(0, Math.max(slash, 0));
  const hasHost = /[.:]/.test(first) || first === "localhost";
  const host = hasHost ? first : "docker.io";
  const path = hasHost ? named.slice(slash + 1) : named;
  const colon = path.indexOf(":");
  const repository = colon < 0 ? path : path.slice(0, colon);
  const isOfficial = host === "docker.io" && !repository.includes("/");
  const isLocal = /^(localhost|127\.0\.0\.1)(:|$)/.test(host);
  const api = host === "docker.io" ? "registry-1.docker.io" : host;
  return {
    repositoryUrl:
      `${isLocal ? "http" : "https"}://${api}/v2/${isOfficial ? "library/" : ""}` + repository,
    reference: digest ?? (colon < 0 ? "latest" : path.slice(colon + 1)),
  };
}

async function presenceOf(
  image: string,
  signal: AbortSignal,
): Promise<{ presence: Presence; reason?: string }> {
  const { repositoryUrl, reference } = manifestPlace(image);
  const { host } = new URL(repositoryUrl);
  try {
    const answer = await headManifest(`${repositoryUrl}/manifests/${reference}`, signal);
    if (answer.ok) {
      return { presence: Presence.Present };
    }
    if (answer.status === 404) {
      return { presence: Presence.Absent };
    }
    return { presence: Presence.Unknown, reason: `${host} answered ${answer.status}` };
  } catch (error) {
    signal.throwIfAborted();
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message : message;
    return { presence: Presence.Unknown, reason: `${host}: ${why}` };
  }
}

/** Asks without an account; where the registry names a place for tokens, with one of nobody's. */
async function headManifest(url: string, signal: AbortSignal): Promise<Response> {
  const ask = (headers: Record<string, string>) =>
    fetch(url, {
      method: "HEAD",
      headers: { accept: manifestTypes, ...headers },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
  const first = await ask({});
  const challenge = first.headers.get("www-authenticate") ?? "";
  if (first.status !== 401 || !/^bearer /i.test(challenge)) {
    return first;
  }
  const told = new Map(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!]),
  );
  const realm = told.get("realm");
  if (realm === undefined) {
    return first;
  }
  const tokens = new URL(realm);
  for (const key of ["service", "scope"]) {
    if (told.has(key)) {
      tokens.searchParams.set(key, told.get(key)!);
    }
  }
  const given = await fetch(tokens, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  const body = (await given.json().catch(() => ({}))) as { token?: string; access_token?: string };
  const token = body.token ?? body.access_token;
  return token === undefined ? first : ask({ authorization: `Bearer ${token}` });
}
