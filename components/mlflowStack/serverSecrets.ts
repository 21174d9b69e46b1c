import { trackingVariables } from "@mlplatform/contracts/environment";
import {
  trackingAdministrator,
  trackingAuthentication,
  trackingServerSecrets,
} from "@mlplatform/contracts/trackingServer";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createPassword } from "../kubernetes/password";
import type { Scope } from "../scope";
import { type MlflowPostgres, trackingDatabase, usersDatabase } from "./mlflowDatabase";
import { databaseUri } from "./serverSettings";

/** Secret with the environment of the server: database addresses and its keys. */
export const serverSecretName = "mlflow-server";

/** Secret with the configuration file of the basic-auth app. */
export const authConfigSecretName = "mlflow-auth-config";

/** Secret with the administrator's name and password, as MLflow clients read them. */
export const adminSecretName = "mlflow-admin";

/** Secret with the token by which Prometheus reads the server's metrics, and nothing else. */
export const metricsSecretName = "mlflow-metrics";

/** The Secrets of the server. Their names are referred to, so each is replaced in place. */
export function createServerSecrets(
  { name, parent }: Scope,
  namespace: pulumi.Input<string>,
  postgres: MlflowPostgres,
): k8s.core.v1.Secret[] {
  // MLflow asks for at least twelve characters.
  const adminPassword = createPassword({ name: `${name}-admin`, parent });
  const metricsToken = createPassword({ name: `${name}-metrics`, parent, length: 32 });
  const trackingUri = uriOf(postgres, trackingDatabase);
  const usersUri = uriOf(postgres, usersDatabase);
  const secret = (suffix: string, secretName: string, data: Record<string, pulumi.Input<string>>) =>
    new k8s.core.v1.Secret(
      `${name}-${suffix}`,
      { metadata: { name: secretName, namespace }, stringData: data },
      // Pods refer to the name, so a changed Secret cannot be made beside the old one.
      { parent, deleteBeforeReplace: true },
    );
  return [
    secret("server", serverSecretName, {
      [trackingServerSecrets.trackingDatabase]: trackingUri,
      [trackingServerSecrets.usersDatabase]: usersUri,
      [trackingServerSecrets.sessionKey]: createPassword({ name: `${name}-session`, parent }),
      [trackingServerSecrets.gatewayPassphrase]: createPassword({
        name: `${name}-gateway`,
        parent,
      }),
      [trackingServerSecrets.metricsToken]: metricsToken,
    }),
    secret("metrics", metricsSecretName, { token: metricsToken }),
    secret("auth-config", authConfigSecretName, {
      "auth.ini": pulumi
        .all([usersUri, adminPassword])
        .apply(([uri, password]) => trackingAuthentication(uri, password)),
    }),
    secret("admin", adminSecretName, {
      [trackingVariables.username]: trackingAdministrator,
      [trackingVariables.password]: adminPassword,
    }),
  ];
}

function uriOf(postgres: MlflowPostgres, database: string): pulumi.Output<string> {
  const { user, sslMode } = postgres;
  return pulumi
    .all([postgres.host, postgres.password])
    .apply(([host, password]) => databaseUri({ host, database, user, password, sslMode }));
}
