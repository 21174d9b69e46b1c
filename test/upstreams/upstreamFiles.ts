import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { DownloadError, ask, bodyOf } from "../../charts/download";

/**
 * What is taken from upstreams: their CustomResourceDefinitions; their charts' values and schemas.
 */
export type UpstreamKind = "crds" | "charts";

/** One file of an upstream, pinned. */
export interface UpstreamFile {
  /** Its path in the folder of its kind. */
  file: string;
  /** Repository on GitHub, as `owner/name`. */
  repository: string;
  commit: string;
  /** Its path in the repository. */
  path: string;
  sha256: string;
}

/** Where files are looked for, and taken from. */
export interface UpstreamPlaces {
  /** Folder with `crds` and `charts` that comes before everything else where it is there. */
  beside: string;
  /** Folder that downloads are kept in. */
  cache: string;
  /** Base address of GitHub's raw files, or of a mirror with the same paths. */
  url: string;
  /** Told once, before a download. @default console.log */
  say?: (text: string) => void;
  /** Pause before the second attempt at a file; twice that before the third. @default 1000 */
  pauseMs?: number;
}

/** Files cannot be had now: no network, or a server that answers with 429 or 5xx. */
export class UpstreamsUnavailable extends Error {}

const root = resolve(__dirname, "../..");
const pins = "test/upstreams/files.json";
const mirrorVariable = "MLP_UPSTREAMS_URL";
const gitHub = "https://raw.githubusercontent.com";
/** Files that one process asks for at a time. */
export const parallelDownloads = 8;
const attempts = 3;
/** Of one attempt at one file; the largest has 2 MB. */
const timeoutMs = 120_000;

const found = new Map<UpstreamKind, Promise<string>>();

/**
 * Folder with all pinned files of a kind: `../shared/<kind>` where it is there, otherwise a
 * download that is made once and kept in `.cache/upstreams`. MLP_UPSTREAMS_URL names a mirror of
 * GitHub's raw files.
 *
 * @throws UpstreamsUnavailable where nothing answers
 * @throws Error where a file is missing upstream, or is not the pinned one
 */
export function upstreamFolder(kind: UpstreamKind): Promise<string> {
  if (!found.has(kind)) {
    const beside = resolve(root, "../shared");
    const cache = join(root, ".cache", "upstreams");
    found.set(kind, findUpstreams(kind, { beside, cache, url: upstreamsUrl() }));
  }
  return found.get(kind)!;
}

