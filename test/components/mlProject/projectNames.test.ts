import assert from "node:assert/strict";
import { serviceAccountSubject } from "../../../components/azure/federatedIdentity";
import { githubEnvironmentSubject } from "../../../components/mlProject/githubSubject";
import { RepositoryVisibility } from "../../../components/mlProject/githubArgs";
import type { MlProjectArgs } from "../../../components/mlProject/args";
import { checkMlProject } from "../../../components/mlProject/problems";
import {
  checkProjectNames,
  datasetNameProblem,
  environmentNameProblem,
  projectNameProblem,
  repositoryNameProblem,
  secretNameProblem,
} from "../../../components/mlProject/projectNames";
import { hardQuota } from "../../../components/mlProject/projectNamespace";

const names: Record<
  string,
  [check: (name: string) => string | undefined, good: string[], bad: string[]]
> = {
  project: [
    projectNameProblem,
    ["a", "churn", "churn-eu-2", "a".repeat(40)],
    [
      "",
      "Churn",
      "churn_eu",
      "-churn",
      "churn-",
      "a--b",
      "2churn",
      "churn.eu",
      "a".repeat(41),
      "kube-x",
      "mlflow",
      "knative-serving",
      "default",
    ],
  ],
  repository: [
    repositoryNameProblem,
    ["churn", "Churn.Model_2", "a".repeat(100)],
    ["", "acme/churn", "churn model", "churn.git", "churn.wiki", ".", "..", "a".repeat(101)],
  ],
  environment: [
    environmentNameProblem,
    ["staging", "production", "eu-1"],
    ["", "Production", "prod:eu", "a".repeat(25), "prod/eu"],
  ],
  secret: [
    secretNameProblem,
    ["TOKEN", "_x", "a1"],
    ["", "1A", "GITHUB_TOKEN", "github_token", "A-B", "A B"],
  ],
  dataset: [
    datasetNameProblem,
    ["weather", "weather_2024.v1", "a"],
    ["", "Weather", "a/b", "../etc", "a..b", "-a", "a".repeat(64)],
  ],
};

describe("project names", () => {
  for (const [kind, [check, good, bad]] of Object.entries(names)) {
    for (const name of good) {
      it(`accepts the ${kind} name "${name}"`, () => assert.equal(check(name), undefined));
    }
    for (const name of bad) {
      it(`refuses the ${kind} name "${name}", quoting it`, () =>
        assert.ok(check(name)?.includes(`"${name}"`), String(check(name))));
    }
  }

  it("says by path which of a project's names are wrong", () => {
    assert.deepEqual(checkProjectNames({ name: "Churn", github: { repository: "acme/churn" } }), [
      {
        propertyPath: "name",
        reason:
          'is not a DNS label: "Churn". Use lower-case letters, digits and single hyphens ' +
          "inside, a letter first.",
      },
      {
        propertyPath: "github.repository",
        reason:
          'carries an owner: "acme/churn". Give the bare name; the owner is the one of the ' +
          "GitHub provider.",
      },
    ]);
    assert.deepEqual(checkProjectNames({ name: "churn" }), []);
  });

  it("writes subjects as Azure compares them: to the character", () => {
    assert.equal(
      githubEnvironmentSubject(4242, "production"),
      "repository_id:4242:environment:production",
    );
    assert.equal(
      serviceAccountSubject("churn", "training"),
      "system:serviceaccount:churn:training",
    );
  });

  it("allows at least twenty pods, and four a vCPU", () => {
    const pods = [1, 5, 6, 100].map((cpu) => hardQuota({ cpu, memoryGiB: 1, gpu: 0 }).pods);
    assert.deepEqual(pods, ["20", "20", "24", "400"]);
  });
});

function args(change: Partial<MlProjectArgs>): MlProjectArgs {
  const connection = {} as any;
  return {
    lake: connection,
    tracking: connection,
    serving: connection,
    clusterQueue: "q",
    inferenceTable: connection,
    owner: "growth",
    costCenter: "4711",
    cpuQuota: 8,
    memoryQuotaGiB: 32,
    ...change,
  };
}

const hub = { repository: "churn", images: {} as any };
const group = "11111111-2222-3333-4444-555555555555";

