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

/** Replicas of the gateway, which the stacks state differently. */
const replicas: Record<string, Edit> = {
  dev: {
    from: "  mlplatform:charts:",
    to: "  mlplatform:serving: { replicas: 2 }\n  mlplatform:charts:",
  },
  local: {
    from: "  mlplatform:serving:\n",
    to: "  mlplatform:serving:\n    replicas: 2\n",
  },
  prod: {
    from: "  mlplatform:serving:\n    replicas: 3\n",
    to: "  mlplatform:serving:\n    replicas: 4\n",
  },
};

/** One change of each kind, as people make them in a stack's file. */
export const updatesOf = (stack: string): CycleOptions["updates"] => [
  {
    what: "an image",
    edit: (at) =>
      at.edit("  mlplatform:images:\n", `  mlplatform:images:\n    mlflow: "${image}"\n`),
    expects: /^(replace )?update$/,
  },
  {
    what: "replicas",
    edit: (at) => at.edit(replicas[stack]!.from, replicas[stack]!.to),
    expects: /^update$/,
  },
  {
    what: "a new project",
    edit: (at) => at.edit("  mlplatform:projects:", `  mlplatform:projects:${project}`),
    // On Azure MLflow, Knative and admission learn of its people and its registry.
    expects: /^create( replace update)?$/,
  },
  {
    what: "a removed project",
    edit: (at) => at.edit(`  mlplatform:projects:${project}`, "  mlplatform:projects:"),
    expects: /^delete( replace update)?$/,
  },
];
