import type { ResourceRule } from "../resourceRule";

/** A storage account is opened by identities, which can be taken away one by one. */
export const disallowSharedKeys: ResourceRule = {
  name: "mlplatform-storage-disallow-shared-keys",
  description: "Storage accounts take no shared keys.",
  types: ["azure-native:storage:StorageAccount"],
  subject: "storage accounts",
  *validate({ name, props }) {
    // Azure takes an unset value for true.
    if (props.allowSharedKeyAccess === false) {
      return;
    }
    yield (
      `Storage account "${name}" has allowSharedKeyAccess ` +
      `${props.allowSharedKeyAccess ?? "unset"}: set it to false.`
    );
  },
};
