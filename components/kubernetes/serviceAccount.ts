import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { childOptions, type Scope } from "../scope";

/** A ServiceAccount, and whom else its pods sign in as. */
export interface ServiceAccountSettings extends Scope {
  metadata: k8s.types.input.meta.v1.ObjectMeta;
  /** Client id of the Azure identity that the pods sign in as. */
  clientId?: pulumi.Input<string>;
  /** Secrets that KServe's storage initializer reads keys from. */
  secretNames?: pulumi.Input<string>[];
}

/** Makes a ServiceAccount. Its pods get no Kubernetes token. */
export function createServiceAccount(settings: ServiceAccountSettings): k8s.core.v1.ServiceAccount {
  const { name, metadata, clientId, secretNames } = settings;
  return new k8s.core.v1.ServiceAccount(
    name,
    {
      metadata: {
        ...metadata,
        annotations: clientId ? { "azure.workload.identity/client-id": clientId } : undefined,
      },
      automountServiceAccountToken: false,
      secrets: secretNames?.map((secretName) => ({ name: secretName })),
    },
    childOptions(settings),
  );
}
