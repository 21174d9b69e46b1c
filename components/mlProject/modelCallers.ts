import { modelHostPatterns } from "@mlplatform/contracts/modelHosts";
import { gatewayPods } from "@mlplatform/contracts/platformLabels";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { asInTokens, type OidcSettings, type ProjectAccess } from "../access/normalize";
import type { ServingConnection } from "../connections";
import type { ProjectScope } from "./projectScope";

/** Who may call the models of a project, and where. */
export interface ModelCallers {
  project: string;
  /** Domain of the models' hosts. */
  domain: string;
  /** Whose tokens count. */
  oidc: OidcSettings;
  access: ProjectAccess;
}

/**
 * Spec of the AuthorizationPolicy by which the gateway lets tokens through to a project's models:
 * those of its callers, members and administrators. Undefined where nobody may call them: an ALLOW
 * policy that matches nothing says no more than none.
 */
export function modelCallersSpec({ project, domain, oidc, access }: ModelCallers) {
  const people = asInTokens([...access.members, ...access.administrators]);
  const { groupsClaim, callersClaim } = oidc;
  const claims =
    groupsClaim === callersClaim
      ? { [groupsClaim]: [...people, ...asInTokens(access.callers)] }
      : { [groupsClaim]: people, [callersClaim]: access.callers };
  const rules = Object.entries(claims)
    .filter(([, values]) => values.length > 0)
    .map(([claim, values]) => ({
      from: [{ source: { requestPrincipals: [`${oidc.issuer}/*`] } }],
      to: [{ operation: { hosts: modelHostPatterns(project, domain) } }],
      when: [{ key: `request.auth.claims[${claim}]`, values: [...new Set(values)] }],
    }));
  return rules.length === 0
    ? undefined
    : { selector: { matchLabels: gatewayPods }, action: "ALLOW", rules };
}

/** Lets the project's callers through the gateway, on the public hosts and the cluster's own. */
export function admitCallers(
  { name, parent, labels }: ProjectScope,
  serving: pulumi.Output<ServingConnection>,
  callers: Omit<ModelCallers, "project" | "domain">,
): void {
  // Whether there is a policy at all is known without the connection.
  if (modelCallersSpec({ ...callers, project: name, domain: "" }) === undefined) {
    return;
  }
  new k8s.apiextensions.CustomResource(
    `${name}-callers`,
    {
      apiVersion: "security.istio.io/v1",
      kind: "AuthorizationPolicy",
      metadata: { name: `models-${name}`, namespace: serving.gatewayNamespace, labels },
      spec: serving.ingressHost.apply((domain) =>
        modelCallersSpec({ ...callers, project: name, domain })!,
      ),
    },
    { parent },
  );
}
