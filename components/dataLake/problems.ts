import type { DataLakeArgs } from "./args";

/** One wrong argument, as `pulumi.InputPropertiesError` takes it. */
export interface ArgumentProblem {
  propertyPath: string;
  reason: string;
}

/** Everything that is wrong with the arguments of a DataLake; empty where nothing is. */
export function dataLakeProblems(
  name: string,
  kind: string,
  args: DataLakeArgs,
): ArgumentProblem[] {
  const problems: ArgumentProblem[] = [];
  const report = (propertyPath: string, reason: string) => problems.push({ propertyPath, reason });
  const replicas = args.replicas ?? 1;
  if (!Number.isInteger(replicas) || replicas < 1) {
    report(
      "replicas",
      `must be a whole number of at least 1, got ${replicas}. Use 1 for one server.`,
    );
  } else if (kind === "minio" && replicas !== 1 && (replicas < 4 || replicas > 16)) {
    report(
      "replicas",
      `must be 1 or 4 to 16 for MinIO, got ${replicas}. An erasure set needs four servers ` +
        "and holds sixteen.",
    );
  }
  const storageGiB = args.storageGiB ?? 100;
  if (!Number.isInteger(storageGiB) || storageGiB < 1) {
    report(
      "storageGiB",
      `must be a whole number of GiB of at least 1, got ${storageGiB}. Give each server a volume.`,
    );
  }
  const days = args.rawLogRetentionDays ?? 90;
  // SeaweedFS counts a time to live in at most 255 weeks.
  const mostDays = kind === "seaweedfs" ? 1785 : 3650;
  if (!Number.isInteger(days) || days < 1 || days > mostDays) {
    report(
      "rawLogRetentionDays",
      `must be 1 to ${mostDays} whole days for ${kind}, got ${days}. Choose a number in that ` +
        "range.",
    );
  }
  problems.push(...bucketProblems(args.buckets ?? ["lake"]));
  if (kind === "seaweedfs" && args.seaweedfsChart === undefined) {
    report(
      "seaweedfsChart",
      "is required for kind seaweedfs, got nothing. Pass the chart's version.",
    );
  }
  if (kind === "azureBlob" && args.azure === undefined) {
    report(
      "azure",
      "is required for kind azureBlob, got nothing. Pass AksPlatform's azure output.",
    );
  }
  if (kind === "azureBlob" && name.toLowerCase().replace(/[^a-z0-9]/g, "").length === 0) {
    report(
      "name",
      `must hold a letter or digit for the storage account, got "${name}". Rename the component.`,
    );
  }
  if (kind !== "seaweedfs" && args.helmValues !== undefined) {
    report(
      "helmValues",
      `reach only the SeaweedFS chart, got values for kind ${kind}. Remove them.`,
    );
  }
  return problems;
}

function bucketProblems(buckets: string[]): ArgumentProblem[] {
  if (buckets.length === 0) {
    return [
      { propertyPath: "buckets", reason: 'must name at least one bucket, got none. Add "lake".' },
    ];
  }
  return buckets.flatMap((bucket, index) => {
    const propertyPath = `buckets[${index}]`;
    if (!/^[a-z0-9](-?[a-z0-9]){2,62}$/.test(bucket)) {
      return [
        {
          propertyPath,
          reason:
            `must be 3–63 lowercase letters, digits and single hyphens, got "${bucket}". S3 ` +
            "and Azure both take such names.",
        },
      ];
    }
    return buckets.indexOf(bucket) < index
      ? [{ propertyPath, reason: `is named twice, got "${bucket}". Name each bucket once.` }]
      : [];
  });
}
