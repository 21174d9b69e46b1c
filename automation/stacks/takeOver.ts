import { UserError } from "../../screen/userError";
import type { PendingOperation, StateEntry } from "./stackState";

/** A stack as `pulumi stack export` writes it and `pulumi stack import` reads it. */
export interface ExportedStack {
  deployment: { resources?: StateEntry[]; pending_operations?: PendingOperation[] };
}

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
  const strangers = [...ids.keys(), ...forgotten].filter((urn) => !urns.has(urn));
  const open = pending.filter(
    ({ type, resource }) =>
      type === "creating" && !ids.has(resource.urn) && !forgotten.has(resource.urn),
  );
  const problems = [
    ...strangers.map((urn) => ({
      what: `no operation on ${urn} is pending`,
      remedy: "Correct the URN.",
    })),
    ...open.map(({ resource: { urn } }) => ({
      what: `${urn} is neither taken over nor forgotten`,
      remedy: `Look whether it is there, then give --take-over '${urn}=<id>' or --forget '${urn}'.`,
    })),
  ];
  if (problems.length > 0) {
    throw new UserError(...problems);
  }
  const found = pending.flatMap(({ resource }) => {
    const id = ids.get(resource.urn);
    return id === undefined ? [] : [{ ...resource, id }];
  });
  const kept = resources.filter(({ urn }) => !ids.has(urn));
  return {
    ...exported,
    deployment: {
      ...exported.deployment,
      resources: [...kept, ...found],
      pending_operations: [],
    },
  };
}