const refused: [change: Partial<MlProjectArgs>, path: string, reason: string][] = [
  [{ owner: " " }, "owner", 'is empty: "". Name the team that owns it.'],
  [{ costCenter: "" }, "costCenter", 'is empty: "". Give the account that pays.'],
  [{ cpuQuota: 0 }, "cpuQuota", "must be a number of at least 1 vCPU, got 0. Correct it."],
  [{ cpuQuota: NaN }, "cpuQuota", "must be a number of at least 1 vCPU, got NaN. Correct it."],
  [
    { memoryQuotaGiB: 1.5 },
    "memoryQuotaGiB",
    "must be a whole number of at least 1 GiB, got 1.5. Correct it.",
  ],
  [{ gpuQuota: -1 }, "gpuQuota", "must be a whole number of at least 0 GPUs, got -1. Correct it."],
  [
    { azure: {} as any, members: ["growth-team"] },
    "members[0]",
    'is not an object id: "growth-team". Give the object id of a Microsoft Entra group, e.g. ' +
      "from `az ad group show`.",
  ],
  [
    { members: ["system:authenticated"] },
    "members[0]",
    'is a group of Kubernetes itself: "system:authenticated". Name a group of the team.',
  ],
  [{ members: [group, group] }, "members", `names "${group}" twice. Remove one.`],
  [
    { sharedDatasets: ["churn"] },
    "sharedDatasets[0]",
    'is the project\'s own: "churn". Remove it; the project may read and write it already.',
  ],
  [
    { github: { ...hub, environments: [] } },
    "github.environments",
    "is empty: []. Name at least one; jobs get their Azure identity from it.",
  ],
  [
    { github: { ...hub, environments: [{ name: "x" }, { name: "x" }] } },
    "github.environments",
    'names "x" twice. Remove one.',
  ],
  [
    { github: { ...hub, environments: [{ name: "x", reviewerUserIds: [1, 2, 3, 4, 5, 6, 7] }] } },
    "github.environments[0]",
    "has 7 reviewers. GitHub takes at most 6; name a team.",
  ],
  [
    { github: { ...hub, environments: [{ name: "x" }], reviewerTeamIds: [1] } },
    "github.reviewerTeamIds",
    "is given beside `github.environments`, got [1]. Name the reviewers in the environments.",
  ],
  [
    { github: { ...hub, requiredApprovals: 11 } },
    "github.requiredApprovals",
    "must be a whole number from 0 to 10, got 11. Two eyes need 1.",
  ],
  [
    { github: { ...hub, create: false, visibility: RepositoryVisibility.Public } },
    "github.visibility",
    'is "public", but the repository is adopted. Remove it, or set `create` to true.',
  ],
  [
    { github: { ...hub, variables: { PROJECT: "x" } } },
    "github.variables.PROJECT",
    'is set by the component itself: "PROJECT". Choose another name.',
  ],
  [
    { github: { ...hub, secrets: { azure_client_id: "x" } } },
    "github.secrets.azure_client_id",
    'is set by the component itself: "azure_client_id". Choose another name.',
  ],
  [
    { github: { ...hub, secrets: { AZURE_CLIENT_SECRET: "x" } } },
    "github.secrets.AZURE_CLIENT_SECRET",
    'is a long-lived credential of a cloud: "AZURE_CLIENT_SECRET". Sign in by OIDC with ' +
      "azure/login.",
  ],
];

describe("project arguments", () => {
  for (const [change, propertyPath, reason] of refused) {
    it(`refuses ${propertyPath}: ${reason}`, () => {
      assert.deepEqual(checkMlProject("churn", args(change)), [{ propertyPath, reason }]);
    });
  }

  it("accepts a local project and a full one", () => {
    assert.deepEqual(checkMlProject("churn", args({ members: ["developers"] })), []);
    assert.deepEqual(
      checkMlProject("churn", args({ azure: {} as any, members: [group], github: hub })),
      [],
    );
  });

  it("reports all problems at once", () => {
    const problems = checkMlProject("Churn", args({ owner: "", cpuQuota: -1 }));
    assert.deepEqual(
      problems.map(({ propertyPath }) => propertyPath),
      ["name", "owner", "cpuQuota"],
    );
  });
});
