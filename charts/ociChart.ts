import { createHash } from "node:crypto";
import type { ChartReference } from "../components/connections";
import { ask, bodyOf, type ChartArchive, DownloadError, type DownloadOptions } from "./download";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
/** Layer with the archive (https://helm.sh/docs/topics/registries). */
const archiveType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/**
 * Fetches a chart from an OCI registry, without an account
 * (https://github.com/opencontainers/distribution-spec/blob/main/spec.md).
 */
export async function fetchOciChart(
  { chart, version }: ChartReference,
  options: DownloadOptions,
): Promise<ChartArchive> {
  const { host, pathname } = new URL(chart.replace(/^oci:/, "https:"));
  // As Docker and Helm do: a registry on this machine speaks plain HTTP.
  const scheme = /^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(host) ? "http" : "https";
  const base = `${scheme}://${host}/v2${pathname}`;
  // A tag cannot hold the "+" of a version.
  const tag = version.replaceAll("+", "_");
  const headers: Record<string, string> = { accept: manifestType };
  let response = await ask(`${base}/manifests/${tag}`, headers, options);
  if (response.status === 401) {
    const token = await tokenFor(response.headers.get("www-authenticate") ?? "", host, options);
    headers.authorization = `Bearer ${token}`;
    response = await ask(`${base}/manifests/${tag}`, headers, options);
  }
  if (response.status === 404) {
    throw new DownloadError(`${host}${pathname} has no version ${version}`);
  }
  const manifest = await bodyOf(response, "the manifest");
  const promised = response.headers.get("docker-content-digest");
  const digest = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
  if (promised?.startsWith("sha256:") && promised !== digest) {
    throw new DownloadError(`${host} sends a manifest of ${digest} and says ${promised}`);
  }
  const layer = layersOf(manifest, host).find(({ mediaType }) => mediaType === archiveType);
  if (layer === undefined) {
    throw new DownloadError(
      `${host}${pathname}:${tag} is not a Helm chart: no layer ${archiveType}`,
    );
  }
  const blob = await ask(`${base}/blobs/${layer.digest}`, { ...headers, accept: "*/*" }, options);
  return { promised: layer.digest, bytes: await bodyOf(blob, "the archive") };
}

function layersOf(manifest: Buffer, host: string): { mediaType: string; digest: string }[] {
  try {
    return JSON.parse(manifest.toString("utf8")).layers ?? [];
  } catch {
    throw new DownloadError(`${host} sent a manifest that is not JSON`);
  }
}

/** The token that a registry hands to everyone, as its refusal describes. */
async function tokenFor(
  challenge: string,
  host: string,
  options: DownloadOptions,
): Promise<string> {
  const field = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
  const realm = field("realm");
  if (!/^Bearer /i.test(challenge) || realm === undefined || !URL.canParse(realm)) {
    throw new DownloadError(`${host} asks for an account, and none can be given`);
  }
  const url = new URL(realm);
  for (const name of ["service", "scope"]) {
    const value = field(name);
    if (value !== undefined) {
      url.searchParams.set(name, value);
    }
  }
  const response = await ask(url.href, {}, options);
  if (response.status === 401 || response.status === 403) {
    throw new DownloadError(`${host} asks for an account, and none can be given`);
  }
  const { token, access_token: other } = JSON.parse(
    (await bodyOf(response, "a token")).toString("utf8"),
  );
  return token ?? other;
}
