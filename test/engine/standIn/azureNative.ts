import { createHash, randomUUID } from "node:crypto";
import { type WireObject, sameValue } from "../../../preview/engine/values/wire";
import type { Behaviour } from "./behaviour";
import type { ResourceSchema } from "./sdkSchema";

/**
 * Arguments that make up the path of a resource, in the order of the path: those that no output
 * repeats. Where the last one is left out, the provider names the resource.
 */
export function pathProperties(type: string, schema: ResourceSchema): string[] {
  // Its scope is repeated in the answer.
  if (type.endsWith(":RoleAssignment")) {
    return ["scope", "roleAssignmentName"];
  }
  const names = Object.keys(schema.inputs).filter(
    (key) => !(key in schema.outputs) && /(Name|Uri|^scope)$/.test(key),
  );
  const required = names.filter((key) => schema.required.includes(key) && key !== ownGroup);
  const own = names.filter((key) => !schema.required.includes(key));
  const group = names.includes(ownGroup) && schema.required.includes(ownGroup) ? [ownGroup] : [];
  // A few are named by a property that the answer repeats.
  const last = own.length > 0 || type.endsWith(":ResourceGroup") ? own : ["name"];
  return [...group, ...required, ...last];
}

const ownGroup = "resourceGroupName";

/** What the documents of Azure say can't be changed, where the SDK's own comments don't. */
const unchangeable: Record<string, string[]> = {
  // Source: Azure REST "Role Assignments - Create": an assignment's properties can't be updated.
  "azure-native:authorization:RoleAssignment": ["principalId", "roleDefinitionId", "scope"],
};

const saysUnchangeable =
  /cannot be (changed|updated|modified)|can only be set at the time of|can't be (changed|updated)/i;

/** The provider of Azure's resource manager. */
export const azureNative: Behaviour = {
  completed({ type, name, urn }, schema, inputs, olds, config) {
    const all = { ...inputs };
    const own = pathProperties(type, schema).at(-1)!;
    if (own in schema.inputs && all[own] === undefined) {
      const suffix = createHash("sha256").update(`${urn} ${randomUUID()}`).digest("hex");
      const made = type.endsWith(":RoleAssignment") ? randomUUID() : name + suffix.slice(0, 8);
      all[own] = olds[own] ?? made;
    }
    if ("location" in schema.inputs && all.location === undefined && config.location) {
      all.location = config.location;
    }
    return all;
  },
  replacing({ type }, schema) {
    const told = Object.entries(schema.inputs)
      .filter(([, { text }]) => saysUnchangeable.test(text))
      .map(([key]) => key);
    return [
      ...pathProperties(type, schema),
      ...("location" in schema.inputs ? ["location"] : []),
      ...told,
      ...(unchangeable[type] ?? []),
    ];
  },
  deleteBeforeReplace(schema, olds, news) {
    // Under the same path there can be one only.
    const path = Object.keys(schema.inputs).filter((key) => !(key in schema.outputs));
    return path.every((key) => sameValue(olds[key], news[key]));
  },
};

/** The values of a resource's path, e.g. group, network, subnet. */
export function pathValues(type: string, schema: ResourceSchema, inputs: WireObject): string[] {
  return pathProperties(type, schema).map((key) => {
    const value = inputs[key];
    if (typeof value !== "string" || value === "") {
      throw new Error(`${type}: "${key}" is a part of its path and must be a text`);
    }
    return value;
  });
}
