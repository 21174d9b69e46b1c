"use strict";

/** Folders whose code may import from folders; a folder may always import itself. */
const directions = {
  contracts: [],
  screen: [],
  components: ["contracts"],
  policy: ["contracts"],
  program: ["components", "contracts", "policy/rules", "policy/admission"],
  images: ["program", "screen", "local/programs"],
  charts: ["program", "components", "preview", "screen"],
  preview: ["program", "components", "contracts", "policy", "screen"],
  automation: ["charts", "components", "preview", "program", "screen"],
  "workloads/lake": ["contracts"],
  "workloads/inferenceTable": ["contracts", "workloads/lake"],
  "workloads/logOffloader": ["contracts", "workloads/lake"],
  local: ["contracts", "screen", "workloads"],
};

const tests = "\\.(test|soak)\\.ts$|/testbed/|^test/|^bench/";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-circle",
      comment: "Two files that need each other are one idea, or hide a third: of types too.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    ...Object.entries(directions).map(([folder, allowed]) => ({
      name: `from-${folder}`,
      comment: `${folder} imports ${allowed.join(", ") || "nothing"} of this repository.`,
      severity: "error",
      from: { path: `^${folder}/`, pathNot: tests },
      to: {
        path: "^[a-zA-Z]",
        pathNot: `^(node_modules|${[folder, ...allowed].join("|")})(/|\\.)`,
        dependencyTypesNot: ["core", "npm", "npm-dev", "npm-optional", "npm-peer"],
      },
    })),
    {
      name: "no-tests-in-programs",
      comment: "What ships needs nothing of what tests it.",
      severity: "error",
      from: { pathNot: tests },
      to: { path: tests },
    },
    {
      name: "not-to-unresolvable",
      comment: "An import that leads nowhere.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(bin|fixtures)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default"],
    },
  },
};
