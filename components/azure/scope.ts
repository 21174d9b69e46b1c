import * as pulumi from "@pulumi/pulumi";
import type { AzureFoundation } from "../connections";
import { childOptions, type Scope, statefulOptions } from "../scope";

/** What every Azure resource of a component is made with. */
export interface AzureScope extends Scope {
  location: pulumi.Input<string>;
  resourceGroupName: pulumi.Output<string>;
  tags: Record<string, string>;
  /** Options of resources that can be made again without loss. */
  child: pulumi.CustomResourceOptions;
  /** Options of resources that hold data. */
  stateful: pulumi.CustomResourceOptions;
}

/** What decides the scope of Azure resources beside a cluster. */
export interface AzureScopeSettings extends Scope {
  azure: pulumi.Input<AzureFoundation>;
  tags: Record<string, string>;
  /** Protects resources that hold data, and keeps them when they leave the program. */
  protectData: boolean;
}

/** Scope of resources in the platform's resource group. */
export function azureScope(settings: AzureScopeSettings): AzureScope {
  const { name, parent, dependsOn, tags, protectData } = settings;
  const azure = pulumi.output(settings.azure);
  return {
    name,
    parent,
    dependsOn,
    location: azure.location,
    resourceGroupName: azure.resourceGroupName,
    tags,
    child: childOptions(settings),
    stateful: statefulOptions(settings, protectData),
  };
}
