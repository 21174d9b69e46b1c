import { encodeKeyValue } from "../tables/keyParts";
import { parseRayLogManifestKey, rayLogManifestsPrefix } from "../tables/rayLogKeys";
import { listObjects, type ObjectStore } from "../store/objectStore";
import type { LakeSelection } from "../tables/lakeSelection";
import { getRayLogManifest, ManifestStatus, type RayLogManifest } from "./rayLogManifest";

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
