import { readFile, readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import {
  type Document,
  type DocumentOptions,
  LineCounter,
  type Node,
  type ParseOptions,
  type SchemaOptions,
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

/** A file, or a part of one, that cannot be read as objects. */
export interface ManifestProblem {
  file: string;
  line: number;
  /** What is wrong with it; reads on from its place. */
  message: string;
}

/** What a folder holds. */
export interface Manifests {
  files: string[];
  objects: ManifestObject[];
  problems: ManifestProblem[];
  /** Folders with such files that were not read, because their names begin with a dot. */
  leftOut: string[];
}

/** Anchors are used again and again in a RayJob; this many uses are no attack yet. */
const mostAliases = 10_000;

const manifestName = /\.(ya?ml|json)$/i;

/**
 * Values as Kubernetes' clients read them, which is by YAML 1.1: `yes` and `on` are true. Dates
 * stay texts there, and what has no form in JSON is none of theirs.
 */
const parsing = {
  schema: "yaml-1.1",
  merge: true,
  customTags: (tags) =>
    tags.filter(
      (tag) => typeof tag === "string" || !/:(timestamp|binary|omap|pairs|set)$/.test(tag.tag),
    ),
} satisfies ParseOptions & DocumentOptions & SchemaOptions;

/**
 * Reads the Kubernetes objects of a folder's YAML and JSON files, or of one file. Folders that
 * begin with a dot and `node_modules` are left out, as are documents that are no objects.
 *
 * @throws UserError where the path does not exist.
 */
export async function readManifests(path: string): Promise<Manifests> {
  const found: Manifests = { files: [], objects: [], problems: [], leftOut: [] };
  for (const file of await manifestFiles(path, found.leftOut)) {
    const shown = relative(path, file) || path;
    const before = found.objects.length + found.problems.length;
    const text = await readText(file).catch((error: unknown) => {
      const { code, message } = error as NodeJS.ErrnoException;
      found.problems.push({
        file: shown,
        line: 1,
        message: `it cannot be read: ${code ?? message}`,
      });
      return undefined;
    });
    if (text !== undefined) {
      readObjects(shown, text, found);
    }
    if (found.objects.length + found.problems.length > before) {
      found.files.push(shown);
    }
  }
  found.leftOut = found.leftOut.map((folder) => relative(path, folder)).sort();
  return found;
}

async function manifestFiles(path: string, leftOut: string[]): Promise<string[]> {
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
        files.push(...(await manifestFiles(full, leftOut)));
      } else if (entry.name !== ".git" && entry.name !== "node_modules") {
        if ((await manifestFiles(full, [])).length > 0) {
          leftOut.push(full);
        }
      }
    } else if (manifestName.test(entry.name)) {
      files.push(full);
    }
  }
  return files.sort();
}

/**
 * The text of a file in UTF-8, or in UTF-16 with a byte order mark, as Kubernetes' clients take it.
 *
 * @throws Error where it is neither
 */
async function readText(file: string): Promise<string> {
  const bytes = await readFile(file);
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe
      ? "utf-16le"
      : first === 0xfe && second === 0xff
        ? "utf-16be"
        : "utf-8";
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    if (!text.includes("\0")) {
      return text;
    }
  } catch {
    // Said below, as for a text with what is no text in it.
  }
  throw new Error("it is no text in UTF-8, or in UTF-16 with a byte order mark");
}

function readObjects(file: string, text: string, found: Manifests): void {
  const lines = new LineCounter();
  for (const document of parseAllDocuments(text, { ...parsing, lineCounter: lines })) {
    for (const { pos, message } of document.errors) {
      const problem = message.split(" at line ")[0]!;
      found.problems.push({
        file,
        line: lines.linePos(pos[0]).line,
        message: `it is not valid YAML: ${problem}`,
      });
    }
    if (document.errors.length > 0) {
      continue;
    }
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: mostAliases });
    } catch (error) {
      found.problems.push({
        file,
        line: lines.linePos(document.range[0]).line,
        message: `its aliases cannot be followed: ${(error as Error).message}`,
      });
      continue;
    }
    collect({ file, document, lines, found }, value, []);
  }
}

/** What a document is read into. */
interface Reading {
  file: string;
  document: Document;
  lines: LineCounter;
  found: Manifests;
}

/** Group, version and kind that an item of a list has where it does not say. */
interface ItemKind {
  apiVersion: string;
  kind: string;
}

/** Adds a value where it is an object, and the items where it is a list of them. */
function collect(reading: Reading, value: unknown, start: Location, ofList?: ItemKind): void {
  if (!isRecord(value)) {
    return;
  }
  const { file, document, lines, found } = reading;
  const lineOf = (location: Location) =>
    lines.linePos(offsetOf(document, [...start, ...location])).line;
  const { apiVersion = ofList?.apiVersion, kind = ofList?.kind, metadata, items } = value;
  if (apiVersion === undefined || kind === undefined) {
    return;
  }
  if (typeof apiVersion !== "string" || typeof kind !== "string") {
    const [key, wrong] = typeof kind === "string" ? ["apiVersion", apiVersion] : ["kind", kind];
    const message = `its ${key} is ${JSON.stringify(wrong)}, which is no text`;
    found.problems.push({ file, line: lineOf([key]), message });
    return;
  }
  // Kubernetes' clients take whatever has items for a list, and its items' kind from its own.
  if (Array.isArray(items)) {
    const itemKind = /^.+List$/.test(kind)
      ? { apiVersion, kind: kind.slice(0, -"List".length) }
      : undefined;
    items.forEach((item, index) => {
      collect(reading, item, [...start, "items", index], itemKind);
    });
    return;
  }
  const { name, generateName } = isRecord(metadata) ? metadata : {};
  found.objects.push({
    file,
    apiVersion,
    kind,
    name: shownName(name ?? generateName),
    value: { apiVersion, kind, ...value },
    lineOf,
  });
}

function shownName(name: unknown): string {
  return typeof name === "string" || typeof name === "number" ? String(name) : "unnamed";
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
