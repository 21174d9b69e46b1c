import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type OwnImage, taggedName } from "../program/ownImages";
import { preloadedPrefix } from "../program/publishedImages";
import { basesOf } from "./bases/baseImages";
import { buildBases, certificates, goVariable } from "./bases/buildBases";
import { Builder, sourceDateEpoch } from "./builder";
import { contentKey, imagesCache } from "./imagesCache";
import { packLayout, pulledBytes, readManifest } from "./ociLayout";
import { buildSyft, writeSbom } from "./sbom";

/** An image that lies built on this machine. */
export interface BuiltImage {
  name: string;
  tag: string;
  /** Name in the builder's store and in the archive. */
  reference: string;
  /** Digest of its manifest. */
  digest: string;
  /** Bytes that a pull transfers. */
  bytes: number;
  layers: number;
  /** Archive in the OCI layout, for `ctr images import` and `kind load image-archive`. */
  archive: string;
  /** List of its packages, CycloneDX JSON. Absent with `sbom: false`. */
  sbom?: string;
  packages?: number;
  /** What it was built on, by the published base's name; empty where that was pulled. */
  standIns: Record<string, string>;
  /** How long its build took; 0 where an earlier build was of the same. */
  seconds: number;
}

/** How images are built. */
export interface BuildOptions {
  /** Root of the repository. */
  clone: string;
  /** Makes the bases from packages instead of pulling them. */
  withoutRegistry: boolean;
  /** Whether each gets a list of its packages. @default true */
  sbom?: boolean;
  signal?: AbortSignal;
  /** Told what is done now, and how far it is. */
  onProgress?: (image: string, step: string) => void;
}

/** What is kept beside an archive. */
interface Kept extends BuiltImage {
  key: string;
}

/**
 * Builds images, one after the other; one that is made of the same as last time is taken as it is.
 *
 * @throws UserError where a build fails, with the last lines of what it wrote
 */
export async function buildImages(
  images: readonly OwnImage[],
  options: BuildOptions,
): Promise<BuiltImage[]> {
  const builder = new Builder(options.clone);
  const version = await builder.version();
  const built: BuiltImage[] = [];
  for (const image of images) {
    built.push(await buildOne(image, builder, version, options));
  }
  return built;
}

async function buildOne(
  image: OwnImage,
  builder: Builder,
  version: string,
  options: BuildOptions,
): Promise<BuiltImage> {
  const { clone, withoutRegistry, sbom = true, signal } = options;
  const say = (step: string) => options.onProgress?.(image.name, step);
  const started = performance.now();
  const text = readFileSync(join(clone, image.dockerfile), "utf8");
  const bases = withoutRegistry
    ? await buildBases(basesOf(text), { clone, builder, say, signal })
    : new Map<string, { name: string; id: string }>();
  const standIns = Object.fromEntries([...bases].map(([from, { id }]) => [from, id]));
  const key = contentKey(
    clone,
    [image.dockerfile, ...image.sources],
    [...[version, sourceDateEpoch, JSON.stringify(standIns)]],
  );
  const folder = join(imagesCache(clone), "built", image.name);
  const kept = readKept(join(folder, "image.json"));
  const reference = `${preloadedPrefix}/${taggedName(image)}`;
  const isStored = (await builder.imageId(reference)) !== undefined;
  if (kept?.key === key && isStored && (!sbom || kept.sbom !== undefined)) {
    return { ...kept, seconds: 0 };
  }

  const draft = `${folder}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    const dockerfile = join(draft, "Dockerfile");
    writeFileSync(dockerfile, withStandIns(text, bases));
    say("starting");
    await builder.build(
      {
        name: reference,
        dockerfile,
        context: join(clone, image.context),
        mounts: { ...certificates(), ...(withoutRegistry ? goCaches(text) : {}) },
      },
      { signal, onLine: (line) => tellStep(line, say), remedy: remedyOf(withoutRegistry) },
    );
    say("writing the archive");
    const layout = join(draft, "layout");
    await builder.run(["push", "--quiet", reference, `oci:${layout}:${image.tag}`], { signal });
    const manifest = readManifest(layout);
    await packLayout(layout, reference, join(draft, "image.tar"), signal);
    const list = sbom
      ? await writeSbom(
          await buildSyft(clone, say),
          layout,
          taggedName(image),
          join(draft, "sbom.cdx.json"),
          signal,
        )
      : undefined;
    rmSync(layout, { recursive: true });
    const result: BuiltImage = {
      name: image.name,
      tag: image.tag,
      reference,
      digest: manifest.digest,
      bytes: pulledBytes(manifest),
      layers: manifest.layers.length,
      archive: join(folder, "image.tar"),
      sbom: list && join(folder, "sbom.cdx.json"),
      packages: list?.packages,
      standIns,
      seconds: (performance.now() - started) / 1000,
    };
    writeFileSync(join(draft, "image.json"), JSON.stringify({ ...result, key }, null, 2));
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
    return result;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function readKept(file: string): Kept | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Kept) : undefined;
}

/** The Dockerfile with what stands for each base after its FROM. */
function withStandIns(text: string, bases: Map<string, { name: string }>): string {
  return text.replace(/^(FROM +)(\S+)/gim, (line, from: string, base: string) => {
    const standIn = bases.get(base);
    return standIn ? `${from}${standIn.name}` : line;
  });
}

/**
 * Where Go is built, this machine's caches at the places where Go in the container, as its root,
 * has its own: the same sources need no second compilation.
 */
function goCaches(text: string): Record<string, string> {
  return /^FROM +golang:/m.test(text)
    ? { "/go/pkg/mod": goVariable("GOMODCACHE"), "/root/.cache/go-build": goVariable("GOCACHE") }
    : {};
}

/** Buildah announces a step as `STEP 3/9: RUN …`, or `[2/2] STEP 3/9: RUN …` of a stage. */
function tellStep(line: string, say: (step: string) => void): void {
  const match = /^(?:\[\d+\/\d+\] )?STEP (\d+\/\d+): (.*)$/.exec(line);
  if (match) {
    say(`${match[1]} ${match[2]}`);
  }
}

function remedyOf(withoutRegistry: boolean): string {
  return withoutRegistry
    ? "Check the network and free space."
    : "Check the network and free space; where no registry can be reached, --without-registry " +
        "makes the bases from packages.";
}
