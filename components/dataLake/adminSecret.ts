import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { createPassword } from "../kubernetes/password";
import type { Scope } from "../scope";
import { administrator } from "./lakeStore";
import { adminSecretName } from "./provisioning";

/** The key of the store's administrator, as made by {@link createAdminKey}. */
export interface AdminKey {
  secret: k8s.core.v1.Secret;
  password: pulumi.Output<string>;
}

/** Where the key is kept, and what beside it. */
export interface AdminKeySettings {
  namespace: pulumi.Input<string>;
  /** Addresses that provisioning Jobs of this kind of store need, by environment variable. */
  addresses: Record<string, pulumi.Input<string>>;
}

/** Makes the administrator's key and keeps it in `lake-admin`. */
export function createAdminKey(
  { name, parent }: Scope,
  { namespace, addresses }: AdminKeySettings,
): AdminKey {
  const password = createPassword({ name: `${name}-admin`, parent });
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
