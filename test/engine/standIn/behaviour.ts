import type { WireObject } from "../../../preview/engine/values/wire";
import type { ResourceSchema } from "./sdkSchema";

/** A resource as the engine speaks of it. */
export interface Subject {
  urn: string;
  type: string;
  /** Logical name. */
  name: string;
}

/** What a service's Pulumi provider does beyond its SDK's declarations. */
export interface Behaviour {
  /** Adds what the provider adds to the arguments: names, places. `olds` is empty for a new one. */
  completed(
    subject: Subject,
    schema: ResourceSchema,
    inputs: WireObject,
    olds: WireObject,
    config: WireObject,
  ): WireObject;
  /** Arguments that a resource cannot change and live. */
  replacing(subject: Subject, schema: ResourceSchema): string[];
  /** True where old and new cannot exist at once. */
  deleteBeforeReplace(schema: ResourceSchema, olds: WireObject, news: WireObject): boolean;
}

/** The type of a URN and its logical name, which may contain `::`. */
export function subjectOf(urn: string): Subject {
  const parts = urn.split("::");
  return { urn, type: parts[2]!.split("$").at(-1)!, name: parts.slice(3).join("::") };
}
