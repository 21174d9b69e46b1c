import { join } from "node:path";
import { openLake } from "@mlplatform/lake/ask/lake";
import { listRayLogPartitions } from "@mlplatform/lake/rayLogs/rayLogParts";
import { ClusterState, readRayLogClusters } from "@mlplatform/lake/rayLogs/rayLogClusters";
import { describeError, type LogLine } from "@mlplatform/lake/service/logLine";
import { deleteLeftOver } from "@mlplatform/lake/compaction/currentParts";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { listObjects, type ObjectStore, openObjectStore } from "@mlplatform/lake/store/objectStore";
import { ObjectExistsError, ObjectStoreError } from "@mlplatform/lake/store/storeErrors";
import type { UnreadableObjectError } from "@mlplatform/lake/store/unreadableObject";
import {
  rayLogCompactionsPrefix,
  rayLogManifestKey,
  rayLogStatusKey,
  parseRayLogCompactionKey,
  rayLogStatusPrefix,
} from "@mlplatform/lake/tables/rayLogKeys";
import { compactPartition } from "./compactPartition";
import { type ClusterVerdict, judgeCluster } from "./judgeCluster";
import type { KeeperConfig } from "./config";
import { type ClusterPods, readPods } from "./podList";

/** What one run did and found. */
export interface KeeperReport {
  verdicts: ClusterVerdict[];
  /** Clusters that ended lately and aren't complete, or can't be read. */
  incomplete: ClusterVerdict[];
  /** What couldn't be merged, a line each; the others were. */
  failures: string[];
  merged: number;
  into: number;
  deletedParts: number;
}

const dayMs = 86_400_000;
const cacheBytes = 512 << 20;

/**
 * Runs once over all of the lake's Ray logs: judges clusters, merges parts, deletes what is past
 * its time. What one project wrote wrongly is said, and keeps nothing from being done for others.
 */
export async function runKeeper(
  config: KeeperConfig,
  logLine: LogLine,
  now = new Date(),
): Promise<KeeperReport> {
  const store = openObjectStore(config.lake);
  try {
    const report: KeeperReport = {
      verdicts: [],
      incomplete: [],
      failures: [],
      merged: 0,
      into: 0,
      deletedParts: 0,
    };
    report.deletedParts += await expire(store, config, now);
    const pods = await readPods(config.podListFile);
    await judge(store, config, pods, now, report);
    await compact(store, config, now, report, logLine);
    return report;
  } finally {
    store.close();
  }
}

async function judge(
  store: ObjectStore,
  config: KeeperConfig,
  pods: ClusterPods[] | undefined,
  now: Date,
  report: KeeperReport,
): Promise<void> {
  const directory = join(config.workDirectory, "cache");
  const cache = await openObjectCache({ store, directory, maxBytes: cacheBytes });
  const lakeWith = (onUnreadable: (error: UnreadableObjectError) => void) =>
    openLake({ store, cache, memoryMiB: 512, onUnreadable });
  const judged = await judgedBefore(store);
  for await (const cluster of readRayLogClusters(store, {}, now.getTime())) {
    const { namespace, cluster: name, seenAt } = cluster;
    const key = rayLogStatusKey({ namespace, cluster: name });
    const before = judged.get(key);
    // What was complete after its last word stays so; its rows needn't be counted each time.
    const isSettled = before !== undefined && before > seenAt;
    const verdict =
      isSettled && cluster.isComplete
        ? (JSON.parse((await store.get(key)).toString("utf8")) as ClusterVerdict)
        : await judgeCluster(lakeWith, cluster, podsOf(pods, namespace, name), now);
    if (!isSettled || verdict.state !== ClusterState.Complete) {
      const body = Buffer.from(`${JSON.stringify(verdict, null, 1)}\n`, "utf8");
      await store.put(key, body, { contentType: "application/json" });
    }
    report.verdicts.push(verdict);
    const isLate = now.getTime() - seenAt.getTime() > config.reportDays * dayMs;
    const isShort =
      verdict.state === ClusterState.Incomplete || verdict.state === ClusterState.Unreadable;
    if (isShort && !isLate) {
      report.incomplete.push(verdict);
    }
  }
}

// Without a list there is nothing to say about pods; with one, a cluster that isn't in it has none.
function podsOf(
  pods: ClusterPods[] | undefined,
  namespace: string,
  cluster: string,
): ClusterPods | undefined {
  return pods === undefined
    ? undefined
    : (pods.find((each) => each.namespace === namespace && each.cluster === cluster) ?? {
        namespace,
        cluster,
        nodes: [],
      });
}

async function judgedBefore(store: ObjectStore): Promise<Map<string, Date>> {
  const judged = new Map<string, Date>();
  for await (const { key, modified } of listObjects(store, rayLogStatusPrefix)) {
    judged.set(key, modified);
  }
  return judged;
}

async function compact(
  store: ObjectStore,
  config: KeeperConfig,
  now: Date,
  report: KeeperReport,
  logLine: LogLine,
): Promise<void> {
  const running = new Set(
    report.verdicts
      .filter(({ state }) => state === ClusterState.Running)
      .map(({ namespace, cluster }) => `${namespace}/${cluster}`),
  );
  const today = now.toISOString().slice(0, 10);
  for (const found of await listRayLogPartitions(store, {})) {
    const { namespace, cluster, date } = found.partition;
    report.deletedParts += await deleteLeftOver(store, found, config.graceMs, now.getTime());
    if (date === today && running.has(`${namespace}/${cluster}`)) {
      continue;
    }
    try {
      const { merged, into } = await compactPartition(
        {
          store,
          workDirectory: config.workDirectory,
          targetBytes: config.targetBytes,
        },
        found,
      );
      report.merged += merged;
      report.into += into;
    } catch (error) {
      if (error instanceof ObjectExistsError) {
        logLine("warn", `another keeper merges ${namespace}/${cluster}: ${describeError(error)}`);
      } else if (error instanceof ObjectStoreError) {
        throw error;
      } else {
        report.failures.push(`${namespace}/${cluster} of ${date}: ${describeError(error)}`);
      }
    }
  }
}

/** Deletes partitions whose day is past its time, and what is left of clusters without any. */
async function expire(store: ObjectStore, config: KeeperConfig, now: Date): Promise<number> {
  const before = now.getTime() - config.retentionDays * dayMs;
  let deleted = 0;
  const kept = new Set<string>();
  for (const { partition, parts, replaced, orphans } of await listRayLogPartitions(store, {})) {
    if (Date.parse(`${partition.date}T00:00:00Z`) + dayMs > before) {
      kept.add(`${partition.namespace}/${partition.cluster}`);
      continue;
    }
    for (const { key } of [...parts, ...replaced.map(({ object }) => object), ...orphans]) {
      await store.delete(key);
      deleted += 1;
    }
  }
  // Records after their parts: without its record a compacted part is no part.
  for await (const { key } of listObjects(store, rayLogCompactionsPrefix)) {
    const place = parseRayLogCompactionKey(key);
    if (place !== undefined && Date.parse(`${place.date}T00:00:00Z`) + dayMs <= before) {
      await store.delete(key);
    }
  }
  for await (const each of readRayLogClusters(store, {})) {
    const { namespace, cluster, nodes, unreadable, seenAt } = each;
    if (!kept.has(`${namespace}/${cluster}`) && seenAt.getTime() < before) {
      for (const { node } of [...nodes, ...unreadable]) {
        await store.delete(rayLogManifestKey({ namespace, cluster, node }));
      }
      await store.delete(rayLogStatusKey({ namespace, cluster }));
    }
  }
  return deleted;
}
