import { readFile, readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import {
  type Document,
  LineCounter,
  type Node,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseAllDocuments,
} from "yaml";
import { UserError } from "../screen/userError";

/** Keys and indexes from the root of an object. */
export type Location = readonly (string | number)[];

/** A Kubernetes object in a file. */
export interface ManifestObject {
  /** Path of the file, from the folder that was read. */
  file: string;
  apiVersion: string;
  kind: string;
  /** `metadata.name`, or `metadata.generateName`. */
  name: string;
  value: Record<string, unknown>;
  /** Line of a place in the object, or of the last thing on the way that exists; from 1. */
  lineOf: (location: Location) => number;
}

/** A file that is no YAML. */
export interface ManifestProblem {
  file: string;
  line: number;
  message: string;
}

/** What a folder holds. */
export interface Manifests {
  files: string[];
  objects: ManifestObject[];
  problems: ManifestProblem[];
}

/** Anchors are used again and again in a RayJob; this many uses are no attack yet. */
const mostAliases = 10_000;

/**
 * Reads the Kubernetes objects of a folder's YAML files, or of one file. Folders that begin with a
 * dot and `node_modules` are left out, as are documents that are no Kubernetes objects.
 *
 * @throws UserError where the path does not exist.
 */
export async function readManifests(path: string): Promise<Manifests> {
  const found: Manifests = { files: [], objects: [], problems: [] };
  for (const file of await yamlFiles(path)) {
    const shown = relative(path, file) || path;
    const before = found.objects.length + found.problems.length;
    readObjects(shown, await readFile(file, "utf8"), found);
    if (found.objects.length + found.problems.length > before) {
      found.files.push(shown);
    }
  }
  return found;
}

async function yamlFiles(path: string): Promise<string[]> {
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new UserError({
      what: `"${path}" cannot be read (${error.code})`,
      remedy: "Name a folder of manifests.",
    });
  });
  if (status.isFile()) {
    return [path];
  }
  const files: string[] = [];
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const full = join(path, entry.name);
    if (entry.isDirectory()) {
      if (!entry.name.startsWith(".") && entry.name !== "node_modules") {
        files.push(...(await yamlFiles(full)));
      }
    } else if (/\.ya?ml$/.test(entry.name)) {
      files.push(full);
    }
  }
  return files.sort();
}

function readObjects(file: string, text: string, found: Manifests): void {
  const lines = new LineCounter();
  for (const document of parseAllDocuments(text, { lineCounter: lines, merge: true })) {
    for (const { pos, message } of document.errors) {
      const problem = message.split(" at line ")[0]!;
      found.problems.push({ file, line: lines.linePos(pos[0]).line, message: problem });
    }
    if (document.errors.length > 0) {
      continue;
    }
    collect(file, document, document.toJS({ maxAliasCount: mostAliases }), [], lines, found);
  }
}

/** Adds a value where it is an object, and the items where it is a `List`. */
function collect(
  file: string,
  document: Document,
  value: unknown,
  start: Location,
  lines: LineCounter,
  found: Manifests,
): void {
  if (!isRecord(value)) {
    return;
  }
  const { apiVersion, kind, metadata, items } = value;
  if (typeof apiVersion !== "string" || typeof kind !== "string") {
    return;
  }
  if (apiVersion === "v1" && kind === "List" && Array.isArray(items)) {
    items.forEach((item, index) => {
      collect(file, document, item, [...start, "items", index], lines, found);
    });
    return;
  }
  const { name, generateName } = isRecord(metadata) ? metadata : {};
  found.objects.push({
    file,
    apiVersion,
    kind,
    name: String(name ?? generateName ?? "unnamed"),
    value,
    lineOf: (location) => lines.linePos(offsetOf(document, [...start, ...location])).line,
  });
}

/** Where a place begins in the text: its key, or its element. */
function offsetOf(document: Document, location: Location): number {
  let node = document.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  for (const key of location) {
    if (isAlias(node)) {
      node = node.resolve(document) ?? null;
    }
    let next: unknown;
    let position: number | undefined;
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && item.key.value === key,
      );
      next = pair?.value;
      position = (pair?.key as Node | undefined)?.range?.[0];
    } else if (isSeq(node)) {
      next = node.items[Number(key)];
      position = (next as Node | undefined)?.range?.[0];
    }
    if (position === undefined) {
      break;
    }
    offset = position;
    node = (next ?? null) as Node | null;
  }
  return offset;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
