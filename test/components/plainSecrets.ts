import type { Recording } from "./recorder";

/**
 * Where a secret value stands in an input that carries no secret mark, as `type name.input`. Looks
 * into every string of every input, however deep.
 */
export function plainSecrets(recording: Recording, secrets: string[]): string[] {
  return recording.resources.flatMap((resource) =>
    Object.entries(resource.inputs)
      .filter(([key, value]) => !resource.secretInputs.has(key) && holds(value, secrets))
      .map(([key]) => `${resource.type} ${resource.name}.${key}`),
  );
}

/** Whether any string below a value contains one of the needles. */
export function holds(value: unknown, needles: string[]): boolean {
  if (typeof value === "string") {
    return needles.some((needle) => value.includes(needle));
  }
  if (typeof value !== "object" || value === null) {
    return false;
  }
  return Object.values(value).some((inner) => holds(inner, needles));
}
