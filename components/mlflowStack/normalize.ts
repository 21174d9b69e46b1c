import type { Choices } from "../argumentProblems";
import { normalizeOidc, normalizeProjectAccess } from "../access/normalize";
import { MlflowDatabase, type MlflowPeopleArgs, type MlflowStackArgs } from "./args";

/** What can be chosen about MLflow: its arguments without lake, images and charts. */
export interface MlflowStackChoices extends Choices<
  MlflowStackArgs,
  "lake" | "image" | "postgresImage" | "charts" | "azure"
> {
  /** Whether the stack has an Azure side, not what it is. */
  azure?: unknown;
}

/** Arguments of an MlflowStack with their defaults. */
export type MlflowStackSettings = ReturnType<typeof normalizeMlflowStack<MlflowStackArgs>>;

/** Puts in the defaults of what is left out. */
export function normalizeMlflowStack<Args extends MlflowStackChoices>(args: Args) {
  const databaseInstances = args.databaseInstances ?? 1;
  return {
    ...args,
    database: args.database ?? MlflowDatabase.CloudNativePg,
    // The smallest disk of a flexible server.
    databaseStorageGiB: args.databaseStorageGiB ?? 32,
    databaseInstances,
    databaseSku: args.databaseSku ?? (databaseInstances > 1 ? "Standard_D2ds_v5" : "Standard_B2s"),
    backupRetentionDays: args.backupRetentionDays ?? 14,
    backupBucket: args.backupBucket ?? "backups",
    replicas: args.replicas ?? 1,
    people: args.people && normalizePeople(args.people),
    enableMonitors: args.enableMonitors ?? true,
    tags: args.tags ?? {},
    protectData: args.protectData ?? true,
  };
}

function normalizePeople({ oidc, administrators, projects }: MlflowPeopleArgs) {
  return {
    oidc: normalizeOidc(oidc),
    administrators: administrators ?? [],
    projects: Object.fromEntries(
      Object.entries(projects).map(([name, groups]) => [name, normalizeProjectAccess(groups)]),
    ),
  };
}
