import {
  normalizeOidc,
  normalizeProjectAccess,
  type OidcSettings,
  type ProjectAccess,
} from "../components/access/normalize";
import type { StackConfig } from "./schema";

/** Who may do what on a platform: the one table from which all rights are made. */
export interface Access {
  /** Groups that administer the platform, and each of its projects. */
  administrators: string[];
  /** Whose tokens count. Undefined: models ask for none. */
  oidc?: OidcSettings;
  /** Groups and callers by project and role, the platform's administrators among them. */
  projects: Record<string, ProjectAccess>;
}

/** The table of a stack, with its defaults. */
export function accessOf({ access, projects }: Pick<StackConfig, "access" | "projects">): Access {
  const administrators = access.administrators ?? [];
  return {
    administrators,
    oidc: access.oidc && normalizeOidc(access.oidc),
    projects: Object.fromEntries(
      projects.map((project) => {
        const own = normalizeProjectAccess(project.access);
        const all = withoutRepeats([...administrators, ...own.administrators]);
        return [project.name, { ...own, administrators: all }];
      }),
    ),
  };
}

/** Each group once, however its id is written. */
export function withoutRepeats(groups: string[]): string[] {
  const byId = new Map<string, string>();
  for (const group of groups) {
    byId.set(group.toLowerCase(), byId.get(group.toLowerCase()) ?? group);
  }
  return [...byId.values()];
}
