import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServingAcmeArgs } from "./args";

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
  acme?: ServingAcmeArgs;
}

/** Makes the issuer and the wildcard certificate of all model hosts. */
export function createCertificate(
  name: string,
  settings: CertificateSettings,
  opts: pulumi.CustomResourceOptions,
): k8s.apiextensions.CustomResource {
  const issuer = settings.acme
    ? createAcmeIssuer(name, settings.acme, opts)
    : createOwnIssuer(name, settings.certManagerNamespace, opts);
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
    pulumi.mergeOptions(opts, { dependsOn: [issuer] }),
  );
}

/** A certificate authority of the cluster's own. Clients have to trust its certificate. */
function createOwnIssuer(
  name: string,
  certManagerNamespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): k8s.apiextensions.CustomResource {
  const root = clusterIssuer(`${name}-root-issuer`, "mlplatform-root", { selfSigned: {} }, opts);
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
    pulumi.mergeOptions(opts, { dependsOn: [root] }),
  );
  return clusterIssuer(
    `${name}-issuer`,
    "mlplatform-ca",
    { ca: { secretName: "mlplatform-ca" } },
    pulumi.mergeOptions(opts, { dependsOn: [authority] }),
  );
}

/** A public authority. Only DNS-01 can prove a wildcard. */
function createAcmeIssuer(
  name: string,
  acme: ServingAcmeArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.apiextensions.CustomResource {
  return clusterIssuer(
    `${name}-issuer`,
    "mlplatform-acme",
    {
      acme: {
        email: acme.email,
        server: acme.server ?? "https://acme-v02.api.letsencrypt.org/directory",
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
    opts,
  );
}

function clusterIssuer(
  logicalName: string,
  issuerName: string,
  spec: Record<string, unknown>,
  opts: pulumi.CustomResourceOptions,
): k8s.apiextensions.CustomResource {
  return new k8s.apiextensions.CustomResource(
    logicalName,
    {
      apiVersion: "cert-manager.io/v1",
      kind: "ClusterIssuer",
      metadata: { name: issuerName, annotations: ready },
      spec,
    },
    opts,
  );
}
