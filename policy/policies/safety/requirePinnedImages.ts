import type { ResourceValidationPolicy } from "@pulumi/policy";
import { exemptionsProperty, skipExempt } from "../../exemptions";
import { unpinnedReason } from "../../rules/imageReference";
import { containerLists, podSpecPaths } from "../../rules/podSpecs";

/**
 * A container image is named by digest or by a tag that its publisher does not move, so that a
 * restart never brings other code. Images inside Helm charts are not visible to a policy.
 */
export const requirePinnedImages: ResourceValidationPolicy = {
  name: "mlplatform-kubernetes-require-pinned-images",
  description: "Container images are pinned.",
  configSchema: { properties: exemptionsProperty },
  validateResource: (args, reportViolation) => {
    const paths = podSpecPaths[args.type];
    if (paths === undefined) return args.notApplicable("only Kubernetes workloads");
    skipExempt(args);
    for (const spec of paths.flatMap((path) => select(args.props, path.split(".")))) {
      for (const list of containerLists) {
        for (const container of (spec[list] ?? []) as { name?: string; image?: string }[]) {
          // A runtime may leave the image to the object that uses it; there it is checked.
          if (container.image === undefined) continue;
          const reason = unpinnedReason(container.image);
          if (reason === undefined) continue;
          reportViolation(
            `Container "${container.name ?? "unnamed"}" of "${args.name}" runs "${container.image}", but ${reason}: pin an exact version or a digest.`,
          );
        }
      }
    }
  },
};

/** Objects at a path. Only the keys named are read: reading an unknown value ends the policy. */
function select(value: any, path: string[]): Record<string, any>[] {
  if (value === undefined || value === null) return [];
  const [key, ...rest] = path;
  if (key === undefined) return [value];
  if (key !== "*") return select(value[key], rest);
  return (value as unknown[]).flatMap((element) => select(element, rest));
}
