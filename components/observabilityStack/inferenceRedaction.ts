import { createHash } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { childOptions, type Scope } from "../scope";
import type { InferenceRedactionRule } from "./args";
import { createLastingKey } from "./lastingKey";

/** The objects that hold the rules. */
export interface InferenceRedaction {
  configMapName: pulumi.Output<string>;
  secretName: pulumi.Output<string>;
  /** Changes with the rules, so that pods start again with them. */
  checksum: string;
}

/** Key of the rules in their ConfigMap, and of the hashes' key in its Secret. */
export const redactionKeys = { rules: "redaction.json", key: "key" };

/** What the objects are made from. */
export interface InferenceRedactionSettings {
  namespace: pulumi.Input<string>;
  rules: InferenceRedactionRule[];
  /** Protects the key, and keeps it when the stack is destroyed. */
  protectData: boolean;
}

/** Makes the ConfigMap of the rules and the Secret of the key that hashes are made with. */
export function createInferenceRedaction(
  scope: Scope,
  { namespace, rules, protectData }: InferenceRedactionSettings,
): InferenceRedaction {
  const { name } = scope;
  const text = JSON.stringify(rules);
  const config = new k8s.core.v1.ConfigMap(
    `${name}-redaction`,
    { metadata: { namespace }, data: { [redactionKeys.rules]: text } },
    childOptions(scope),
  );
  // Hashes of one value must stay equal over the table's life.
  const { secretName } = createLastingKey(
    { ...scope, name: `${name}-redaction-key` },
    { namespace, field: redactionKeys.key, protectData },
  );
  return {
    configMapName: config.metadata.name,
    secretName,
    checksum: createHash("sha256").update(text).digest("hex").slice(0, 16),
  };
}
