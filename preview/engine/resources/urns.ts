/** Type token of the root resource; it is left out of its children's URNs. */
export const stackType = "pulumi:pulumi:Stack";

/** Which stack the URNs are for. */
export interface UrnScope {
  stack: string;
  project: string;
}

/** The types from the outermost component to the resource: `a:b:C$d:e:F`. */
export function qualifiedType(urn: string): string {
  return urn.split("::")[2] ?? "";
}

/** The type token of the resource alone. */
export function typeOf(urn: string): string {
  return qualifiedType(urn).split("$").at(-1) ?? "";
}

/** The logical name, which may itself contain `::`. */
export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/**
 * The URN as Pulumi's engine builds it: `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`, where the
 * stack as a parent does not count. Source: `resource.NewURN` and `Generator.GenerateURN`.
 */
export function urnFor(scope: UrnScope, parent: string, type: string, name: string): string {
  const parentType = parent === "" ? "" : qualifiedType(parent);
  const prefix = parentType === "" || parentType === stackType ? "" : `${parentType}$`;
  return `urn:pulumi:${scope.stack}::${scope.project}::${prefix}${type}::${name}`;
}

/** A former identity of a resource, as the `aliases` option states it. */
export interface AliasSpec {
  urn?: string;
  name?: string;
  type?: string;
  stack?: string;
  project?: string;
  parent?: string;
  noParent?: boolean;
}

/** The URNs that a resource had before, from its own aliases and from those of its parent. */
export function formerUrns(
  scope: UrnScope,
  current: { type: string; name: string; parent: string },
  aliases: AliasSpec[],
  parentAliases: string[],
): string[] {
  const urns = new Set<string>();
  for (const alias of aliases) {
    if (alias.urn !== undefined) {
      urns.add(alias.urn);
      continue;
    }
    const parents = alias.noParent ? [""] : [alias.parent ?? current.parent, ...parentAliases];
    for (const parent of parents) {
      urns.add(
        urnFor(
          { stack: alias.stack ?? scope.stack, project: alias.project ?? scope.project },
          parent,
          alias.type ?? current.type,
          alias.name ?? current.name,
        ),
      );
    }
  }
  for (const parent of parentAliases) {
    urns.add(formerChildUrn(scope, parent, current));
  }
  return [...urns];
}

/** A child named after its parent follows the parent's rename, as the SDKs assume. */
function formerChildUrn(
  scope: UrnScope,
  formerParent: string,
  current: { type: string; name: string; parent: string },
): string {
  const parentName = nameOf(current.parent);
  const name = current.name.startsWith(parentName)
    ? nameOf(formerParent) + current.name.slice(parentName.length)
    : current.name;
  return urnFor(scope, formerParent, current.type, name);
}
