import type { ResourceRule } from "../resourceRule";
import { nodePoolTypes } from "../nodePools";

/** The API server of a cluster answers only to named networks, or to none outside. */
export const requireAuthorizedRanges: ResourceRule = {
  name: "mlplatform-aks-require-authorized-ranges",
  description: "A public API server answers to named networks only.",
  types: [nodePoolTypes.managedCluster],
  subject: "AKS clusters",
  *validate({ name, props }) {
    const access = props.apiServerAccessProfile;
    if (access?.enablePrivateCluster === true) {
      return;
    }
    const ranges: string[] = access?.authorizedIPRanges ?? [];
    if (ranges.length === 0) {
      yield (
        `Cluster "${name}" has a public API server and ` +
        `apiServerAccessProfile.authorizedIPRanges ${JSON.stringify(ranges)}: name the CIDRs ` +
        "that may call it, or set enablePrivateCluster."
      );
    }
    let unknown: unknown;
    for (let index = 0; index < ranges.length; index++) {
      let range: string;
      try {
        range = ranges[index]!;
      } catch (error) {
        // The other ranges are known and may be wrong; that one is not is said after them.
        unknown = error;
        continue;
      }
      if (!/\/[0-7]$/.test(range)) {
        continue;
      }
      yield (
        `Cluster "${name}" has the range "${range}" in ` +
        "apiServerAccessProfile.authorizedIPRanges, which is most of the internet: name " +
        "smaller CIDRs."
      );
    }
    if (unknown !== undefined) {
      throw unknown;
    }
  },
};
