import { kindOf } from "../capacity/readInputs";
import type { ProgramRun, PreviewResource } from "../engine/programRun";
import { type Layout, styled } from "../../screen/layout";
import { columns, cut } from "../../screen/text";

const stackType = "pulumi:pulumi:Stack";

/** Siblings of one type from this number on share a line. */
const collapseFrom = 2;

/**
 * How many of the resources a provider manages; providers, components and the stack are not
 * counted.
 */
export function customCount(resources: PreviewResource[]): number {
  return resources.filter(({ custom, type }) => custom && !type.startsWith("pulumi:providers:"))
    .length;
}

/**
 * The resources of a run as a tree, components with the number of resources below them. Leaves of
 * one type under one parent share a line when there are {@link collapseFrom} or more, without the
 * parent's name before theirs.
 */
export function resourceTree(result: ProgramRun, layout: Layout): string[] {
  const children = new Map<string, PreviewResource[]>();
  const known = new Set(result.resources.map(({ urn }) => urn));
  for (const resource of result.resources) {
    if (resource.type === stackType) {
      continue;
    }
    // The stack is the root whether or not it registered itself.
    const parent = known.has(resource.parent) && !isStack(resource.parent) ? resource.parent : "";
    children.set(parent, [...(children.get(parent) ?? []), resource]);
  }
  const total = customCount(result.resources);
  const head = styled(layout, "bold", `${result.project}-${result.stack}`);
  return [withCount(head, total, layout), ...branches(children, "", "", layout)];
}

function branches(
  children: Map<string, PreviewResource[]>,
  parent: string,
  indent: string,
  layout: Layout,
): string[] {
  const groups = grouped(children.get(parent) ?? [], children);
  return groups.flatMap((group, index) => {
    const isLast = index === groups.length - 1;
    const prefix = `${indent}${isLast ? "└─ " : "├─ "}`;
    const first = group[0]!;
    if (group.length > 1) {
      return [collapsed(prefix, group, nameOf(parent), layout)];
    }
    const below = `${indent}${isLast ? "   " : "│  "}`;
    const line = prefix + named(first, layout.width - columns(prefix) - countColumns, layout);
    if (!children.has(first.urn)) {
      return [line];
    }
    return [
      withCount(line, customCount(descendants(children, first.urn)), layout),
      ...branches(children, first.urn, below, layout),
    ];
  });
}

/** Siblings in order of registration; leaves of one type that share a line as one group. */
function grouped(
  siblings: PreviewResource[],
  children: Map<string, PreviewResource[]>,
): PreviewResource[][] {
  const leaves = new Map<string, PreviewResource[]>();
  for (const resource of siblings) {
    if (children.has(resource.urn)) {
      continue;
    }
    leaves.set(groupKey(resource), [...(leaves.get(groupKey(resource)) ?? []), resource]);
  }
  const groups: PreviewResource[][] = [];
  for (const resource of siblings) {
    const alike = children.has(resource.urn) ? undefined : leaves.get(groupKey(resource));
    if (alike === undefined || alike.length < collapseFrom) {
      groups.push([resource]);
    } else if (alike[0] === resource) {
      groups.push(alike);
    }
  }
  return groups;
}

/** Only resources that meet the same fate share a line. */
function groupKey({ type, operation }: PreviewResource): string {
  return `${operation} ${type}`;
}

function descendants(children: Map<string, PreviewResource[]>, urn: string): PreviewResource[] {
  return (children.get(urn) ?? []).flatMap((child) => [child, ...descendants(children, child.urn)]);
}

function collapsed(
  prefix: string,
  group: PreviewResource[],
  parentName: string,
  layout: Layout,
): string {
  const kind = `${mark(group[0]!)}${shownKind(group[0]!)} ×${group.length}`;
  const room = layout.width - columns(prefix) - columns(kind) - 2;
  const own = group.map(({ name }) =>
    parentName !== "" && name.startsWith(`${parentName}-`)
      ? name.slice(parentName.length + 1)
      : name,
  );
  const names = cut(own.join(", "), room);
  return `${prefix}${kind}  ${styled(layout, "dim", names)}`;
}

function named(resource: PreviewResource, room: number, layout: Layout): string {
  const kind = `${mark(resource)}${shownKind(resource)}`;
  const name = cut(resource.name, Math.max(room - columns(kind) - 1, 8));
  return `${resource.custom ? kind : styled(layout, "cyan", kind)} ${styled(layout, "dim", name)}`;
}

function shownKind(resource: PreviewResource): string {
  return resource.type.startsWith("pulumi:providers:")
    ? `Provider ${kindOf(resource)}`
    : kindOf(resource);
}

const marks: Record<PreviewResource["operation"], string> = {
  create: "",
  same: "",
  update: "~ ",
  delete: "- ",
};

function mark(resource: PreviewResource): string {
  return marks[resource.operation];
}

/** Columns kept for a count at the right edge. */
const countColumns = 6;

function withCount(line: string, count: number, layout: Layout): string {
  const text = String(count);
  const gap = Math.max(layout.width - columns(line) - text.length, 1);
  return `${line}${" ".repeat(gap)}${styled(layout, "bold", text)}`;
}

/** Logical name in a URN; empty for the top. */
function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function isStack(urn: string): boolean {
  return urn.includes(`::${stackType}::`);
}
