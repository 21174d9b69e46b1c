import type * as pulumi from "@pulumi/pulumi";

/** Where resources belong: what every helper that makes some starts from. */
export interface Scope {
  /** Logical name of the resource; of several, what their logical names start with. */
  name: string;
  parent: pulumi.Resource;
  /** What must exist first. */
  dependsOn?: pulumi.Resource[];
}

/** Options of a resource that can be made again without loss. */
export function childOptions({ parent, dependsOn }: Scope): pulumi.CustomResourceOptions {
  return { parent, dependsOn };
}

/** Options of a resource that holds data: protected, and kept when it leaves the program. */
export function statefulOptions(scope: Scope, protectData: boolean): pulumi.CustomResourceOptions {
  const options = childOptions(scope);
  return protectData ? { ...options, protect: true, retainOnDelete: true } : options;
}
