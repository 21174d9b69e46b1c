import { groupProblems, oidcProblems, projectAccessProblems } from "../access/problems";
import { hostName, objectName } from "../argumentFormats";
import {
  type ArgumentProblem,
  choiceProblems,
  countProblems,
  problem,
  type TextFormat,
  textProblems,
} from "../argumentProblems";
import { MlflowDatabase, type MlflowPeopleArgs } from "./args";
import { type MlflowStackChoices, normalizeMlflowStack } from "./normalize";

/** Sizes of a flexible server's disk in GiB (Azure, storage of flexible servers). */
const azureDisks = [32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32767];

/** Everything that is wrong with the arguments of an MlflowStack; empty where nothing is. */
export function mlflowStackProblems(name: string, args: MlflowStackChoices): ArgumentProblem[] {
  const settings = normalizeMlflowStack(args);
  const { database, replicas, databaseInstances, databaseStorageGiB } = settings;
  const isAzure = database === MlflowDatabase.AzureFlexibleServer;
  return [
    ...choiceProblems("database", database, MlflowDatabase),
    ...countProblems("replicas", replicas, { least: 1, most: 20, unit: "servers" }),
    ...countProblems("databaseInstances", databaseInstances, {
      least: 1,
      most: isAzure ? 2 : 9,
      unit: "instances",
    }),
    ...(isAzure
      ? azureDiskProblems(databaseStorageGiB)
      : countProblems("databaseStorageGiB", databaseStorageGiB, {
          least: 1,
          most: Math.max(...azureDisks),
          unit: "GiB",
        })),
    ...countProblems("backupRetentionDays", settings.backupRetentionDays, {
      least: isAzure ? 7 : 1,
      most: isAzure ? 35 : 365,
      unit: "days",
    }),
    ...textProblems("databaseSku", args.databaseSku, flexibleServerSize),
    ...textProblems("storageClass", args.storageClass, objectName),
    ...textProblems("host", args.host, hostName),
    ...(isAzure ? azureProblems(name, args) : []),
    ...(args.people ? peopleProblems(args.people, args.azure !== undefined) : []),
  ];
}

function peopleProblems(people: MlflowPeopleArgs, hasEntra: boolean): ArgumentProblem[] {
  return [
    ...oidcProblems("people.oidc", people.oidc),
    ...groupProblems("people.administrators", people.administrators ?? [], hasEntra),
    ...Object.entries(people.projects).flatMap(([name, groups]) =>
      projectAccessProblems(`people.projects.${name}`, groups, hasEntra),
    ),
  ];
}

const flexibleServerSize: TextFormat = {
  pattern: /^Standard_[BDE]\d+[a-z]*(_v\d+)?$/,
  rule: "must be a B, D or E size such as Standard_D2ds_v5",
  remedy: "Flexible servers have no others.",
};

/** The name is a label of the server's private zone. */
const serverName: TextFormat = {
  pattern: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
  rule: "must be a DNS label for the server's private zone",
  remedy: "Use lower-case letters, digits and hyphens.",
};

function azureDiskProblems(databaseStorageGiB: number): ArgumentProblem[] {
  if (azureDisks.includes(databaseStorageGiB)) {
    return [];
  }
  const remedy = `Use one of ${azureDisks.join(", ")}.`;
  return [
    problem("databaseStorageGiB", "must be a disk size of Azure", databaseStorageGiB, remedy),
  ];
}

function azureProblems(name: string, args: MlflowStackChoices): ArgumentProblem[] {
  const { databaseSku, databaseInstances } = normalizeMlflowStack(args);
  const problems: ArgumentProblem[] = [];
  if (args.azure === undefined) {
    const rule = "is required for database azureFlexibleServer";
    problems.push(problem("azure", rule, args.azure, "Pass AksPlatform's azure output."));
  }
  if (databaseInstances > 1 && databaseSku.startsWith("Standard_B")) {
    const rule = "must not be burstable with two instances";
    problems.push(problem("databaseSku", rule, databaseSku, "Use a D or E size or one instance."));
  }
  return [...problems, ...textProblems("name", name, serverName)];
}
