import * as containerservice from "@pulumi/azure-native/containerservice";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();
const behaviour = config.require("behaviour");
const tags = { owner: "team", project: "shown", environment: "test", costCenter: "1" };

const cluster = new containerservice.ManagedCluster("core", {
  resourceGroupName: "shown",
  location: "westeurope",
  sku: { name: "Base", tier: "Standard" },
  agentPoolProfiles: [
    {
      name: "system",
      mode: "System",
      vmSize: "Standard_D4ds_v5",
      enableAutoScaling: true,
      minCount: 1,
      maxCount: 3,
      osDiskType: "Ephemeral",
    },
  ],
  tags,
});
new containerservice.AgentPool("work", {
  resourceGroupName: "shown",
  resourceName: cluster.name,
  agentPoolName: "work",
  mode: "User",
  vmSize: "Standard_D8ds_v5",
  enableAutoScaling: true,
  minCount: config.requireNumber("idleNodes"),
  maxCount: 4,
  osDiskType: "Ephemeral",
  tags,
});

if (behaviour === "throws") throw new Error("the program stops here");
if (behaviour === "leaks") {
  const provider = new k8s.Provider("cluster", { kubeconfig: "{}" });
  new k8s.core.v1.ConfigMap("settings", { data: { password: "in-the-open" } }, { provider });
}

export const clusterName = cluster.name;
export const token = pulumi.secret("hidden-value");
/** Keeps the program waiting in the stack `slow`. */
export const later =
  behaviour === "hangs" ? new Promise<string>((done) => setTimeout(done, 60_000, "")) : "now";
