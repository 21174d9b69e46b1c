import type { ArgumentProblem } from "../dataLake/problems";
import type { MlflowStackArgs } from "./args";

/** Sizes of a flexible server's disk in GiB (Azure, storage of flexible servers). */
const azureDisks = [32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32767];

/** Everything that is wrong with the arguments of an MlflowStack; empty where nothing is. */
export function mlflowStackProblems(name: string, args: MlflowStackArgs): ArgumentProblem[] {
  const problems: ArgumentProblem[] = [];
  const report = (propertyPath: string, reason: string) => problems.push({ propertyPath, reason });
  const whole = (propertyPath: string, value: number | undefined, least: number, most: number) => {
    if (value === undefined) {
      return;
    }
    if (!Number.isInteger(value) || value < least || value > most) {
      report(
        propertyPath,
        `must be a whole number from ${least} to ${most}, got ${value}. Choose one in that range.`,
      );
    }
  };
  const isAzure = args.database === "azureFlexibleServer";
  whole("replicas", args.replicas, 1, 20);
  whole("databaseInstances", args.databaseInstances, 1, isAzure ? 2 : 9);
  whole("databaseStorageGiB", args.databaseStorageGiB, 1, 32_767);
  whole("backupRetentionDays", args.backupRetentionDays, isAzure ? 7 : 1, isAzure ? 35 : 365);
  if (
    args.host !== undefined &&
    !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)+$/.test(args.host)
  ) {
    report(
      "host",
      `must be a host name without scheme and port, got "${args.host}". Write e.g. ` +
        "mlflow.example.com.",
    );
  }
  if (isAzure) {
    problems.push(...azureProblems(name, args));
  }
  return problems;
}

function azureProblems(name: string, args: MlflowStackArgs): ArgumentProblem[] {
  const problems: ArgumentProblem[] = [];
  const report = (propertyPath: string, reason: string) => problems.push({ propertyPath, reason });
  if (args.azure === undefined) {
    report(
      "azure",
      "is required for database azureFlexibleServer, got nothing. Pass AksPlatform's azure output.",
    );
  }
  const size = args.databaseStorageGiB;
  if (size !== undefined && !azureDisks.includes(size)) {
    report(
      "databaseStorageGiB",
      `must be a disk size of Azure, got ${size}. Use one of ${azureDisks.join(", ")}.`,
    );
  }
  const sku = args.databaseSku;
  if (sku !== undefined && !/^Standard_[BDE]/.test(sku)) {
    report(
      "databaseSku",
      `must be a B, D or E size such as Standard_D2ds_v5, got "${sku}". Flexible servers ` +
        "have no others.",
    );
  }
  if ((args.databaseInstances ?? 1) > 1 && sku?.startsWith("Standard_B")) {
    report(
      "databaseSku",
      `must not be burstable with two instances, got "${sku}". Use a D or E size or one instance.`,
    );
  }
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) {
    report(
      "name",
      `must be a DNS label for the server's private zone, got "${name}". Use lowercase ` +
        "letters, digits and hyphens.",
    );
  }
  return problems;
}
