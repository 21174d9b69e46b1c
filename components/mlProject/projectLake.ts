import { lakeFolders } from "@mlplatform/contracts/lakeFolders";
import { projectSecrets, serviceAccounts } from "@mlplatform/contracts/platformNames";
import type * as pulumi from "@pulumi/pulumi";
import { LakePermission } from "../lakeAccess/args";
import { LakeAccess } from "../lakeAccess/lakeAccess";
import type { ProjectScope } from "./projectScope";
import type { MlProjectSettings } from "./normalize";

/** The project's own prefixes: nothing of another project can be read or overwritten. */
export function createLakeAccess(
  { name, parent, namespace }: ProjectScope,
  args: MlProjectSettings,
  account: string,
): LakeAccess {
  const { Read, Write, ReadWrite } = LakePermission;
  const artifacts = `${lakeFolders.projectArtifacts}${name}/`;
  const grants =
    account === serviceAccounts.serving
      ? [{ prefix: artifacts, permission: Read }]
      : [
          { prefix: `${lakeFolders.datasets}${name}/`, permission: ReadWrite },
          { prefix: artifacts, permission: ReadWrite },
          { prefix: `${lakeFolders.rayLogs}namespace=${name}/`, permission: Write },
          { prefix: `${lakeFolders.rayLogManifests}${name}/`, permission: ReadWrite },
          ...args.sharedDatasets.map((dataset) => ({
            prefix: `${lakeFolders.datasets}${dataset}/`,
            permission: Read,
          })),
        ];
  return new LakeAccess(
    // The name is the access key id, unique in the store.
    `${name}-${account}`,
    {
      lake: args.lake,
      namespace,
      secretName:
        account === serviceAccounts.serving ? projectSecrets.modelStore : projectSecrets.lake,
      grants,
      placement: args.placement,
    },
    { parent },
  );
}

/** Name of the Secret that an access was granted with. */
export function secretNameOf(access: LakeAccess): pulumi.Output<string> {
  return access.connection.apply(({ secretName }) => {
    if (secretName === undefined) {
      throw new Error(
        "MlProject: LakeAccess returned no secretName. Its connection must name one.",
      );
    }
    return secretName;
  });
}
