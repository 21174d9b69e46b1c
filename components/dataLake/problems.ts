import { objectName } from "../argumentFormats";
import {
  type ArgumentProblem,
  choiceProblems,
  countProblems,
  problem,
  repeatProblems,
  type TextFormat,
  textProblems,
} from "../argumentProblems";
import { LakeKind } from "../connections";
import { type DataLakeChoices, normalizeDataLake } from "./normalize";

/** Everything that is wrong with the arguments of a DataLake; empty where nothing is. */
export function dataLakeProblems(name: string, args: DataLakeChoices): ArgumentProblem[] {
  const { kind, replicas, storageGiB, rawLogRetentionDays, buckets } = normalizeDataLake(args);
  return [
    ...choiceProblems("kind", kind, LakeKind),
    ...replicaProblems(kind, replicas),
    ...countProblems("storageGiB", storageGiB, {
      least: 1,
      most: 65_536,
      unit: "GiB",
      remedy: "Give each server a volume.",
    }),
    ...countProblems("rawLogRetentionDays", rawLogRetentionDays, {
      least: 1,
      // SeaweedFS counts a time to live in at most 255 weeks.
      most: kind === LakeKind.SeaweedFs ? 1785 : 3650,
      unit: "days",
    }),
    ...bucketProblems(buckets),
    ...textProblems("storageClass", args.storageClass, objectName),
    ...kindProblems(name, kind, args),
  ];
}

function replicaProblems(kind: LakeKind, replicas: number): ArgumentProblem[] {
  if (kind === LakeKind.Minio && replicas !== 1 && !(replicas >= 4 && replicas <= 16)) {
    const remedy = "An erasure set needs four servers and holds sixteen.";
    return [problem("replicas", "must be 1 or 4 to 16 for MinIO", replicas, remedy)];
  }
  const remedy = "Use 1 for one server.";
  return countProblems("replicas", replicas, { least: 1, most: 32, unit: "servers", remedy });
}

const bucketName: TextFormat = {
  pattern: /^[a-z0-9](-?[a-z0-9]){2,62}$/,
  rule: "must be 3–63 lower-case letters, digits and single hyphens",
  remedy: "S3 and Azure both take such names.",
};

function bucketProblems(buckets: string[]): ArgumentProblem[] {
  if (buckets.length === 0) {
    return [problem("buckets", "must name at least one bucket", buckets, 'Add "lake".')];
  }
  return [
    ...buckets.flatMap((bucket, index) => textProblems(`buckets[${index}]`, bucket, bucketName)),
    ...repeatProblems("buckets", buckets),
  ];
}

/** What one kind needs and what another can't take. */
function kindProblems(name: string, kind: LakeKind, args: DataLakeChoices): ArgumentProblem[] {
  const problems: ArgumentProblem[] = [];
  if (kind === LakeKind.SeaweedFs && args.seaweedfsChart === undefined) {
    const remedy = "Pass the chart's version.";
    problems.push(
      problem("seaweedfsChart", "is required for kind seaweedfs", args.seaweedfsChart, remedy),
    );
  }
  if (kind === LakeKind.AzureBlob && args.azure === undefined) {
    const remedy = "Pass AksPlatform's azure output.";
    problems.push(problem("azure", "is required for kind azureBlob", args.azure, remedy));
  }
  if (kind === LakeKind.AzureBlob && !/[a-z0-9]/i.test(name)) {
    const rule = "must hold a letter or digit for the storage account";
    problems.push(problem("name", rule, name, "Rename the component."));
  }
  if (kind !== LakeKind.SeaweedFs && args.helmValues !== undefined) {
    const rule = `must be absent for kind ${kind}, which has no chart`;
    const seen = Object.keys(args.helmValues);
    problems.push(problem("helmValues", rule, seen, "Remove them."));
  }
  return problems;
}
