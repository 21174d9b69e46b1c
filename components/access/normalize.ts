import { guid } from "../argumentFormats";
import type { OidcArgs, ProjectAccessArgs } from "./args";

/** Whose tokens the platform believes, with the defaults. */
export type OidcSettings = Required<OidcArgs>;

/** Who may do what in a project, with the defaults. */
export type ProjectAccess = Required<ProjectAccessArgs>;

/** Puts in the defaults of what is left out. */
export function normalizeOidc(args: OidcArgs): OidcSettings {
  const groupsClaim = args.groupsClaim ?? "groups";
  return {
    ...args,
    modelAudiences: args.modelAudiences ?? args.audiences,
    groupsClaim,
    callersClaim: args.callersClaim ?? groupsClaim,
  };
}

/** Groups as tokens name them: Azure takes ids of either case for one, and writes them small. */
export function asInTokens(groups: string[]): string[] {
  return groups.map((group) => (guid.pattern.test(group) ? group.toLowerCase() : group));
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
