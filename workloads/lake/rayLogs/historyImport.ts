import { createHash } from "node:crypto";
import { chunkLength, countLines } from "./lineChunks";
import { rayLogPartKey } from "../tables/rayLogKeys";
import { listObjects, type ObjectFacts, type ObjectStore } from "../store/objectStore";
import {
  getRayLogManifest,
  type ManifestFile,
  ManifestStatus,
  putRayLogManifest,
} from "./rayLogManifest";
import { encodeRayLogPart, type RayLogBytes, type RayLogOrigin } from "./rayLogPart";
import { ObjectMissingError } from "../store/storeErrors";
import { UnreadableObjectError } from "../store/unreadableObject";

/** A log file as KubeRay's History Server keeps it. */
export interface HistoryFile extends RayLogOrigin {
  session: string;
  /** Path below the node's `logs` folder. */
  file: string;
}

/** What an import brought. */
export interface HistoryImport {
  clusters: number;
  nodes: number;
  files: number;
  bytes: number;
  /** Nodes that were left alone: their own offloader's logs are in the lake. */
  kept: string[];
}

const importWriter = "h";
const partBytes = 8 << 20;
const chunkBytes = 1 << 20;

/**
 * Reads a key of
 * `cluster-history/<kind>/<namespace>/<owner>/<cluster>/<session>/<node>/logs/<file>`; undefined
 * for any other.
 */
function parseHistoryKey(key: string): HistoryFile | undefined {
  const match =
    /(?:^|\/)cluster-history\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\/logs\/(.+)$/.exec(
      key,
    );
  if (match === null) {
    return undefined;
  }
  const [, kind, namespace, owner, cluster, session, node, file] = match as unknown as string[];
  const rayjob = kind!.toLowerCase() === "rayjob" ? owner! : "";
  return {
    namespace: namespace!,
    cluster: cluster!,
    rayjob,
    node: node!,
    // The layout has no role.
    role: "",
    session: session!,
    file: file!,
  };
}

/**
 * Brings the logs that KubeRay's collector uploaded into the table. A repeated import writes the
 * same objects; a file that changed since is another file.
 */
export async function importHistory(
  source: ObjectStore,
  prefix: string,
  lake: ObjectStore,
): Promise<HistoryImport> {
  const nodes = new Map<string, { origin: HistoryFile; objects: [ObjectFacts, HistoryFile][] }>();
  for await (const object of listObjects(source, prefix)) {
    const file = parseHistoryKey(object.key);
    if (file !== undefined) {
      const id = [file.namespace, file.cluster, file.node].join("/");
      const node = nodes.get(id) ?? { origin: file, objects: [] };
      nodes.set(id, node);
      node.objects.push([object, file]);
    }
  }
  const done: HistoryImport = { clusters: 0, nodes: 0, files: 0, bytes: 0, kept: [] };
  const clusters = new Set<string>();
  for (const [id, { origin, objects }] of nodes) {
    if (await hasOwnLogs(lake, origin)) {
      done.kept.push(id);
      continue;
    }
    const files: ManifestFile[] = [];
    for (const [object, file] of objects) {
      files.push(await importFile(source, object, file, lake));
    }
    await putManifest(lake, origin, files);
    clusters.add(`${origin.namespace}/${origin.cluster}`);
    done.nodes += 1;
    done.files += files.length;
    done.bytes += files.reduce((sum, { size }) => sum + size, 0);
  }
  return { ...done, clusters: clusters.size };
}

async function hasOwnLogs(lake: ObjectStore, origin: RayLogOrigin): Promise<boolean> {
  try {
    return !(await getRayLogManifest(lake, origin)).writer.startsWith(importWriter);
  } catch (error) {
    if (error instanceof ObjectMissingError) {
      return false;
    }
    if (error instanceof UnreadableObjectError) {
      return true;
    }
    throw error;
  }
}

async function importFile(
  source: ObjectStore,
  object: ObjectFacts,
  file: HistoryFile,
  lake: ObjectStore,
): Promise<ManifestFile> {
  const identity = createHash("sha256").update(`${object.key}\n${object.etag}`).digest("hex");
  const uid = identity.slice(0, 24);
  const date = object.modified.toISOString().slice(0, 10);
  const hash = createHash("sha256");
  let runs: RayLogBytes[] = [];
  let waiting = 0;
  let position = 0;
  let line = 1;
  let sequence = 0;
  const flush = async () => {
    if (runs.length > 0) {
      const body = await encodeRayLogPart(file, runs);
      const writer = importWriter + identity.slice(0, 16);
      await lake.put(rayLogPartKey({ ...file, date, writer, sequence }), body);
      sequence += 1;
      runs = [];
      waiting = 0;
    }
  };
  const take = async (bytes: Buffer) => {
    const lines = countLines(bytes);
    runs.push({ session: file.session, file: file.file, uid, start: position, line, lines, bytes });
    hash.update(bytes);
    position += bytes.length;
    line += lines;
    waiting += bytes.length;
    if (waiting >= partBytes) {
      await flush();
    }
  };
  let rest = Buffer.alloc(0);
  for await (const piece of await source.getStream(object.key)) {
    rest = Buffer.concat([rest, piece as Buffer]);
    while (rest.length >= chunkBytes) {
      const length = chunkLength(rest.subarray(0, chunkBytes), true);
      await take(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  }
  if (rest.length > 0) {
    await take(rest);
  }
  await flush();
  if (position !== object.bytes) {
    throw new Error(`${object.key}: got ${position} of ${object.bytes} bytes; import again`);
  }
  return {
    uid,
    file: file.file,
    names: [file.file],
    session: file.session,
    size: position,
    bytesCommitted: position,
    sha256: hash.digest("hex"),
    isRemoved: true,
  };
}

async function putManifest(
  lake: ObjectStore,
  origin: HistoryFile,
  files: ManifestFile[],
): Promise<void> {
  const { namespace, cluster, rayjob, node, role } = origin;
  const now = new Date().toISOString();
  await putRayLogManifest(lake, {
    version: 1,
    status: ManifestStatus.Final,
    namespace,
    cluster,
    rayjob,
    node,
    role,
    writer: importWriter,
    openedAt: now,
    seenAt: now,
    finalAt: now,
    files,
  });
}
