import {
  isObject,
  secret,
  isSecret,
  unknownValue,
  type Wire,
  type WireObject,
} from "../values/wire";

/** A resource whose outputs are asked for. */
export interface OutputSubject {
  urn: string;
  type: string;
  name: string;
  /** Empty where unknown. */
  id: string;
  inputs: WireObject;
}

/** Outputs that only the SDK's own declarations tell of. */
export interface SdkOutputs {
  texts(subject: OutputSubject): WireObject;
}

/** The inputs, completed by what the provider would add, to any depth. */
export function completedOutputs(inputs: WireObject, computed: WireObject): WireObject {
  const outputs: WireObject = { ...inputs };
  for (const [key, value] of Object.entries(computed)) {
    const given = outputs[key];
    if (given === undefined) {
      outputs[key] = value;
    } else if (isPlainObject(given) && isPlainObject(value)) {
      outputs[key] = completedOutputs(given, value);
    }
  }
  return outputs;
}

/**
 * The outputs in a preview: what the provider would add is unknown. A whole property that is
 * missing is unknown to the SDK by itself; one inside an object that the program gave has to be
 * marked. Secret outputs keep their mark.
 */
export function previewedOutputs(
  inputs: WireObject,
  computed: WireObject,
  secretOutputs: string[],
): WireObject {
  const outputs: WireObject = { ...inputs };
  for (const [key, value] of Object.entries(computed)) {
    const given = outputs[key];
    if (given === undefined) {
      if (isSecret(value)) {
        outputs[key] = secret(unknownValue);
      }
    } else if (isPlainObject(given) && isPlainObject(value)) {
      outputs[key] = withUnknowns(given, value);
    }
  }
  for (const key of secretOutputs) {
    outputs[key] ??= secret(unknownValue);
  }
  return outputs;
}

function withUnknowns(given: WireObject, computed: WireObject): WireObject {
  const outputs: WireObject = { ...given };
  for (const [key, value] of Object.entries(computed)) {
    const inner = outputs[key];
    if (inner === undefined) {
      outputs[key] = isSecret(value) ? secret(unknownValue) : unknownValue;
    } else if (isPlainObject(inner) && isPlainObject(value)) {
      outputs[key] = withUnknowns(inner, value);
    }
  }
  return outputs;
}

function isPlainObject(value: Wire): value is WireObject {
  return isObject(value) && !isSecret(value);
}
