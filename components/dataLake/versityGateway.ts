import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { restrictIngress, tcpPorts, platformPeer } from "../kubernetes/namespace";
import { createAdminKey } from "./adminSecret";
import type { LakeStoreSettings } from "./lakeStore";
import { adminSecretName, lakeUid } from "./provisioning";
import { restrictedContainer, restrictedPodSpec, spreadConstraints } from "../kubernetes/pod";

/** ServiceAccount that the federated credential trusts. */
export const gatewayServiceAccount = "versitygw";

const labels = { "app.kubernetes.io/name": "versitygw" };

/** The storage account, and the identity that may use it. */
export interface GatewayBackend {
  accountName: pulumi.Input<string>;
  clientId: pulumi.Input<string>;
}

/** The S3 service in front of the storage account. */
export interface Gateway {
  service: k8s.core.v1.Service;
  endpoint: pulumi.Output<string>;
}

/**
 * versitygw with the Azure backend (flags and variables of v1.8.0, cmd/internal/gwcli/azure.go). It
 * keeps nothing: without an account key it signs in by workload identity.
 */
export function createVersityGateway(
  name: string,
  settings: LakeStoreSettings,
  backend: GatewayBackend,
  dependsOn: pulumi.Resource[],
  parent: pulumi.Resource,
): Gateway {
  const { namespace, replicas } = settings;
  const endpoint = pulumi.interpolate`http://versitygw.${namespace}.svc.cluster.local:7070`;
  const { secret: admin } = createAdminKey(name, namespace, { LAKE_ENDPOINT: endpoint }, parent);
  const account = new k8s.core.v1.ServiceAccount(
    `${name}-gateway`,
    {
      metadata: {
        name: gatewayServiceAccount,
        namespace,
        annotations: { "azure.workload.identity/client-id": backend.clientId },
      },
      automountServiceAccountToken: false,
    },
    { parent },
  );
  const deployment = new k8s.apps.v1.Deployment(
    `${name}-gateway`,
    {
      metadata: { name: "versitygw", namespace, labels },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels: { ...labels, "azure.workload.identity/use": "true" } },
          spec: {
            ...restrictedPodSpec(lakeUid, settings.placement),
            serviceAccountName: account.metadata.name,
            topologySpreadConstraints: replicas > 1 ? spreadConstraints(labels) : [],
            containers: [gatewayContainer(settings.image, backend)],
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
  allowTraffic(name, settings, parent);
  return { service, endpoint };
}

function gatewayContainer(
  image: string,
  backend: GatewayBackend,
): k8s.types.input.core.v1.Container {
  const fromAdmin = (variable: string, key: string) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name: adminSecretName, key } },
  });
  const probe = { httpGet: { path: "/health", port: "s3" }, timeoutSeconds: 5 };
  return {
    name: "versitygw",
    image,
    args: ["azure"],
    env: [
      fromAdmin("ROOT_ACCESS_KEY", "LAKE_ADMIN_USER"),
      fromAdmin("ROOT_SECRET_KEY", "LAKE_ADMIN_PASSWORD"),
      { name: "VGW_PORT", value: ":7070" },
      { name: "VGW_HEALTH", value: "/health" },
      { name: "AZ_ACCOUNT_NAME", value: backend.accountName },
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

function allowTraffic(name: string, settings: LakeStoreSettings, parent: pulumi.Resource): void {
  const { namespace } = settings;
  restrictIngress(
    `${name}-gateway`,
    {
      namespace,
      podSelector: { matchLabels: labels },
      ingress: [{ from: [platformPeer], ports: tcpPorts(7070) }],
    },
    { parent },
  );
  if (settings.replicas === 1) {
    return;
  }
  new k8s.policy.v1.PodDisruptionBudget(
    `${name}-gateway`,
    {
      metadata: { name: "versitygw", namespace },
      spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
    },
    { parent },
  );
}
