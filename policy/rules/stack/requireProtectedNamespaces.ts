import type { PolicyResource } from "@pulumi/policy";
import type { StackRule } from "../resourceRule";
import { statefulTypes } from "../statefulTypes";

const namespaceType = "kubernetes:core/v1:Namespace";

/** Deleting a namespace deletes every volume in it, protected or not. */
export const requireProtectedNamespaces: StackRule = {
  name: "mlplatform-kubernetes-require-protected-namespaces",
  description: "Namespaces of protected resources are protected.",
  *validate({ resources, notApplicable }) {
    const protectedByNamespace = new Map<PolicyResource, PolicyResource>();
    for (const resource of resources) {
      if (!resource.opts.protect || !(resource.type in statefulTypes)) {
        continue;
      }
      // By reference, not by name: names of namespaces may be unknown before they are made.
      for (const dependency of resource.propertyDependencies.metadata ?? []) {
        if (dependency.type === namespaceType) {
          protectedByNamespace.set(dependency, resource);
        }
      }
    }
    if (protectedByNamespace.size === 0) {
      return notApplicable("no protected resource in a namespace");
    }
    for (const [namespace, resource] of protectedByNamespace) {
      if (namespace.opts.protect) {
        continue;
      }
      const message =
        `Namespace "${namespace.name}" is not protected, but holds "${resource.name}", which ` +
        "is: set the option protect.";
      yield { name: namespace.name, urn: namespace.urn, message };
    }
  },
};
