import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { createPassword } from "../kubernetes/password";
import { childOptions, type Scope } from "../scope";

/** A key, and the Secret that holds it. */
export interface LastingKey {
  value: pulumi.Output<string>;
  secretName: pulumi.Output<string>;
}

/** Where a key is kept. */
export interface LastingKeySettings {
  namespace: pulumi.Input<string>;
  /** Name of the key in its Secret. */
  field: string;
  /** Protects the key, and keeps it when the stack is destroyed. */
  protectData: boolean;
}

/** Makes a key that what is written or served depends on, so that it is never made anew. */
export function createLastingKey(
  scope: Scope,
  { namespace, field, protectData }: LastingKeySettings,
): LastingKey {
  const { name } = scope;
  const value = createPassword({ ...scope, length: 48, protectData });
  const secret = new k8s.core.v1.Secret(
    name,
    { metadata: { namespace }, stringData: { [field]: value } },
    childOptions(scope),
  );
  return { value, secretName: secret.metadata.name };
}
