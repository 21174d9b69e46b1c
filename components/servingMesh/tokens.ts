import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { childOptions, type Scope } from "../scope";
import type { OidcSettings } from "../access/normalize";

const gatewayPods = { matchLabels: { istio: "ingressgateway" } };

/** Port of `knative-local-gateway` on the same pods: calls from inside the cluster. */
const clusterLocalPort = "8081";

/** Makes the gateway refuse requests without a valid token of the issuer. */
export function requireTokens(
  scope: Scope,
  oidc: OidcSettings,
  namespace: pulumi.Input<string>,
): void {
  const { name } = scope;
  new k8s.apiextensions.CustomResource(
    `${name}-tokens`,
    {
      apiVersion: "security.istio.io/v1",
      kind: "RequestAuthentication",
      metadata: { name: "model-tokens", namespace },
      spec: {
        selector: gatewayPods,
        jwtRules: [
          {
            issuer: oidc.issuer,
            jwksUri: oidc.jwksUri,
            audiences: oidc.audiences,
            // KServe sends a request through the gateway a second time.
            forwardOriginalToken: true,
          },
        ],
      },
    },
    childOptions(scope),
  );
  new k8s.apiextensions.CustomResource(
    `${name}-token-policy`,
    {
      apiVersion: "security.istio.io/v1",
      kind: "AuthorizationPolicy",
      metadata: { name: "require-model-token", namespace },
      spec: {
        selector: gatewayPods,
        // RequestAuthentication alone lets a request without any token pass. No host is named: a
        // Host header with a port would slip past a wildcard, and this way an unknown host is
        // refused too.
        action: "DENY",
        rules: [
          {
            from: [{ source: { notRequestPrincipals: ["*"] } }],
            // /healthz is how Knative learns that the gateway has taken a new route.
            to: [{ operation: { notPaths: ["/healthz"], notPorts: [clusterLocalPort] } }],
          },
        ],
      },
    },
    childOptions(scope),
  );
}
