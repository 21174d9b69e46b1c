import type { OidcArgs, ProjectAccessArgs } from "./args";

/** Whose tokens the platform believes, with the defaults. */
export type OidcSettings = Required<OidcArgs>;

/** Who may do what in a project, with the defaults. */
export type ProjectAccess = Required<ProjectAccessArgs>;

/** Puts in the defaults of what is left out. */
export function normalizeOidc(args: OidcArgs): OidcSettings {
  const groupsClaim = args.groupsClaim ?? "groups";
  return { ...args, groupsClaim, callersClaim: args.callersClaim ?? groupsClaim };
}

/** Puts in the defaults of what is left out. */
export function normalizeProjectAccess(args: ProjectAccessArgs = {}): ProjectAccess {
  return {
    viewers: args.viewers ?? [],
    members: args.members ?? [],
    approvers: args.approvers ?? [],
    administrators: args.administrators ?? [],
    callers: args.callers ?? [],
  };
}
