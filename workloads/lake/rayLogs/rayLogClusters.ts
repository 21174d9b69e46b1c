import { encodeKeyValue } from "../tables/keyParts";
import {
  parseRayLogManifestKey,
  type RayLogManifestKey,
  rayLogManifestsPrefix,
} from "../tables/rayLogKeys";
import { listObjects, type ObjectFacts, type ObjectStore } from "../store/objectStore";
import { UnreadableObjectError } from "../store/unreadableObject";
import type { LakeSelection } from "../tables/lakeSelection";
import { getRayLogManifest, ManifestStatus, type RayLogManifest } from "./rayLogManifest";

/** Whether a cluster's logs are all there. */
export enum ClusterState {
  /** A node said within the last ten minutes that it lives. */
  Running = "RUNNING",
  /** Every node that opened has a final manifest, and all bytes that it read are in the lake. */
  Complete = "COMPLETE",
  Incomplete = "INCOMPLETE",
  /** Something of it is in the lake that is neither a manifest nor a part. */
  Unreadable = "UNREADABLE",
}

/** A node whose manifest can't be read, and why. */
export interface UnreadableNode {
  node: string;
  problem: string;
}

/** What a cluster's manifests say. */
export interface StoredCluster {
  namespace: string;
  cluster: string;
  nodes: RayLogManifest[];
  unreadable: UnreadableNode[];
  state: ClusterState;
  isComplete: boolean;
  /** Nodes that are open, final with bytes missing, or without a manifest that can be read. */
  incompleteNodes: string[];
  /** When a node last said something, and no later than the store got it. */
  seenAt: Date;
}

// An offloader says every minute that it lives.
const silentMs = 600_000;
// Many times what a node with 10 000 files writes; whoever reads them has two gibibytes.
const maxManifestBytes = 32 << 20;
const maxClusterBytes = 128 << 20;

/** Reads every manifest of a selection and joins them by cluster. */
export async function listRayLogClusters(
  store: ObjectStore,
  selection: LakeSelection,
  now = Date.now(),
): Promise<StoredCluster[]> {
  const clusters: StoredCluster[] = [];
  for await (const cluster of readRayLogClusters(store, selection, now)) {
    clusters.push(cluster);
  }
  return clusters;
}

/** The same, a cluster at a time: nothing is held of the others. */
export async function* readRayLogClusters(
  store: ObjectStore,
  selection: LakeSelection,
  now = Date.now(),
): AsyncGenerator<StoredCluster> {
  for await (const nodes of clusterManifests(store, selection)) {
    const cluster = await readCluster(store, nodes, now);
    if (selection.since === undefined || cluster.seenAt >= selection.since) {
      yield cluster;
    }
  }
}

interface ListedManifest {
  place: RayLogManifestKey;
  object: ObjectFacts;
}

/** The manifests of each cluster; the store lists keys in their order. */
async function* clusterManifests(
  store: ObjectStore,
  { namespace, cluster }: LakeSelection,
): AsyncGenerator<ListedManifest[]> {
  const prefix = namespace === undefined ? "" : `${encodeKeyValue("namespace", namespace)}/`;
  let nodes: ListedManifest[] = [];
  for await (const object of listObjects(store, rayLogManifestsPrefix + prefix)) {
    const place = parseRayLogManifestKey(object.key);
    if (place === undefined || (cluster !== undefined && place.cluster !== cluster)) {
      continue;
    }
    const [first] = nodes;
    if (
      first !== undefined &&
      (first.place.namespace !== place.namespace || first.place.cluster !== place.cluster)
    ) {
      yield nodes;
      nodes = [];
    }
    nodes.push({ place, object });
  }
  if (nodes.length > 0) {
    yield nodes;
  }
}

async function readCluster(
  store: ObjectStore,
  listed: ListedManifest[],
  now: number,
): Promise<StoredCluster> {
  const { namespace, cluster } = listed[0]!.place;
  const nodes: RayLogManifest[] = [];
  const unreadable: UnreadableNode[] = [];
  let seenAt = new Date(0);
  let isRunning = false;
  let bytes = 0;
  for (const { place, object } of listed) {
    const manifest = await readManifest(store, place, object, maxClusterBytes - bytes);
    bytes += object.bytes;
    const claimed = manifest instanceof UnreadableObjectError ? undefined : lastWord(manifest);
    // A node's clock may be ahead, or lie.
    const said = claimed === undefined || claimed > object.modified ? object.modified : claimed;
    seenAt = said > seenAt ? said : seenAt;
    if (manifest instanceof UnreadableObjectError) {
      unreadable.push({ node: place.node, problem: manifest.message });
      continue;
    }
    nodes.push(manifest);
    isRunning ||= manifest.status === ManifestStatus.Open && now - said.getTime() < silentMs;
  }
  const incompleteNodes = [...nodes.filter((manifest) => !isWhole(manifest)), ...unreadable].map(
    ({ node }) => node,
  );
  return {
    namespace,
    cluster,
    nodes,
    unreadable,
    state: isRunning
      ? ClusterState.Running
      : unreadable.length > 0
        ? ClusterState.Unreadable
        : incompleteNodes.length > 0
          ? ClusterState.Incomplete
          : ClusterState.Complete,
    isComplete: incompleteNodes.length === 0,
    incompleteNodes,
    seenAt,
  };
}

async function readManifest(
  store: ObjectStore,
  place: RayLogManifestKey,
  { key, bytes }: ObjectFacts,
  roomBytes: number,
): Promise<RayLogManifest | UnreadableObjectError> {
  if (bytes > Math.min(maxManifestBytes, roomBytes)) {
    return new UnreadableObjectError(
      key,
      `a manifest has ${maxManifestBytes} bytes at most and a cluster's together ` +
        `${maxClusterBytes}, got ${bytes}`,
    );
  }
  try {
    return await getRayLogManifest(store, place);
  } catch (error) {
    if (error instanceof UnreadableObjectError) {
      return error;
    }
    throw error;
  }
}

function lastWord({ seenAt, openedAt }: RayLogManifest): Date {
  return new Date(seenAt ?? openedAt);
}

function isWhole(manifest: RayLogManifest): boolean {
  return (
    manifest.status === ManifestStatus.Final &&
    manifest.files.every(({ size, bytesCommitted }) => size === bytesCommitted)
  );
}
