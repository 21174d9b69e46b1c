import { gatewayPods } from "@mlplatform/contracts/platformLabels";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { OidcSettings } from "../access/normalize";
import { childOptions, type Scope } from "../scope";

const selector = { matchLabels: gatewayPods };

/** Spec of the RequestAuthentication: whose tokens the gateway believes. */
export function tokensSpec({ issuer, jwksUri, modelAudiences }: OidcSettings) {
  return {
    selector,
    jwtRules: [
      {
        issuer,
        jwksUri,
        audiences: modelAudiences,
        // Not from the address, too, which Istio would read by default and every log keeps.
        fromHeaders: [{ name: "Authorization", prefix: "Bearer " }],
        // KServe sends a request through the gateway a second time.
        forwardOriginalToken: true,
      },
    ],
  };
}

/**
 * Spec of the AuthorizationPolicy without which a gateway of no project would let everything
 * through: once there is one that allows, what none allows is refused, on the public gateway and
 * on the cluster's own. It allows what Knative asks to learn whether the gateway has taken a new
 * route, which the activator or the queue-proxy answers, never a model.
 */
export function probesSpec() {
  return {
    selector,
    action: "ALLOW",
    rules: [
      {
        to: [{ operation: { methods: ["GET"], paths: ["/healthz"] } }],
        when: [{ key: "request.headers[K-Network-Probe]", values: ["probe"] }],
      },
    ],
  };
}

/** Makes the gateway refuse requests that no policy of a project allows. */
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
      spec: tokensSpec(oidc),
    },
    childOptions(scope),
  );
  new k8s.apiextensions.CustomResource(
    `${name}-probes`,
    {
      apiVersion: "security.istio.io/v1",
      kind: "AuthorizationPolicy",
      metadata: { name: "gateway-probes", namespace },
      spec: probesSpec(),
    },
    childOptions(scope),
  );
}
