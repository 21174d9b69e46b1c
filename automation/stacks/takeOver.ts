import { UserError } from "../../screen/userError";
import type { ExportedStack, StateEntry } from "./stackState";

/** What is known of the resources that a run was making when it was cut off. */
export interface Decisions {
  /** Ids of those that are there, by URN. */
  ids: ReadonlyMap<string, string>;
  /** URNs of those that are not there. */
  forgotten: ReadonlySet<string>;
}

/**
 * The state after a run that was cut off: what is there is a resource like any other, to be
 * refreshed next; what is not is forgotten. `pulumi refresh --import-pending-creates` of 3.276 only
 * drops the operation, and the next update makes the resource once more.
 *
 * @throws UserError where an operation is undecided, or a decision is about none
 */
export function decided<T extends ExportedStack>(exported: T, { ids, forgotten }: Decisions): T {
  const { resources = [], pending_operations: pending = [] } = exported.deployment;
  const urns = new Set(pending.map(({ resource }) => resource.urn));
  const made = new Map(
    pending.flatMap(({ type, resource }) =>
      type === "creating" ? [[resource.urn, resource] as const] : [],
    ),
  );
  const strangers = [...ids.keys(), ...forgotten].filter((urn) => !urns.has(urn));
  const twice = [...ids.keys()].filter((urn) => forgotten.has(urn));
  const unmade = [...ids.keys()].filter((urn) => urns.has(urn) && !made.has(urn));
  const open = [...made.keys()].filter((urn) => !ids.has(urn) && !forgotten.has(urn));
  const problems = [
    ...strangers.map((urn) => ({
      what: `no operation on ${urn} is pending`,
      remedy: "Correct the URN.",
    })),
    ...twice.map((urn) => ({
      what: `${urn} is both taken over and forgotten`,
      remedy: "Give one of the two.",
    })),
    ...unmade.map((urn) => ({
      what: `${urn} was not being made: its id is in the state`,
      remedy: `Give --forget '${urn}': the refresh looks at it.`,
    })),
    ...open.map((urn) => ({
      what: `${urn} is neither taken over nor forgotten`,
      remedy: `Look whether it is there, then give --take-over '${urn}=<id>' or --forget '${urn}'.`,
    })),
  ];
  if (problems.length > 0) {
    throw new UserError(...problems);
  }
  const found = new Map([...ids].map(([urn, id]) => [urn, { ...made.get(urn)!, id }] as const));
  return {
    ...exported,
    deployment: {
      ...exported.deployment,
      resources: withFound(resources, found),
      pending_operations: [],
    },
  };
}

/**
 * The resources with those that were found. What one of them replaces is left to the next update to
 * delete, as the engine does it; what depends on it stands behind it, where the CLI asks for that.
 */
function withFound(resources: StateEntry[], found: ReadonlyMap<string, StateEntry>): StateEntry[] {
  const placed = new Set<string>();
  const all = resources.flatMap((resource) => {
    const made = found.get(resource.urn);
    if (!made || resource.delete) {
      return [resource];
    }
    placed.add(resource.urn);
    return resource.pendingReplacement ? [made] : [made, { ...resource, delete: true }];
  });
  return [...all, ...[...found.values()].filter(({ urn }) => !placed.has(urn))];
}
