import type { ResourceRule } from "../resourceRule";

const account = "azure-native:storage:StorageAccount";
const container = "azure-native:storage:BlobContainer";

/** Nobody reads storage without an identity, and nobody reaches it from anywhere. */
export const disallowPublicStorage: ResourceRule = {
  name: "mlplatform-storage-disallow-public-access",
  description: "Storage is not public.",
  types: [account, container],
  subject: "storage accounts and blob containers",
  *validate({ type, name, props }) {
    if (type === container) {
      if ((props.publicAccess ?? "None") !== "None") {
        yield `Blob container "${name}" has publicAccess ${props.publicAccess}: set it to None.`;
      }
      return;
    }
    if (props.allowBlobPublicAccess !== false) {
      yield (
        `Storage account "${name}" has allowBlobPublicAccess ` +
        `${props.allowBlobPublicAccess ?? "unset"}: set it to false.`
      );
    }
    if (props.publicNetworkAccess === "Disabled") {
      return;
    }
    const action = props.networkRuleSet?.defaultAction;
    if (action !== "Deny") {
      yield (
        `Storage account "${name}" has networkRuleSet.defaultAction ${action ?? "unset"}: set ` +
        "it to Deny, or publicNetworkAccess to Disabled."
      );
    }
  },
};
