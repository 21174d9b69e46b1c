import { lakeBucketName } from "@mlplatform/contracts/platformNames";
import { LakeKind } from "../connections";
import type { Choices } from "../argumentProblems";
import type { DataLakeArgs } from "./args";

/** What can be chosen about a lake: its arguments without the images. */
export interface DataLakeChoices extends Choices<DataLakeArgs, "image" | "clientImage" | "azure"> {
  /** Whether the stack has an Azure side, not what it is. */
  azure?: unknown;
}

/** Arguments of a DataLake with their defaults. */
export type DataLakeSettings = ReturnType<typeof normalizeDataLake<DataLakeArgs>>;

/** Puts in the defaults of what is left out. */
export function normalizeDataLake<Args extends DataLakeChoices>(args: Args) {
  return {
    ...args,
    kind: args.kind ?? LakeKind.Minio,
    replicas: args.replicas ?? 1,
    // Claims grow only by hand, and the lake holds backups and pod logs too.
    storageGiB: args.storageGiB ?? 100,
    buckets: args.buckets ?? [lakeBucketName, "loki", "backups"],
    rawLogRetentionDays: args.rawLogRetentionDays ?? 90,
    tags: args.tags ?? {},
    protectData: args.protectData ?? true,
  };
}
