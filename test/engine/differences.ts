import type { PreviewResource } from "../../preview/engine/programRun";

/** One step of `pulumi preview --json`. */
export interface PreviewStep {
  op: string;
  urn: string;
  newState?: RealResource;
}

/** A resource as the real engine states it. */
export interface RealResource {
  urn: string;
  type: string;
  custom: boolean;
  id?: string;
  parent?: string;
  provider?: string;
  protect?: boolean;
  retainOnDelete?: boolean;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  dependencies?: string[];
  propertyDependencies?: Record<string, string[] | null>;
}

/** Something that the two engines say differently of one resource. */
export interface Difference {
  urn: string;
  type: string;
  /** `urn`, `parent`, `inputs.spec.replicas`, `propertyDependencies.metadata`, … */
  place: string;
  real: unknown;
  offline: unknown;
}

/** Unknown values as the real engine writes them: one text a kind. */
const unknowns =
  /^(04da6b54-80e4-46f7-96ec-b56ff0331ba9|1c4a061d-8072-4f0a-a4cb-0ff528b18fe7|3eeb2bf0-c639-47a8-9e75-3b44932eb421|6a19a0b0-7e62-4c92-b797-7f8e31da9cc2|030794c1-ac77-496b-92df-f27374a8bd58|e48ece36-62e2-4504-bad9-02848725956a|dd056dcd-154b-4c76-9bd3-c8f88648b5ff)$/;
export const unknown = "[unknown]";

/** Compares two previews of one stack, resource by resource and value by value. */
export function differences(real: RealResource[], offline: PreviewResource[]): Difference[] {
  const ours = new Map(offline.map((resource) => [resource.urn, resource]));
  const theirs = new Map(real.map((resource) => [resource.urn, resource]));
  const found: Difference[] = [];
  for (const { urn, type } of offline) {
    if (!theirs.has(urn)) {
      found.push({ urn, type, place: "urn", real: undefined, offline: urn });
    }
  }
  for (const resource of real) {
    const { urn, type } = resource;
    const own = ours.get(urn);
    if (!own) {
      found.push({ urn, type, place: "urn", real: urn, offline: undefined });
      continue;
    }
    const compare = (place: string, theirs: unknown, mine: unknown) => {
      for (const [path, values] of unequal(theirs, mine, place)) {
        found.push({ urn, type, place: path, real: values[0], offline: values[1] });
      }
    };
    compare("parent", resource.parent ?? "", own.parent);
    compare("custom", resource.custom, own.custom);
    compare("protect", resource.protect ?? false, own.protect);
    compare("retainOnDelete", resource.retainOnDelete ?? false, own.retainOnDelete);
    compare("provider", providerOf(resource.provider ?? ""), providerOf(own.provider));
    compare("inputs", resource.inputs ?? {}, own.inputs);
    compare("dependencies", sorted(resource.dependencies), sorted(own.dependencies));
    compare(
      "propertyDependencies",
      sortedEach(resource.propertyDependencies ?? {}),
      sortedEach(own.propertyDependencies),
    );
  }
  return found;
}

/** Without the id, which the real engine gives and a preview has not. */
const providerOf = (reference: string) => reference.slice(0, reference.lastIndexOf("::"));
const sorted = (urns: string[] | null | undefined) => [...new Set(urns ?? [])].sort();
const sortedEach = (by: Record<string, string[] | null>) =>
  Object.fromEntries(
    Object.entries(by)
      .map(([key, urns]) => [key, sorted(urns)] as const)
      .filter(([, urns]) => urns.length > 0),
  );

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function unequal(real: unknown, own: unknown, path: string): [string, [unknown, unknown]][] {
  if (typeof real === "string" && unknowns.test(real)) {
    real = unknown;
  }
  if (isRecord(real) && isRecord(own)) {
    return [...new Set([...Object.keys(real), ...Object.keys(own)])].flatMap((key) =>
      unequal(real[key], own[key], `${path}.${key}`),
    );
  }
  if (Array.isArray(real) && Array.isArray(own) && real.length === own.length) {
    return real.flatMap((item, at) => unequal(item, own[at], `${path}.${at}`));
  }
  return JSON.stringify(real) === JSON.stringify(own) ? [] : [[path, [real, own]]];
}
