import type { StateResource } from "../../preview/engine/previewStack";
import { type Wire, plain } from "../../preview/engine/values/wire";
import { vmSizes } from "../../components/aksPlatform/vmSizes";
import type { KubeObject } from "./kubeApi";

interface AgentPool {
  name: string;
  agentPoolName?: string;
  vmSize: string;
  nodeLabels?: Record<string, string>;
  nodeTaints?: string[];
}

/**
 * One fake node for each pool that the stack registers, with the labels, taints and size that AKS
 * would give it; a plain node for a stack that uses a cluster of somebody else.
 */
export function nodesOf(resources: StateResource[]): KubeObject[] {
  const inputsOf = (type: string) =>
    resources
      .filter((resource) => resource.type === `azure-native:containerservice:${type}`)
      .map(({ inputs }) => plain(inputs as Wire) as any);
  const pools: AgentPool[] = [
    ...inputsOf("ManagedCluster").flatMap((cluster) => cluster.agentPoolProfiles),
    ...inputsOf("AgentPool").map((pool) => ({ ...pool, name: pool.agentPoolName })),
  ];
  if (pools.length === 0) {
    return [node("local", {}, [], { cpu: 8, memoryGiB: 64, gpus: 0 })];
  }
  return pools.map(({ name, vmSize, nodeLabels, nodeTaints }) => {
    const size = vmSizes[vmSize];
    if (!size) {
      throw new Error(`vmSizes has no ${vmSize}, the size of pool ${name}`);
    }
    return node(name, nodeLabels ?? {}, nodeTaints ?? [], {
      cpu: size.vCpus,
      memoryGiB: size.memoryGiB,
      gpus: size.gpus,
    });
  });
}

function node(
  pool: string,
  labels: Record<string, string>,
  taints: string[],
  size: { cpu: number; memoryGiB: number; gpus: number },
): KubeObject {
  const name = `${pool}-0`;
  const resources = {
    cpu: String(size.cpu),
    memory: `${size.memoryGiB}Gi`,
    "ephemeral-storage": "128Gi",
    pods: "110",
    ...(size.gpus > 0 && { "nvidia.com/gpu": String(size.gpus) }),
  };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "topology.kubernetes.io/zone": "westeurope-1",
        agentpool: pool,
        ...labels,
      },
    },
    spec: {
      taints: taints.map((taint) => {
        const [, key, value, effect] = /^([^=]+)=([^:]*):(\w+)$/.exec(taint)!;
        return { key, value, effect };
      }),
    },
    status: { capacity: resources, allocatable: resources },
  };
}
