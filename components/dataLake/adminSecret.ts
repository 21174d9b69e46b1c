import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { administrator } from "./lakeStore";
import { adminSecretName } from "./provisioning";

/** The key of the store's administrator, as made by {@link createAdminSecret}. */
export interface AdminKey {
  secret: k8s.core.v1.Secret;
  password: pulumi.Output<string>;
}

/**
 * Makes the administrator's key and keeps it in `lake-admin`, with the addresses that provisioning
 * Jobs of this kind of store need. Letters and digits only: `mc` puts it into a URL.
 */
export function createAdminKey(
  name: string,
  namespace: pulumi.Input<string>,
  addresses: Record<string, pulumi.Input<string>>,
  parent: pulumi.Resource,
): AdminKey {
  const { result } = new random.RandomPassword(
    `${name}-admin`,
    { length: 40, special: false },
    { parent },
  );
  const password = pulumi.secret(result);
  const secret = new k8s.core.v1.Secret(
    `${name}-admin`,
    {
      metadata: { name: adminSecretName, namespace },
      stringData: {
        LAKE_ADMIN_USER: administrator,
        LAKE_ADMIN_PASSWORD: password,
        ...addresses,
      },
    },
    // Other objects refer to the name, so a changed Secret cannot be made beside the old one.
    { parent, deleteBeforeReplace: true },
  );
  return { secret, password };
}
