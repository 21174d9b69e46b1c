import type { WireObject } from "../values/wire";

/** One resource as the engine keeps it between runs. Secrets inside keep their marks and values. */
export interface StateResource {
  urn: string;
  type: string;
  name: string;
  parent: string;
  /** `urn::id` of the provider; empty for components, providers and the stack. */
  provider: string;
  custom: boolean;
  /** Empty in a preview of a creation, where it is unknown. */
  id: string;
  inputs: WireObject;
  outputs: WireObject;
  protect: boolean;
  retainOnDelete: boolean;
  /** True for resources that were read, not made: they are never deleted. */
  external: boolean;
  dependencies: string[];
}

/** What a stack holds after a run; feed it to the next run to see what that would change. */
export interface EngineState {
  resources: StateResource[];
}

/** Resources of the state that a finished run did not register, children before their parents. */
export function vanished(state: EngineState, kept: ReadonlySet<string>): StateResource[] {
  return state.resources
    .filter((resource) => !resource.external && !kept.has(resource.urn))
    .reverse();
}

/**
 * The state after an update that did not finish: what was registered is there, and what was not
 * reached stays as it was.
 */
export function merged(before: EngineState, registered: StateResource[]): EngineState {
  const urns = new Set(registered.map((resource) => resource.urn));
  return {
    resources: [...registered, ...before.resources.filter((resource) => !urns.has(resource.urn))],
  };
}
