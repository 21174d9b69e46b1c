import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command";
import { sourceDateEpoch } from "./builder";

/** A layer of an image, as its manifest has it. */
interface Descriptor {
  digest: string;
  size: number;
  mediaType: string;
}

/** What an image's manifest says. */
export interface ImageManifest {
  /** Digest of the manifest: the image's. */
  digest: string;
  layers: Descriptor[];
  config: Descriptor;
}

const blob = (layout: string, digest: string) => join(layout, "blobs", ...digest.split(":"));

/** Reads the one image of a folder in the OCI layout. */
export function readManifest(layout: string): ImageManifest {
  const [entry] = readIndex(layout).manifests;
  const { layers, config } = JSON.parse(readFileSync(blob(layout, entry!.digest), "utf8"));
  return { digest: entry!.digest, layers, config };
}

/** Bytes that a pull of the image transfers. */
export function pulledBytes({ layers, config }: ImageManifest): number {
  return layers.reduce((sum, { size }) => sum + size, config.size);
}

/**
 * Packs a folder in the OCI layout into one file that `ctr images import`, `kind load
 * image-archive` and `skopeo` take; the same bytes each time.
 *
 * @param name whole name that the image gets where it is imported
 */
export async function packLayout(
  layout: string,
  name: string,
  file: string,
  signal?: AbortSignal,
): Promise<void> {
  const index = readIndex(layout);
  const [tag] = name.split(":").slice(-1);
  for (const entry of index.manifests) {
    // containerd reads the first, other tools the second.
    entry.annotations = {
      "io.containerd.image.name": name,
      "org.opencontainers.image.ref.name": tag!,
    };
  }
  writeFileSync(join(layout, "index.json"), JSON.stringify(index));
  await runCommand(
    "tar",
    [
      ...["--create", "--sort=name", `--mtime=@${sourceDateEpoch}`, "--owner=0", "--group=0"],
      ...["--numeric-owner", "--mode=u=rwX,go=rX", `--file=${file}`, `--directory=${layout}`, "."],
    ],
    { signal },
  );
}

function readIndex(layout: string): {
  manifests: { digest: string; annotations?: Record<string, string> }[];
} {
  return JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
}
