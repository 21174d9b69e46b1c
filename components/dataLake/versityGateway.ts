import { workloadIdentity } from "@mlplatform/contracts/platformLabels";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { createDisruptionBudget } from "../kubernetes/disruptionBudget";
import { platformPods, restrictIngress, tcpPorts } from "../kubernetes/networkPolicy";
import { createServiceAccount } from "../kubernetes/serviceAccount";
import type { Scope } from "../scope";
import { createAdminKey } from "./adminSecret";
import { type LakeStoreSettings, storeService, type StoreService } from "./lakeStore";
import { adminSecretName, lakeUid } from "./provisioning";
import { restrictedContainer, restrictedPodSpec, spreadConstraints } from "../kubernetes/pod";

/** ServiceAccount that the federated credential trusts. */
export const gatewayServiceAccount = "versitygw";

const labels = { "app.kubernetes.io/name": "versitygw" };

/** What the gateway is made from: the storage account too, and the identity that may use it. */
export interface GatewaySettings extends LakeStoreSettings {
  accountName: pulumi.Input<string>;
  clientId: pulumi.Input<string>;
}

/** The S3 service in front of the storage account. */
export interface Gateway {
  s3: StoreService;
  service: k8s.core.v1.Service;
}

/**
 * versitygw with the Azure backend (flags and variables of v1.8.0, cmd/internal/gwcli/azure.go). It
 * keeps nothing: without an account key it signs in by workload identity.
 */
export function createVersityGateway(scope: Scope, settings: GatewaySettings): Gateway {
  const { name, parent, dependsOn = [] } = scope;
  const { namespace, replicas } = settings;
  const s3 = storeService("versitygw", namespace, 7070);
  const { secret: admin } = createAdminKey(scope, {
    namespace,
    addresses: { LAKE_ENDPOINT: s3.endpoint },
  });
  const account = createServiceAccount({
    name: `${name}-gateway`,
    parent,
    metadata: { name: gatewayServiceAccount, namespace },
    clientId: settings.clientId,
  });
  const deployment = new k8s.apps.v1.Deployment(
    `${name}-gateway`,
    {
      metadata: { name: "versitygw", namespace, labels },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels: { ...labels, ...workloadIdentity } },
          spec: {
            ...restrictedPodSpec(lakeUid, settings.placement),
            serviceAccountName: account.metadata.name,
            topologySpreadConstraints: replicas > 1 ? spreadConstraints(labels) : [],
            containers: [gatewayContainer(settings)],
            volumes: [{ name: "tmp", emptyDir: { sizeLimit: "1Gi" } }],
          },
        },
      },
    },
    { parent, dependsOn: [...dependsOn, admin] },
  );
  const service = new k8s.core.v1.Service(
    `${name}-gateway`,
    {
      metadata: { name: "versitygw", namespace, labels },
      spec: { selector: labels, ports: [{ name: "s3", port: 7070, targetPort: "s3" }] },
    },
    { parent, dependsOn: [deployment] },
  );
  restrictIngress({
    name: `${name}-gateway`,
    parent,
    namespace,
    podSelector: { matchLabels: labels },
    ingress: [{ from: [platformPods], ports: tcpPorts(7070) }],
  });
  if (replicas > 1) {
    createDisruptionBudget({
      name: `${name}-gateway`,
      parent,
      metadata: { name: "versitygw", namespace },
      matchLabels: labels,
    });
  }
  return { s3, service };
}

function gatewayContainer(settings: GatewaySettings): k8s.types.input.core.v1.Container {
  const fromAdmin = (variable: string, key: string) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name: adminSecretName, key } },
  });
  const probe = { httpGet: { path: "/health", port: "s3" }, timeoutSeconds: 5 };
  return {
    name: "versitygw",
    image: settings.image,
    args: ["azure"],
    env: [
      fromAdmin("ROOT_ACCESS_KEY", "LAKE_ADMIN_USER"),
      fromAdmin("ROOT_SECRET_KEY", "LAKE_ADMIN_PASSWORD"),
      { name: "VGW_PORT", value: ":7070" },
      { name: "VGW_HEALTH", value: "/health" },
      { name: "AZ_ACCOUNT_NAME", value: settings.accountName },
    ],
    ports: [{ name: "s3", containerPort: 7070 }],
    startupProbe: { ...probe, periodSeconds: 5, failureThreshold: 24 },
    livenessProbe: { ...probe, periodSeconds: 15, failureThreshold: 4 },
    readinessProbe: { ...probe, periodSeconds: 10 },
    resources: { requests: { cpu: "250m", memory: "256Mi" }, limits: { memory: "1Gi" } },
    securityContext: restrictedContainer,
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
  };
}
