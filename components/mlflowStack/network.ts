import type * as pulumi from "@pulumi/pulumi";
import { platformPods, podsIn, restrictIngress, tcpPorts } from "../kubernetes/networkPolicy";
import type { Scope } from "../scope";
import { operatorNamespace } from "./postgresOperator";
import { clusterName } from "./postgresSpecs";
import { mlflowPort } from "./serverSettings";
import { serverLabels } from "./trackingServer";

/** Closes the namespace and opens the tracking server to the namespaces of the platform. */
export function openTrackingServer({ name, parent }: Scope, namespace: pulumi.Input<string>): void {
  restrictIngress({ name: `${name}-default-deny`, parent, namespace });
  restrictIngress({
    name: `${name}-server`,
    parent,
    namespace,
    podSelector: { matchLabels: serverLabels },
    ingress: [{ from: [platformPods], ports: tcpPorts(mlflowPort) }],
  });
}

/** The server and the replicas reach the database, the operator its instance manager. */
export function openDatabase({ name, parent }: Scope, namespace: pulumi.Input<string>): void {
  const instances = { matchLabels: { "cnpg.io/cluster": clusterName } };
  restrictIngress({
    name: `${name}-database`,
    parent,
    namespace,
    podSelector: instances,
    ingress: [
      {
        from: [{ podSelector: { matchLabels: serverLabels } }, { podSelector: instances }],
        ports: tcpPorts(5432),
      },
      {
        from: [podsIn(operatorNamespace), { podSelector: instances }],
        ports: tcpPorts(5432, 8000),
      },
      { from: [platformPods], ports: tcpPorts(9187) },
    ],
  });
}
