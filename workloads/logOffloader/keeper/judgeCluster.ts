import type { Lake } from "@mlplatform/lake/ask/lake";
import type { RayLogManifest } from "@mlplatform/lake/rayLogs/rayLogManifest";
import { ClusterState, type StoredCluster } from "@mlplatform/lake/rayLogs/rayLogClusters";
import { describeError } from "@mlplatform/lake/service/logLine";
import { ObjectStoreError } from "@mlplatform/lake/store/storeErrors";
import type { UnreadableObjectError } from "@mlplatform/lake/store/unreadableObject";
import type { ClusterPods } from "./podList";

/** What the keeper found about a cluster. */
export interface ClusterVerdict {
  namespace: string;
  cluster: string;
  state: ClusterState;
  /** What is missing, a line each: the node and why. */
  missing: string[];
  checkedAt: string;
}

/**
 * Says whether a cluster's logs are all in the lake, by its manifests, its rows, and its pods where
 * they are known.
 *
 * @param openLake opens the lake, which tells of the parts that it has to leave out
 */
export async function judgeCluster(
  openLake: (onUnreadable: (error: UnreadableObjectError) => void) => Lake,
  cluster: StoredCluster,
  pods: ClusterPods | undefined,
  now: Date,
): Promise<ClusterVerdict> {
  const { namespace, cluster: name } = cluster;
  const opened = new Set([...cluster.nodes, ...cluster.unreadable].map(({ node }) => node));
  const neverOpened = (pods?.nodes ?? []).filter((node) => !opened.has(node));
  const isRunning =
    pods === undefined ? cluster.state === ClusterState.Running : pods.nodes.length > 0;
  const missing = neverOpened.map((node) => `node ${node} never said that it reads logs`);
  const unreadable = cluster.unreadable.map(({ problem }) => problem);
  if (!isRunning) {
    missing.push(...cluster.nodes.flatMap(missingOf));
    if (missing.length === 0) {
      const onUnreadable = ({ message }: UnreadableObjectError) => unreadable.push(message);
      const rows = await missingRows(openLake(onUnreadable), cluster).catch((error: unknown) => {
        if (error instanceof ObjectStoreError) {
          throw error;
        }
        // Its rows alone did it: a bomb of zeros, a sum beyond 2^63.
        unreadable.push(describeError(error));
        return [];
      });
      missing.push(...rows);
    }
  }
  const ended =
    unreadable.length > 0
      ? ClusterState.Unreadable
      : missing.length === 0
        ? ClusterState.Complete
        : ClusterState.Incomplete;
  return {
    namespace,
    cluster: name,
    state: isRunning ? ClusterState.Running : ended,
    missing: [...unreadable, ...missing],
    checkedAt: now.toISOString(),
  };
}

function missingOf(node: RayLogManifest): string[] {
  if (node.finalAt === null) {
    return [`node ${node.node} ended without its final manifest, last seen ${node.seenAt}`];
  }
  return node.files
    .filter(({ size, bytesCommitted }) => size !== bytesCommitted)
    .map(
      ({ file, session, size, bytesCommitted }) =>
        `node ${node.node} has ${bytesCommitted} of ${size} bytes of ${session}/${file} in ` +
        "the lake",
    );
}

// A manifest is a claim: the rows have to bear it out.
async function missingRows(lake: Lake, cluster: StoredCluster): Promise<string[]> {
  const { namespace, cluster: name } = cluster;
  const { rows } = await lake.query(
    `SELECT node, file_uid, sum(byte_end - byte_start)::BIGINT AS bytes, max(byte_end) AS last
     FROM raylogs GROUP BY ALL`,
    { namespace, cluster: name },
  );
  const stored = new Map(
    rows.map((row) => [`${row["node"]}/${row["file_uid"]}`, row["bytes"] as bigint]),
  );
  return cluster.nodes.flatMap((node) =>
    node.files
      .filter(({ bytesCommitted }) => bytesCommitted > 0)
      .map((file) => ({ file, bytes: stored.get(`${node.node}/${file.uid}`) ?? 0n }))
      .filter(({ file, bytes }) => bytes < BigInt(file.bytesCommitted))
      .map(
        ({ file, bytes }) =>
          `the lake has rows of ${bytes} of ${file.bytesCommitted} bytes of ` +
          `${file.session}/${file.file} ` +
          `of node ${node.node}`,
      ),
  );
}
