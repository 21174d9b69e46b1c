import { isRecord } from "./projectFile";

/** The type of a config key as `Pulumi.yaml` declares it. */
export interface ConfigType {
  type: "string" | "integer" | "boolean" | "array" | "object";
  items?: ConfigType;
}

const kinds = ["string", "integer", "boolean", "array", "object"] as const;

/** Reads a declared type; returns what is wrong with it as text. */
export function parseType(declared: unknown): ConfigType | string {
  if (!isRecord(declared)) {
    return `a type must be a map with "type"`;
  }
  const kind = kinds.find((candidate) => candidate === declared.type);
  if (kind === undefined) {
    return `"type" must be one of ${kinds.join(", ")}`;
  }
  if (kind !== "array") {
    return { type: kind };
  }
  if (declared.items === undefined) {
    return `an array needs "items"`;
  }
  const items = parseType(declared.items);
  return typeof items === "string" ? items : { type: kind, items };
}

/** The type as messages name it: `array<string>`. */
export function typeName(type: ConfigType): string {
  return type.items === undefined ? type.type : `${type.type}<${typeName(type.items)}>`;
}

/**
 * True where the value fits. On the top level of a stack file every scalar is text to Pulumi, so
 * `3` is a string there and `"3"` an integer. Source: `ValidateConfigValue` of the Pulumi CLI.
 */
export function fits(type: ConfigType, value: unknown, topLevel = true): boolean {
  switch (type.type) {
    case "string":
      return typeof value === "string" || (topLevel && isScalar(value));
    case "integer":
      return typeof value === "number" || typeof value === "bigint"
        ? Number.isInteger(Number(value))
        : typeof value === "string" && /^[+-]?\d+$/.test(value);
    case "boolean":
      return typeof value === "boolean" || value === "true" || value === "false";
    case "array":
      return (
        Array.isArray(value) &&
        value.every((item) => type.items === undefined || fits(type.items, item, false))
      );
    case "object":
      return isRecord(value);
  }
}

function isScalar(value: unknown): boolean {
  return ["number", "bigint", "boolean"].includes(typeof value);
}

/** How to write a value of the type. */
export function remedy(type: ConfigType): string {
  switch (type.type) {
    case "string":
      return "Write a text.";
    case "integer":
      return "Write a whole number.";
    case "boolean":
      return "Write true or false.";
    case "array":
      return "Write a list.";
    case "object":
      return "Write a map of keys.";
  }
}
