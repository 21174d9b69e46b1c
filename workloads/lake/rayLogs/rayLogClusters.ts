import { encodeKeyValue } from "../tables/keyParts";
import { parseRayLogManifestKey, rayLogManifestsPrefix } from "../tables/rayLogKeys";
import { listObjects, type ObjectStore } from "../store/objectStore";
import type { Lake, LakeSelection } from "../ask/lake";
import { getRayLogManifest, ManifestStatus, type RayLogManifest } from "./rayLogManifest";

/** A log file that the lake has rows of. */
export interface StoredLogFile {
  node: string;
  session: string;
  file: string;
  uid: string;
  bytes: number;
}

/** Whether a cluster's logs are all there. */
export enum ClusterState {
  /** A node said within the last ten minutes that it lives. */
  Running = "RUNNING",
  /** Every node that opened has a final manifest, and all bytes that it read are in the lake. */
  Complete = "COMPLETE",
  Incomplete = "INCOMPLETE",
}

/** What a cluster's manifests say. */
export interface StoredCluster {
  namespace: string;
  cluster: string;
  nodes: RayLogManifest[];
  state: ClusterState;
  isComplete: boolean;
  /** Nodes that are open, or final with bytes missing. */
  incompleteNodes: string[];
  /** When a node last said something. */
  seenAt: Date;
}

// An offloader says every minute that it lives.
const silentMs = 600_000;

/** The bytes of a file in the lake have a hole. */
export class LogGapError extends Error {
  override readonly name = "LogGapError";
}

/** Reads every manifest of a selection and joins them by cluster. */
export async function listRayLogClusters(
  store: ObjectStore,
  selection: LakeSelection,
  now = Date.now(),
): Promise<StoredCluster[]> {
  const clusters = new Map<string, StoredCluster>();
  const { namespace: only } = selection;
  const prefix = only === undefined ? "" : `${encodeKeyValue("namespace", only)}/`;
  for await (const { key } of listObjects(store, rayLogManifestsPrefix + prefix)) {
    const parsed = parseRayLogManifestKey(key);
    if (
      parsed === undefined ||
      (selection.namespace !== undefined && parsed.namespace !== selection.namespace) ||
      (selection.cluster !== undefined && parsed.cluster !== selection.cluster)
    ) {
      continue;
    }
    const { namespace, cluster } = parsed;
    const id = `${namespace}/${cluster}`;
    const found = clusters.get(id) ?? {
      namespace,
      cluster,
      nodes: [],
      state: ClusterState.Complete,
      isComplete: true,
      incompleteNodes: [],
      seenAt: new Date(0),
    };
    clusters.set(id, found);
    const manifest = await getRayLogManifest(store, parsed);
    found.nodes.push(manifest);
    const seenAt = new Date(manifest.seenAt ?? manifest.openedAt);
    found.seenAt = seenAt > found.seenAt ? seenAt : found.seenAt;
    if (!isWhole(manifest)) {
      found.isComplete = false;
      found.incompleteNodes.push(parsed.node);
      const lives = manifest.status === ManifestStatus.Open && now - seenAt.getTime() < silentMs;
      found.state =
        lives || found.state === ClusterState.Running
          ? ClusterState.Running
          : ClusterState.Incomplete;
    }
  }
  return [...clusters.values()].filter(
    ({ seenAt }) => selection.since === undefined || seenAt >= selection.since,
  );
}

function isWhole(manifest: RayLogManifest): boolean {
  return (
    manifest.status === ManifestStatus.Final &&
    manifest.files.every(({ size, bytesCommitted }) => size === bytesCommitted)
  );
}

/** The files of a selection whose first name (`file`) or `file_uid` is `name`. */
export async function findLogFiles(
  lake: Lake,
  selection: LakeSelection,
  name: string,
): Promise<StoredLogFile[]> {
  const { rows } = await lake.query(
    `SELECT node, session, file, file_uid AS uid, max(byte_end) AS bytes FROM raylogs
     WHERE file = $name OR file_uid = $name
     GROUP BY ALL ORDER BY node, session, file, uid`,
    selection,
    { name },
  );
  return rows.map((row) => ({ ...row, bytes: Number(row["bytes"]) }) as StoredLogFile);
}

/**
 * The bytes of one file in order, exactly as they were.
 *
 * @throws LogGapError where bytes between two rows are missing.
 */
export async function* readLogFile(
  lake: Lake,
  selection: LakeSelection,
  file: { node: string; uid: string },
): AsyncGenerator<Buffer> {
  let position = 0;
  const rows = lake.stream(
    // As bytes: a byte order mark is no character to who reads text.
    `SELECT byte_start, byte_end, coalesce(raw, encode(text)) AS content FROM raylogs
     WHERE node = $node AND file_uid = $uid ORDER BY byte_start, byte_end DESC`,
    selection,
    { node: file.node, uid: file.uid },
  );
  for await (const row of rows) {
    const start = Number(row["byte_start"]);
    const end = Number(row["byte_end"]);
    if (start > position) {
      throw new LogGapError(
        `bytes ${position}–${start - 1} of file ${file.uid} (node ${file.node}) aren't in ` +
          "the selection; " +
          `widen --since/--until, or see \`logs clusters\` for what the node says`,
      );
    }
    if (end <= position) {
      continue;
    }
    const bytes = rowBytes(row, end - start);
    yield bytes.subarray(position - start);
    position = end;
  }
}

function rowBytes(row: Record<string, unknown>, length: number): Buffer {
  const content = row["content"] as Buffer;
  return content.length === length ? content : Buffer.concat([content, Buffer.from("\n")]);
}
