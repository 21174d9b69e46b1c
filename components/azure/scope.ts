import type * as pulumi from "@pulumi/pulumi";

/** What every part of the platform needs to make its resources. */
export interface PlatformScope {
  /** Name of the component; logical names start with it. */
  name: string;
  location: string;
  resourceGroupName: pulumi.Output<string>;
  tags: Record<string, string>;
  /** Options of resources that can be made again without loss. */
  child: pulumi.CustomResourceOptions;
  /** Options of resources that hold data. */
  stateful: pulumi.CustomResourceOptions;
}
