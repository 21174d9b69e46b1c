import { serviceAccounts } from "@mlplatform/contracts/platformNames";
import {
  type PeopleSignIn,
  type PodSignIn,
  podTokenAudience,
  signInFileVariable,
  type TrackingSignIn,
} from "@mlplatform/contracts/trackingSignIn";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { asInTokens } from "../access/normalize";
import type { Scope } from "../scope";
import type { MlflowStackSettings } from "./normalize";

/** What the server's pod needs to check tokens. */
export interface SignInParts {
  env: k8s.types.input.core.v1.EnvVar[];
  volumes: k8s.types.input.core.v1.Volume[];
  volumeMounts: k8s.types.input.core.v1.VolumeMount[];
}

const settingsFolder = "/etc/mlflow-sign-in";
const settingsFile = "sign-in.json";
/** Where programs expect what a pod needs to talk with the API server. */
const clusterFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The API server of every cluster has this address inside, and shows its keys to any service
 * account. The issuer differs from cluster to cluster: it is the one of the server's own token.
 */
const podSignIn: PodSignIn = {
  jwksUri: "https://kubernetes.default.svc/openid/v1/jwks",
  caFile: `${clusterFolder}/ca.crt`,
  tokenFile: `${clusterFolder}/token`,
  audiences: [podTokenAudience],
  serviceAccounts: [serviceAccounts.training],
};

function peopleSignIn({
  oidc,
  administrators,
  projects,
}: NonNullable<MlflowStackSettings["people"]>): PeopleSignIn {
  const { issuer, jwksUri, audiences, groupsClaim } = oidc;
  return {
    ...{ issuer, jwksUri, audiences, groupsClaim },
    administrators: asInTokens(administrators),
    projects: Object.fromEntries(
      Object.entries(projects).map(([name, groups]) => [
        name,
        {
          viewers: asInTokens(groups.viewers),
          approvers: asInTokens(groups.approvers),
          members: asInTokens(groups.members),
          administrators: asInTokens(groups.administrators),
        },
      ]),
    ),
  };
}

/** Makes the settings, and says how the server's container gets them. */
export function createSignIn(
  { name, parent }: Scope,
  namespace: pulumi.Input<string>,
  people: MlflowStackSettings["people"],
): SignInParts {
  const settings: TrackingSignIn = { pods: podSignIn, people: people && peopleSignIn(people) };
  // Named by Pulumi: changed settings have another name, so that the server starts anew with them.
  const config = new k8s.core.v1.ConfigMap(
    `${name}-sign-in`,
    { metadata: { namespace }, data: { [settingsFile]: JSON.stringify(settings, null, 2) } },
    { parent },
  );
  return {
    env: [{ name: signInFileVariable, value: `${settingsFolder}/${settingsFile}` }],
    volumes: [
      { name: "sign-in", configMap: { name: config.metadata.name } },
      {
        name: "cluster",
        projected: {
          sources: [
            { serviceAccountToken: { path: "token", expirationSeconds: 3600 } },
            {
              configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] },
            },
          ],
        },
      },
    ],
    volumeMounts: [
      { name: "sign-in", mountPath: settingsFolder, readOnly: true },
      { name: "cluster", mountPath: clusterFolder, readOnly: true },
    ],
  };
}
