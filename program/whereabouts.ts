import type * as pulumi from "@pulumi/pulumi";
import type { AzureFoundation } from "../components/connections";
import type { loadConfig } from "./loadConfig";

/** What a stack tells of where it is, for those who sign in to it or send requests there. */
export function whereabouts(
  { kubernetes, serving }: ReturnType<typeof loadConfig>,
  azure: pulumi.Output<AzureFoundation> | undefined,
) {
  return {
    /** Name of the cluster on Azure, elsewhere its kubectl context. */
    clusterName:
      azure?.clusterId.apply((id) => id.slice(id.lastIndexOf("/") + 1)) ?? kubernetes?.context,
    /** Its resource group; empty without Azure. */
    resourceGroupName: azure?.resourceGroupName ?? "",
    /** The record to make at the domain's host, of type A, with the address of the gateway. */
    dnsRecord: `*.${serving.domain}`,
  };
}
