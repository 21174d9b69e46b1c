import { createHash } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** What becomes of a value in a payload that a rule names. */
export enum RedactionAction {
  /** It goes. */
  Drop = "drop",
  /** A keyed hash takes its place: equal values stay equal, and can't be guessed. */
  Hash = "hash",
  /** The same three characters for every value. */
  Mask = "mask",
}

/** What a rule is about. */
export enum RedactionPart {
  /** The request's or the response's body. */
  Body = "body",
  /** The request headers that an InferenceService's logger copies. */
  Metadata = "metadata",
}

/** A value that is taken out of payloads before they reach a disk. */
export interface InferenceRedactionRule {
  /**
   * Only payloads of this namespace.
   * @default - all
   */
  namespace?: string;
  /**
   * Only payloads of this InferenceService.
   * @default - all
   */
  inferenceService?: string;
  /**
   * Where the value is.
   * @default RedactionPart.Body
   */
  part?: RedactionPart;
  /**
   * JSON path of the value: `$.instances[*].email`, `$.inputs[?(@.name=='email')].data`, `$..password`.
   * A body that a rule is about and that is no JSON is not kept at all.
   */
  path: string;
  /** What becomes of it. */
  action: RedactionAction;
}

/** The objects that hold the rules. */
export interface InferenceRedaction {
  configMapName: pulumi.Output<string>;
  secretName: pulumi.Output<string>;
  /** Changes with the rules, so that pods start again with them. */
  checksum: string;
}

/** Key of the rules in their ConfigMap, and of the hashes' key in its Secret. */
export const redactionKeys = { rules: "redaction.json", key: "key" };

/** Makes the ConfigMap of the rules and the Secret of the key that hashes are made with. */
export function createInferenceRedaction(
  name: string,
  namespace: pulumi.Input<string>,
  rules: InferenceRedactionRule[],
  keep: pulumi.CustomResourceOptions,
  opts: pulumi.CustomResourceOptions,
): InferenceRedaction {
  const text = JSON.stringify(rules);
  const config = new k8s.core.v1.ConfigMap(
    `${name}-redaction`,
    { metadata: { namespace }, data: { [redactionKeys.rules]: text } },
    opts,
  );
  // Hashes of one value must stay equal over the table's life: the key is never made anew.
  const key = new random.RandomPassword(
    `${name}-redaction-key`,
    { length: 48, special: false },
    pulumi.mergeOptions(opts, keep),
  );
  const secret = new k8s.core.v1.Secret(
    `${name}-redaction-key`,
    { metadata: { namespace }, stringData: { [redactionKeys.key]: key.result } },
    opts,
  );
  return {
    configMapName: config.metadata.name,
    secretName: secret.metadata.name,
    checksum: createHash("sha256").update(text).digest("hex").slice(0, 16),
  };
}
