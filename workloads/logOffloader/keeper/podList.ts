import { promises as fs } from "node:fs";

/** Pods of one Ray cluster that exist now, by name: an offloader calls its node so. */
export interface ClusterPods {
  namespace: string;
  cluster: string;
  nodes: string[];
}

interface PodList {
  items: {
    metadata: { name: string; namespace: string; labels?: Record<string, string> };
    status?: { phase?: string };
  }[];
}

const clusterLabel = "ray.io/cluster";

/**
 * The pods of all Ray clusters, from the JSON of `kubectl get pods -A -o json`. Undefined where no
 * file is named: the lake alone has to do.
 */
export async function readPods(file: string | undefined): Promise<ClusterPods[] | undefined> {
  return file === undefined
    ? undefined
    : clustersOf(JSON.parse(await fs.readFile(file, "utf8")) as PodList);
}

function clustersOf({ items }: PodList): ClusterPods[] {
  const clusters = new Map<string, ClusterPods>();
  for (const { metadata, status } of items) {
    const cluster = metadata.labels?.[clusterLabel];
    // One that has ended is still listed for a while.
    if (cluster === undefined || status?.phase === "Succeeded" || status?.phase === "Failed") {
      continue;
    }
    const { namespace, name } = metadata;
    const found = clusters.get(`${namespace}/${cluster}`) ?? { namespace, cluster, nodes: [] };
    found.nodes.push(name);
    clusters.set(`${namespace}/${cluster}`, found);
  }
  return [...clusters.values()];
}
