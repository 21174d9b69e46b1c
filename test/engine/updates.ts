import type { CycleOptions } from "./cycle";

const image = `ghcr.io/mlplatform/mlflow@sha256:${"1".repeat(64)}`;
const project = `
    - name: fraud
      owner: risk
      cpuQuota: 4
      memoryQuotaGiB: 8`;

/** One change of each kind, as people make them in a stack's file. */
export const updates: CycleOptions["updates"] = [
  {
    what: "an image",
    edit: (at) =>
      at.edit(
        "  mlplatform:charts:",
        `  mlplatform:images: { mlflow: "${image}" }\n  mlplatform:charts:`,
      ),
    expects: /^update$|update/,
  },
  {
    what: "replicas",
    edit: (at) =>
      at.edit(
        "  mlplatform:charts:",
        "  mlplatform:serving: { replicas: 2 }\n  mlplatform:charts:",
      ),
  },
  {
    what: "a new project",
    edit: (at) => at.edit("  mlplatform:projects:", `  mlplatform:projects:${project}`),
    expects: /create/,
  },
  {
    what: "a removed project",
    edit: (at) => at.edit(`  mlplatform:projects:${project}`, "  mlplatform:projects:"),
    expects: /delete/,
  },
];
