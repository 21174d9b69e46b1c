import type * as pulumi from "@pulumi/pulumi";
import type { Scope } from "../scope";

/** What every object of a project is made with. The name is the project's. */
export interface ProjectScope extends Scope {
  /** Namespace of the project. */
  namespace: pulumi.Output<string>;
  /** Labels of every object in it. */
  labels: Record<string, string>;
}