/** {@link upstreamFolder} with places of one's own. */
export async function findUpstreams(kind: UpstreamKind, places: UpstreamPlaces): Promise<string> {
  const { beside, cache, say = console.log } = places;
  const given = join(beside, kind);
  if (existsSync(given)) {
    return given;
  }
  const files = pinnedFiles(kind);
  const folder = join(cache, `${kind}-${hashOf(files)}`);
  if (existsSync(folder)) {
    return folder;
  }
  say(`    downloading ${files.length} ${kind} files of upstreams, once`);
  removeDrafts(cache, kind);
  const draft = `${folder}.${process.pid}`;
  try {
    await downloadAll(kind, files, draft, places);
    publish(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

/** All pinned files of a kind. */
export function pinnedFiles(kind: UpstreamKind): UpstreamFile[] {
  const sources = JSON.parse(readFileSync(join(root, pins), "utf8")) as {
    repository: string;
    commit: string;
    files: Record<string, { path: string; sha256: string }>;
  }[];
  return sources.flatMap(({ repository, commit, files }) =>
    Object.entries(files)
      .filter(([name]) => name.startsWith(`${kind}/`))
      .map(([name, pin]) => ({ file: name.slice(kind.length + 1), repository, commit, ...pin })),
  );
}

/**
 * Base address of raw files: GitHub's, or the mirror's that MLP_UPSTREAMS_URL names.
 *
 * @throws Error where that is no web address, or holds a name or password
 */
export function upstreamsUrl(mirror = process.env[mirrorVariable]): string {
  if (!mirror) {
    return gitHub;
  }
  const { protocol, username, password }: Partial<URL> = URL.canParse(mirror)
    ? new URL(mirror)
    : {};
  // Without the value: messages go to logs.
  if (username || password) {
    throw new Error(`${mirrorVariable} must not hold a name or password.`);
  }
  if (protocol !== "http:" && protocol !== "https:") {
    throw new Error(`${mirrorVariable} must be an address such as ${gitHub}, got "${mirror}".`);
  }
  return mirror.replace(/\/+$/, "");
}

/** Equal for the same files, wherever they come from. */
function hashOf(files: UpstreamFile[]): string {
  const lines = files.map(({ file, sha256 }) => `${sha256} ${file}\n`).sort();
  return createHash("sha256").update(lines.join("")).digest("hex").slice(0, 12);
}

/** Removes what killed downloads left behind. */
function removeDrafts(cache: string, kind: UpstreamKind): void {
  if (!existsSync(cache)) {
    return;
  }
  for (const name of readdirSync(cache)) {
    const pid = name.startsWith(`${kind}-`) && Number(/\.(\d+)$/.exec(name)?.[1]);
    if (pid && !isAnotherProcess(pid)) {
      rmSync(join(cache, name), { recursive: true, force: true });
    }
  }
}

function isAnotherProcess(pid: number): boolean {
  try {
    return pid !== process.pid && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Makes a whole draft the folder, unless another process was first: its files are the same. */
function publish(draft: string, folder: string): void {
  try {
    renameSync(draft, folder);
  } catch (error) {
    if (!existsSync(folder)) {
      throw error;
    }
  }
}

async function downloadAll(
  kind: UpstreamKind,
  files: UpstreamFile[],
  draft: string,
  places: UpstreamPlaces,
): Promise<void> {
  const left = [...files];
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const target = join(draft, next.file);
      const bytes = await download(kind, next, places);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, bytes);
    }
  };
  const stopAll = (error: unknown) => {
    left.length = 0;
    throw error;
  };
  const workers = Array.from({ length: parallelDownloads }, () => worker().catch(stopAll));
  for (const result of await Promise.allSettled(workers)) {
    if (result.status === "rejected") {
      throw result.reason;
    }
  }
}

async function download(
  kind: UpstreamKind,
  { file, repository, commit, path, sha256 }: UpstreamFile,
  { beside, url: base, pauseMs = 1000 }: UpstreamPlaces,
): Promise<Buffer> {
  const url = `${base}/${repository}/${commit}/${path}`;
  for (let attempt = 1; ; attempt++) {
    try {
      const bytes = await bytesAt(url);
      const seen = createHash("sha256").update(bytes).digest("hex");
      if (seen === sha256) {
        return bytes;
      }
      throw new Error(
        `${url} has sha256 ${seen}, ${pins} expects ${sha256} for ${kind}/${file}. Do not ` +
          "use it before you know why; write the new one if the commit was changed on purpose.",
      );
    } catch (error) {
      if (!(error instanceof DownloadError)) {
        throw error;
      }
      if (attempt === attempts) {
        throw new UpstreamsUnavailable(
          `${url} cannot be downloaded: ${error.message}. Connect to the network once, set ` +
            `${mirrorVariable} to a mirror of ${gitHub}, or put the ${kind} of ${pins} into ` +
            `${join(beside, kind)}.`,
        );
      }
    }
    await wait(attempt * pauseMs);
  }
}

/** @throws DownloadError where another attempt may help */
async function bytesAt(url: string): Promise<Buffer> {
  const response = await ask(url, {}, { timeoutMs });
  const { status } = response;
  if (response.ok) {
    return bodyOf(response, basename(url));
  }
  await response.body?.cancel();
  if (status === 429 || status >= 500) {
    throw new DownloadError(`it answers ${status}`);
  }
  throw new Error(
    `${url} answers ${status}. Correct repository, commit and path in ${pins}, or the mirror ` +
      `that ${mirrorVariable} names.`,
  );
}
