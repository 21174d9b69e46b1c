import { promises as fs } from "node:fs";
import * as https from "node:https";
import * as path from "node:path";

/** Pods of one Ray cluster that exist now, by name: an offloader calls its node so. */
export interface ClusterPods {
  namespace: string;
  cluster: string;
  nodes: string[];
}

interface PodList {
  metadata?: { continue?: string };
  items: {
    metadata: { name: string; namespace: string; labels?: Record<string, string> };
    status?: { phase?: string };
  }[];
}

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const CLUSTER_LABEL = "ray.io/cluster";
const PAGE = 500;
const TIMEOUT_MS = 30_000;

/**
 * The pods of all Ray clusters: from a file, or from the API server where a service account is mounted.
 * Undefined where there is neither: the lake alone has to do.
 */
export async function readPods(file: string | undefined): Promise<ClusterPods[] | undefined> {
  if (file !== undefined) {
    return clustersOf(JSON.parse(await fs.readFile(file, "utf8")) as PodList);
  }
  const host = process.env["KUBERNETES_SERVICE_HOST"];
  const token = await readIfThere(path.join(ACCOUNT, "token"));
  if (host === undefined || token === undefined) {
    return undefined;
  }
  const ca = await readIfThere(path.join(ACCOUNT, "ca.crt"));
  const port = process.env["KUBERNETES_SERVICE_PORT"] ?? "443";
  return listPods({ origin: `https://${host}:${port}`, token: token.trim(), ca });
}

/** Where an API server is, and how to be let in. */
export interface ApiServer {
  origin: string;
  token: string;
  ca: string | undefined;
}

/** Lists the pods with Ray's cluster label, page after page. */
export async function listPods(server: ApiServer): Promise<ClusterPods[]> {
  const items: PodList["items"] = [];
  let next: string | undefined;
  do {
    const query = new URLSearchParams({ labelSelector: CLUSTER_LABEL, limit: String(PAGE) });
    if (next !== undefined) {
      query.set("continue", next);
    }
    const page = JSON.parse(await get(server, `/api/v1/pods?${query.toString()}`)) as PodList;
    items.push(...page.items);
    next = page.metadata?.continue;
  } while (next !== undefined && next !== "");
  return clustersOf({ items });
}

function clustersOf({ items }: PodList): ClusterPods[] {
  const clusters = new Map<string, ClusterPods>();
  for (const { metadata, status } of items) {
    const cluster = metadata.labels?.[CLUSTER_LABEL];
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

function get(server: ApiServer, pathAndQuery: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = https.get(
      `${server.origin}${pathAndQuery}`,
      {
        ca: server.ca,
        timeout: TIMEOUT_MS,
        headers: { authorization: `Bearer ${server.token}`, accept: "application/json" },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          if (response.statusCode === 200) {
            resolve(text);
          } else {
            reject(
              new Error(
                `the API server answers ${response.statusCode} to the list of pods; the keeper's ` +
                  `service account needs "list" on pods: ${text.slice(0, 200)}`,
              ),
            );
          }
        });
      },
    );
    request.on("timeout", () => request.destroy(new Error("the API server didn't answer in time")));
    request.on("error", reject);
  });
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await fs.readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}
