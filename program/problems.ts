import type { z } from "zod";
import { checkChartSource } from "./charts";
import { checkAksPlatform } from "../components/aksPlatform/problems";
import { LakeKind } from "../components/connections";
import { checkProjectNames } from "../components/mlProject/projectNames";
import { MlflowDatabase } from "../components/mlflowStack/args";
import type { CheckedConfig } from "./loadConfig";
import { tagsOf } from "./settings";

/** One thing wrong with the configuration. */
export interface ConfigProblem {
  /** Path of the key, e.g. `aks.gpuPool.maxCount`. */
  key: string;
  /** What is wrong, the value seen, and the remedy. */
  problem: string;
}

/** Words of the schema's own checks: expectation, value seen, remedy. */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  settings: Record<string, unknown>,
): ConfigProblem[] {
  return issues.flatMap((issue) => {
    const key = path(issue.path);
    const seen = at(settings, issue.path);
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((name) => ({
          key: path([...issue.path, name]),
          problem: "is not a known key. Remove it, or correct its spelling.",
        }));
      case "invalid_type":
        return seen === undefined
          ? [{ key, problem: `is missing. Set it to a ${issue.expected}.` }]
          : [{ key, problem: `must be a ${issue.expected}, got ${show(seen)}. ${retype(issue)}` }];
      case "invalid_value":
        return [
          {
            key,
            problem: `must be one of ${issue.values.join(", ")}, got ${show(seen)}. Pick one.`,
          },
        ];
      case "too_small":
        return [
          {
            key,
            problem:
              "must be " +
              `${bound(issue.origin, "at least", Number(issue.minimum), issue.inclusive)}, got ` +
              `${show(seen)}. Raise it.`,
          },
        ];
      case "too_big":
        return [
          {
            key,
            problem:
              "must be " +
              `${bound(issue.origin, "at most", Number(issue.maximum), issue.inclusive)}, got ` +
              `${show(seen)}. Lower it.`,
          },
        ];
      case "invalid_key":
        return [
          {
            key,
            problem:
              `${issue.issues.map((inner) => ("values" in inner ? `must be one of ${(inner.values as unknown[]).join(", ")}` : inner.message)).join("; ")}. ` +
              "Correct the name.",
          },
        ];
      case "invalid_format":
        return [
          {
            key,
            problem:
              issue.format === "url"
                ? `must be a URL such as https://example.com, got ${show(seen)}. Correct it.`
                : `${issue.message}, got ${show(seen)}. Correct it.`,
          },
        ];
      default:
        return [{ key, problem: `${issue.message}, got ${show(seen)}. Correct it.` }];
    }
  });
}

/** Rules that join several keys. Assumes that each key is well-formed by itself. */
export function checkAcrossKeys(config: CheckedConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report = (key: string, problem: string) => problems.push({ key, problem });

  if (config.aks && config.kubernetes) {
    report(
      "kubernetes",
      "is set together with aks. Keep aks to create a cluster, or kubernetes to use one.",
    );
  }
  if (!config.aks && !config.kubernetes) {
    report(
      "aks",
      "is missing, and so is kubernetes. Set aks to create a cluster, or kubernetes to use one.",
    );
  }
  if (config.aks) {
    const args = { ...config.aks, tags: tagsOf(config) };
    for (const { propertyPath, reason } of checkAksPlatform(args)) {
      report(`aks.${propertyPath}`, reason);
    }
  }
  if (config.dataLake.kind === LakeKind.AzureBlob) {
    report(
      "dataLake.kind",
      'cannot give each consumer a key of its own yet, got "azureBlob". Choose minio or seaweedfs.',
    );
  }
  if (!config.aks && config.mlflow.database === MlflowDatabase.AzureFlexibleServer) {
    report(
      "mlflow.database",
      "is azureFlexibleServer, but the stack has no aks. Choose cloudNativePg, or set aks.",
    );
  }
  if (config.dataLake.kind === LakeKind.Minio && [2, 3].includes(config.dataLake.replicas)) {
    report(
      "dataLake.replicas",
      `must be 1, or 4 and more for erasure coding, got ${config.dataLake.replicas}. MinIO ` +
        "has no layout of 2 or 3 servers.",
    );
  }
  if (config.aks && config.ray.gpuQuota > 0 && !config.aks.gpuPool) {
    report("ray.gpuQuota", `is ${config.ray.gpuQuota}, but aks has no gpuPool. Add one, or set 0.`);
  }
  if (config.serving.jwt === undefined && config.aks && !config.serving.internalLoadBalancer) {
    report(
      "serving.jwt",
      "is missing, but models are reachable from the internet. Set jwt, or " +
        "serving.internalLoadBalancer: true.",
    );
  }
  for (const { key, problem } of checkChartSource(config.charts)) {
    report(`charts.${key}`, problem);
  }
  checkProjects(config, report);
  return problems;
}

function checkProjects(config: CheckedConfig, report: (key: string, problem: string) => void) {
  const seen = new Set<string>();
  config.projects.forEach((project, index) => {
    const key = `projects[${index}]`;
    if (seen.has(project.name)) {
      report(`${key}.name`, `is taken by another project, got "${project.name}". Choose another.`);
    }
    seen.add(project.name);
    for (const { propertyPath, reason } of checkProjectNames(project)) {
      report(`${key}.${propertyPath}`, reason);
    }
    if (project.github && !config.github) {
      report(`${key}.github`, "is set, but the stack has no github.owner. Set it, or remove this.");
    }
    for (const quota of ["cpuQuota", "memoryQuotaGiB", "gpuQuota"] as const) {
      if (project[quota] > config.ray[quota]) {
        report(
          `${key}.${quota}`,
          `must be at most ray.${quota} (${config.ray[quota]}), got ${project[quota]}. Lower ` +
            `it, or raise ray.${quota}.`,
        );
      }
    }
  });
}

function path(parts: readonly PropertyKey[]): string {
  return parts
    .map((part, i) =>
      typeof part === "number" ? `[${part}]` : `${i > 0 ? "." : ""}${String(part)}`,
    )
    .join("");
}

function at(value: unknown, parts: readonly PropertyKey[]): unknown {
  return parts.reduce<unknown>(
    (inner, part) => (inner === null || inner === undefined ? undefined : (inner as any)[part]),
    value,
  );
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}

function retype(issue: { expected: string }): string {
  return issue.expected === "number" || issue.expected === "int"
    ? "Write a number without quotes."
    : `Write a ${issue.expected}.`;
}

function bound(origin: string, words: string, limit: number, inclusive?: boolean): string {
  const phrase = inclusive ? words : words === "at least" ? "more than" : "less than";
  if (origin !== "array") {
    return `${phrase} ${limit}`;
  }
  return `a list of ${phrase} ${limit} ${limit === 1 ? "entry" : "entries"}`;
}
