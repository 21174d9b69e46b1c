import type * as pulumi from "@pulumi/pulumi";
import { fromNamespace, restrictIngress, tcpPorts, platformPeer } from "../kubernetes/namespace";
import { operatorNamespace } from "./postgresOperator";
import { clusterName } from "./postgresSpecs";
import { mlflowPort } from "./serverSettings";
import { serverLabels } from "./trackingServer";

/** Closes the namespace and opens the tracking server to the namespaces of the platform. */
export function openTrackingServer(
  name: string,
  namespace: pulumi.Input<string>,
  parent: pulumi.Resource,
): void {
  restrictIngress(`${name}-default-deny`, { namespace }, { parent });
  restrictIngress(
    `${name}-server`,
    {
      namespace,
      podSelector: { matchLabels: serverLabels },
      ingress: [{ from: [platformPeer], ports: tcpPorts(mlflowPort) }],
    },
    { parent },
  );
}

/** The server and the replicas reach the database, the operator its instance manager. */
export function openDatabase(
  name: string,
  namespace: pulumi.Input<string>,
  parent: pulumi.Resource,
): void {
  const instances = { matchLabels: { "cnpg.io/cluster": clusterName } };
  restrictIngress(
    `${name}-database`,
    {
      namespace,
      podSelector: instances,
      ingress: [
        {
          from: [{ podSelector: { matchLabels: serverLabels } }, { podSelector: instances }],
          ports: tcpPorts(5432),
        },
        {
          from: [fromNamespace(operatorNamespace), { podSelector: instances }],
          ports: tcpPorts(5432, 8000),
        },
        { from: [platformPeer], ports: tcpPorts(9187) },
      ],
    },
    { parent },
  );
}
