import * as pulumi from "@pulumi/pulumi";

/** A project as far as its groups are concerned. */
interface GroupedProject {
  name: string;
  settings: { members?: string[] };
}

/** The groups of all projects, each once, however its id is written. */
export function userGroupsOf(projects: { members?: string[] }[]): string[] {
  const groups = new Map<string, string>();
  for (const group of projects.flatMap(({ members = [] }) => members)) {
    groups.set(group.toLowerCase(), groups.get(group.toLowerCase()) ?? group);
  }
  return [...groups.values()];
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
      .filter(({ settings }) => settings.members?.includes(group))
      .map((project) => ({
        name: `${project.name}-member-${group}`,
        parent: pulumi.createUrn(project.name, "mlplatform:index:MlProject"),
      }));
    return { props, opts: pulumi.mergeOptions(opts, { aliases }) };
  };
  return { transformations: [takeOver] };
}
