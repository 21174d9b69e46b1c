import {
  type WireObject,
  type Wire,
  isObject,
  isSecret,
  secret,
} from "../../../preview/engine/values/wire";
import type { Properties, PropertyType } from "./declarations";
import type { ResourceSchema, SdkSchema } from "./sdkSchema";

/** Makes up the value of a property that only the service can say. */
export type Fill = (path: string[], type: PropertyType) => Wire;

/** Levels of objects within objects that are filled in; deeper ones are left out. */
const deepest = 5;

/**
 * What a service returns for a resource: what was given, and everything that the SDK declares to be
 * there always, to any depth inside of what was given.
 */
export function withReadOnly(
  sdk: SdkSchema,
  schema: ResourceSchema,
  inputs: WireObject,
  fill: Fill,
): WireObject {
  const given = Object.fromEntries(Object.entries(inputs).filter(([key]) => key in schema.outputs));
  return complete(sdk, schema.outputs, given, fill, []);
}

function complete(
  sdk: SdkSchema,
  declared: Properties,
  given: WireObject,
  fill: Fill,
  path: string[],
): WireObject {
  const whole: WireObject = { ...given };
  for (const [key, { type, optional }] of Object.entries(declared)) {
    if (key === "id" && path.length === 0) {
      continue;
    }
    const here = [...path, key];
    if (whole[key] !== undefined) {
      whole[key] = within(sdk, type, whole[key], fill, here);
    } else if (!optional) {
      const value = made(sdk, type, fill, here);
      if (value !== undefined) {
        whole[key] = value;
      }
    }
  }
  return whole;
}

function within(sdk: SdkSchema, type: PropertyType, value: Wire, fill: Fill, path: string[]): Wire {
  if (isSecret(value)) {
    return secret(within(sdk, type, value.value ?? null, fill, path));
  }
  if (type.kind === "object" && type.side === "outputs" && isObject(value)) {
    return complete(sdk, sdk.object(type), value, fill, path);
  }
  if (type.kind === "array" && Array.isArray(value)) {
    return value.map((item, at) => within(sdk, type.of, item, fill, [...path, String(at)]));
  }
  return value;
}

function made(sdk: SdkSchema, type: PropertyType, fill: Fill, path: string[]): Wire | undefined {
  if (type.kind === "array") {
    return [];
  }
  if (type.kind === "map") {
    return {};
  }
  if (type.kind !== "object") {
    return fill(path, type);
  }
  if (type.side !== "outputs" || path.length > deepest) {
    return undefined;
  }
  return complete(sdk, sdk.object(type), {}, fill, path);
}
