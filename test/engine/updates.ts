import type { CycleOptions } from "./cycle";

const image = `ghcr.io/mlplatform/mlflow@sha256:${"1".repeat(64)}`;
const project = `
    - name: fraud
      owner: risk
      cpuQuota: 4
      memoryQuotaGiB: 8`;

/** A piece of a stack's file, and what it becomes. */
interface Edit {
  from: string;
  to: string;
}

/**
 * One change of each kind, as people make them in a stack's file.
 *
 * @param replicas of the gateway, which the stacks state differently
 */
export const updates = (replicas: Edit): CycleOptions["updates"] => [
  {
    what: "an image",
    edit: (at) =>
      at.edit(
        "  mlplatform:charts:",
        `  mlplatform:images: { mlflow: "${image}" }\n  mlplatform:charts:`,
      ),
    expects: /^(replace )?update$/,
  },
  {
    what: "replicas",
    edit: (at) => at.edit(replicas.from, replicas.to),
    expects: /^update$/,
  },
  {
    what: "a new project",
    edit: (at) => at.edit("  mlplatform:projects:", `  mlplatform:projects:${project}`),
    expects: /^create$/,
  },
  {
    what: "a removed project",
    edit: (at) => at.edit(`  mlplatform:projects:${project}`, "  mlplatform:projects:"),
    expects: /^delete$/,
  },
];
