import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { childOptions, type Scope } from "../scope";
import type { ServingMeshSettings } from "./normalize";

/** Secret with the wildcard certificate, in the namespace of the gateway's pods. */
export const certificateSecret = "models-tls";

const ready = { "pulumi.com/waitFor": "condition=Ready" };

/** What is certified, and by whom. */
export interface CertificateSettings {
  domain: string;
  /** Namespace of cert-manager, where a ClusterIssuer looks for its Secrets. */
  certManagerNamespace: pulumi.Input<string>;
  /** Namespace of the gateway's pods. */
  gatewayNamespace: pulumi.Input<string>;
  acme: ServingMeshSettings["acme"];
}

/** Makes the issuer and the wildcard certificate of all model hosts. */
export function createCertificate(
  scope: Scope,
  settings: CertificateSettings,
): k8s.apiextensions.CustomResource {
  const { name, parent, dependsOn = [] } = scope;
  const issuer = settings.acme
    ? createAcmeIssuer(scope, settings.acme)
    : createOwnIssuer(scope, settings.certManagerNamespace);
  return new k8s.apiextensions.CustomResource(
    `${name}-certificate`,
    {
      apiVersion: "cert-manager.io/v1",
      kind: "Certificate",
      metadata: {
        name: certificateSecret,
        namespace: settings.gatewayNamespace,
        annotations: ready,
      },
      spec: {
        secretName: certificateSecret,
        dnsNames: [`*.${settings.domain}`],
        privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
        issuerRef: {
          group: "cert-manager.io",
          kind: "ClusterIssuer",
          name: issuer.metadata.name,
        },
      },
    },
    { parent, dependsOn: [...dependsOn, issuer] },
  );
}

/** A certificate authority of the cluster's own. Clients have to trust its certificate. */
function createOwnIssuer(
  scope: Scope,
  certManagerNamespace: pulumi.Input<string>,
): k8s.apiextensions.CustomResource {
  const { name, parent, dependsOn = [] } = scope;
  const root = createClusterIssuer({
    ...scope,
    name: `${name}-root-issuer`,
    issuer: "mlplatform-root",
    spec: { selfSigned: {} },
  });
  const authority = new k8s.apiextensions.CustomResource(
    `${name}-authority`,
    {
      apiVersion: "cert-manager.io/v1",
      kind: "Certificate",
      metadata: { name: "mlplatform-ca", namespace: certManagerNamespace, annotations: ready },
      spec: {
        isCA: true,
        commonName: "mlplatform",
        secretName: "mlplatform-ca",
        // Ten years: clients trust it by hand.
        duration: "87600h",
        privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Never" },
        issuerRef: {
          group: "cert-manager.io",
          kind: "ClusterIssuer",
          name: root.metadata.name,
        },
      },
    },
    { parent, dependsOn: [...dependsOn, root] },
  );
  return createClusterIssuer({
    parent,
    dependsOn: [...dependsOn, authority],
    name: `${name}-issuer`,
    issuer: "mlplatform-ca",
    spec: { ca: { secretName: "mlplatform-ca" } },
  });
}

/** A public authority. Only DNS-01 can prove a wildcard. */
function createAcmeIssuer(
  scope: Scope,
  acme: NonNullable<ServingMeshSettings["acme"]>,
): k8s.apiextensions.CustomResource {
  return createClusterIssuer({
    ...scope,
    name: `${scope.name}-issuer`,
    issuer: "mlplatform-acme",
    spec: {
      acme: {
        email: acme.email,
        server: acme.server,
        privateKeySecretRef: { name: "mlplatform-acme-account", key: "tls.key" },
        solvers: [
          {
            dns01: {
              azureDNS: {
                hostedZoneName: acme.dnsZone,
                resourceGroupName: acme.dnsResourceGroup,
                subscriptionID: acme.dnsSubscriptionId,
                environment: "AzurePublicCloud",
                managedIdentity: { clientID: acme.dnsClientId },
              },
            },
          },
        ],
      },
    },
  });
}

/** An issuer for every namespace, and how it proves what it certifies. */
interface ClusterIssuerSettings extends Scope {
  issuer: string;
  spec: Record<string, unknown>;
}

function createClusterIssuer(settings: ClusterIssuerSettings): k8s.apiextensions.CustomResource {
  const { name, issuer, spec } = settings;
  return new k8s.apiextensions.CustomResource(
    name,
    {
      apiVersion: "cert-manager.io/v1",
      kind: "ClusterIssuer",
      metadata: { name: issuer, annotations: ready },
      spec,
    },
    childOptions(settings),
  );
}
