import {
  type Wire,
  type WireObject,
  isObject,
  isUnknown,
  unwrapped,
} from "../../../preview/engine/values/wire";
import type { Properties, PropertyType } from "./declarations";
import type { ResourceSchema, SdkSchema } from "./sdkSchema";

/** What is wrong with a resource's arguments: the property and the reason. */
export interface InputProblem {
  property: string;
  reason: string;
}

/** Holds arguments against the SDK's declarations, to any depth. */
export function checkInputs(
  sdk: SdkSchema,
  schema: ResourceSchema,
  inputs: WireObject,
): InputProblem[] {
  const problems = checkObject(sdk, schema.inputs, inputs, []);
  for (const property of schema.required) {
    // A declaration may let one be left out that the class asks for.
    if (inputs[property] === undefined && schema.inputs[property]?.optional !== false) {
      problems.push({ property, reason: "is required and missing" });
    }
  }
  return problems;
}

function checkObject(
  sdk: SdkSchema,
  declared: Properties,
  given: WireObject,
  path: string[],
): InputProblem[] {
  const problems: InputProblem[] = [];
  for (const [key, { optional }] of Object.entries(declared)) {
    if (!optional && given[key] === undefined) {
      problems.push({ property: [...path, key].join("."), reason: "is required and missing" });
    }
  }
  for (const [key, value] of Object.entries(given)) {
    const property = declared[key];
    const place = [...path, key];
    if (property) {
      problems.push(...checkValue(sdk, property.type, value, place));
    } else {
      problems.push({ property: place.join("."), reason: "is not declared by the SDK" });
    }
  }
  return problems;
}

function checkValue(
  sdk: SdkSchema,
  type: PropertyType,
  value: Wire,
  path: string[],
): InputProblem[] {
  const inner = unwrapped(value);
  if (inner === null || isUnknown(inner) || type.kind === "any") {
    return [];
  }
  const wrong = (expected: string): InputProblem[] => [
    { property: path.join("."), reason: `must be ${expected}, got ${kindOf(inner)}` },
  ];
  switch (type.kind) {
    case "array":
      if (!Array.isArray(inner)) {
        return wrong("a list");
      }
      return inner.flatMap((item, at) => checkValue(sdk, type.of, item, [...path, String(at)]));
    case "map":
      if (!isObject(inner)) {
        return wrong("a map");
      }
      return Object.entries(inner).flatMap(([key, item]) =>
        checkValue(sdk, type.of, item, [...path, key]),
      );
    case "object":
      if (!isObject(inner)) {
        return wrong("an object");
      }
      return checkObject(sdk, sdk.object(type), inner, path);
    default:
      return typeof inner === type.kind ? [] : wrong(`a ${type.kind}`);
  }
}

const kindOf = (value: Wire) => (Array.isArray(value) ? "a list" : `a ${typeof value}`);
