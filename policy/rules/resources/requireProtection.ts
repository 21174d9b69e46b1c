import type { ResourceRule } from "../resourceRule";
import { statefulTypes } from "../statefulTypes";

const statefulSet = "kubernetes:apps/v1:StatefulSet";

/** What holds data is not deleted by a wrong line in a program. */
export const requireProtection: ResourceRule = {
  name: "mlplatform-stack-require-protection",
  description: "Resources that hold data are protected.",
  types: Object.keys(statefulTypes),
  subject: "resources that hold data",
  validate({ type, name, props, opts }) {
    if (type === statefulSet && (props.spec?.volumeClaimTemplates?.length ?? 0) === 0) {
      return undefined;
    }
    if (opts.protect) {
      return [];
    }
    return [
      `"${name}" is not protected, and its deletion would delete ${statefulTypes[type]}: set ` +
        "protectData to true, or the option protect.",
    ];
  },
};
