import * as pulumi from "@pulumi/pulumi";
import { withoutRepeats } from "./access";
import type { ProjectAccessArgs } from "../components/access/args";
import { normalizeProjectAccess } from "../components/access/normalize";

/** A project as far as its groups are concerned. */
interface GroupedProject {
  name: string;
  settings: { access?: ProjectAccessArgs };
}

/** The groups of all projects' people, each once, however its id is written. */
export function userGroupsOf(projects: { access?: ProjectAccessArgs }[]): string[] {
  return withoutRepeats(
    projects.flatMap(({ access }) => {
      const { viewers, members, approvers, administrators } = normalizeProjectAccess(access);
      return [...viewers, ...members, ...approvers, ...administrators];
    }),
  );
}

/**
 * Options by which the cluster takes over the role assignments that the projects made before:
 * Azure would refuse them a second time.
 */
export function takingOverMembers(projects: GroupedProject[]): pulumi.ComponentResourceOptions {
  const takeOver: pulumi.ResourceTransformation = ({ type, name, props, opts }) => {
    const group = /-user-(?<group>[0-9a-fA-F-]{36})$/.exec(name)?.groups?.["group"];
    if (type !== "azure-native:authorization:RoleAssignment" || group === undefined) {
      return undefined;
    }
    const aliases = projects
      .filter(({ settings }) => settings.access?.members?.includes(group))
      .map((project) => ({
        name: `${project.name}-member-${group}`,
        parent: pulumi.createUrn(project.name, "mlplatform:index:MlProject"),
      }));
    return { props, opts: pulumi.mergeOptions(opts, { aliases }) };
  };
  return { transformations: [takeOver] };
}
