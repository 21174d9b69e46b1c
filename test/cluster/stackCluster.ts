import type { EngineState } from "../../preview/engine/previewStack";
import { applyAll } from "./applyAll";
import type { KubeObject } from "./kubeApi";
import { nodesOf } from "./nodes";
import { type StackObject, stackObjects, updatedStack } from "./stackObjects";
import { type TestCluster, startCluster } from "./testCluster";

/** A cluster to which a stack was applied, with its nodes. */
export interface StackCluster {
  cluster: TestCluster;
  state: EngineState;
  objects: StackObject[];
  /** What the API server refused. */
  refused: string[];
}

let ofProd: Promise<StackCluster> | undefined;

/**
 * A cluster with `prod` for all tests that leave it as they found it: what they apply on top they
 * take away, or it is theirs alone. It ends with the last test.
 */
export function prodCluster(): Promise<StackCluster> {
  return (ofProd ??= startStackCluster("prod"));
}

/** The same cluster for a test that uses it up; others get a new one. The caller stops it. */
export function takeProdCluster(): Promise<StackCluster> {
  const taken = prodCluster();
  ofProd = undefined;
  return taken;
}

// Outside of every suite, so after all of them.
after(async () => {
  const started = await ofProd?.catch(() => undefined);
  await started?.cluster.stop();
});

/** Starts a cluster with the nodes of a stack's pools and applies the stack's objects to it. */
export async function startStackCluster(stack: string): Promise<StackCluster> {
  const state = await updatedStack(stack);
  const objects = stackObjects(state);
  const cluster = await startCluster();
  try {
    for (const node of nodesOf(state.resources)) {
      await addNode(cluster, node);
    }
    const refused = await applyAll(
      cluster.api,
      objects.map(({ object }) => object),
    );
    return { cluster, state, objects, refused };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** A node's size is in its status, which has a path of its own. */
async function addNode({ api }: TestCluster, node: KubeObject): Promise<void> {
  await api.create(node);
  const patch = { status: node.status };
  const path = `/api/v1/nodes/${node.metadata.name}/status`;
  await api.call("PATCH", path, patch, "application/merge-patch+json");
}
