import assert from "node:assert/strict";
import { serviceAccountSubject } from "../../../components/azure/federatedIdentity";
import { githubEnvironmentSubject } from "../../../components/mlProject/githubSubject";
import { RepositoryVisibility } from "../../../components/mlProject/githubArgs";
import type { MlProjectArgs } from "../../../components/mlProject/args";
import { type ArgumentProblem, textProblems } from "../../../components/argumentProblems";
import { mlProjectProblems } from "../../../components/mlProject/problems";
import {
  datasetName,
  environmentName,
  projectNameProblems,
  repositoryNameProblems,
  secretName,
} from "../../../components/mlProject/projectNames";
import { hardQuota } from "../../../components/mlProject/projectNamespace";

const names: Record<
  string,
  [check: (path: string, name: string) => ArgumentProblem[], good: string[], bad: string[]]
> = {
  project: [
    projectNameProblems,
    ["ab", "churn", "churn-eu-2", "a".repeat(40)],
    [
      "",
      "a",
      "api",
      "workspaces",
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
      "admin",
    ],
  ],
  repository: [
    repositoryNameProblems,
    ["churn", "Churn.Model_2", "a".repeat(100)],
    ["", "acme/churn", "churn model", "churn.git", "churn.wiki", ".", "..", "a".repeat(101)],
  ],
  environment: [
    (path, name) => textProblems(path, name, environmentName),
    ["staging", "production", "eu-1"],
    ["", "Production", "prod:eu", "a".repeat(25), "prod/eu"],
  ],
  secret: [
    (path, name) => textProblems(path, name, secretName),
    ["TOKEN", "_x", "a1"],
    ["", "1A", "GITHUB_TOKEN", "github_token", "A-B", "A B"],
  ],
  dataset: [
    (path, name) => textProblems(path, name, datasetName),
    ["weather", "weather_2024.v1", "a"],
    ["", "Weather", "a/b", "../etc", "a..b", "-a", "a".repeat(64)],
  ],
};

describe("project names", () => {
  for (const [kind, [check, good, bad]] of Object.entries(names)) {
    for (const name of good) {
      it(`accepts the ${kind} name "${name}"`, () => assert.deepEqual(check("name", name), []));
    }
    for (const name of bad) {
      it(`refuses the ${kind} name "${name}", quoting it`, () =>
        assert.ok(check("name", name)[0]?.reason.includes(`, got "${name}". `)));
    }
  }

  it("says by path which of a project's names are wrong", () => {
    const github = { repository: "acme/churn", images: {} as any };
    assert.deepEqual(mlProjectProblems("Churn", args({ github })), [
      {
        propertyPath: "name",
        reason:
          'must be a DNS label, got "Churn". Use lower-case letters, digits and single ' +
          "hyphens inside, a letter first.",
      },
      {
        propertyPath: "github.repository",
        reason:
          'must not carry an owner, got "acme/churn". Give the bare name; the owner is the ' +
          "one of the GitHub provider.",
      },
    ]);
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
    ingestKey: "ingest-key",
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
  [
    { owner: " " },
    "owner",
    'must be 1 to 256 characters without line breaks, and not blank, got " ". Name ' +
      "the team that owns it.",
  ],
  [
    { costCenter: "" },
    "costCenter",
    'must be 1 to 256 characters without line breaks, and not blank, got "". Give ' +
      "the account that pays.",
  ],
  [
    { cpuQuota: 0 },
    "cpuQuota",
    "must be a number of vCPU from 1 to 100000, got 0. Choose a number in that range.",
  ],
  [
    { cpuQuota: NaN },
    "cpuQuota",
    "must be a number of vCPU from 1 to 100000, got NaN. Choose a number in that range.",
  ],
  [
    { memoryQuotaGiB: 1.5 },
    "memoryQuotaGiB",
    "must be a whole number of GiB from 1 to 1000000, got 1.5. Choose a number in that range.",
  ],
  [
    { gpuQuota: -1 },
    "gpuQuota",
    "must be a whole number of GPUs from 0 to 10000, got -1. Choose a number in that range.",
  ],
  [
    { azure: {} as any, access: { members: ["growth-team"] } },
    "access.members[0]",
    'must be the object id of a Microsoft Entra group, got "growth-team". Use the id that ' +
      "`az ad group show --group NAME --query id` prints.",
  ],
  [
    { access: { members: ["system:authenticated"] } },
    "access.members[0]",
    'must not be a group of Kubernetes itself, got "system:authenticated". Name a group of ' +
      "the team.",
  ],
  [
    { access: { members: [group, group] } },
    "access.members[1]",
    `must be named once, got "${group}". Remove the repeat.`,
  ],
  [
    { sharedDatasets: ["churn"] },
    "sharedDatasets[0]",
    'must not be the project\'s own, got "churn". Remove it; the project may read and write ' +
      "it already.",
  ],
  [
    { github: { ...hub, environments: [] } },
    "github.environments",
    "must name at least one environment, got []. Jobs get their Azure identity from it.",
  ],
  [
    { github: { ...hub, environments: [{ name: "x" }, { name: "x" }] } },
    "github.environments[1]",
    'must be named once, got "x". Remove the repeat.',
  ],
  [
    { github: { ...hub, environments: [{ name: "x", reviewerUserIds: [1, 2, 3, 4, 5, 6, 7] }] } },
    "github.environments[0]",
    "must have at most 6 reviewers, which is what GitHub takes, got 7. Name a team.",
  ],
  [
    { github: { ...hub, environments: [{ name: "x" }], reviewerTeamIds: [1] } },
    "github.reviewerTeamIds",
    "must be absent beside `github.environments`, got [1]. Name the reviewers in the environments.",
  ],
  [
    { github: { ...hub, requiredApprovals: 11 } },
    "github.requiredApprovals",
    "must be a whole number of approvals from 0 to 10, got 11. Two eyes need 1.",
  ],
  [
    { github: { ...hub, create: false, visibility: RepositoryVisibility.Public } },
    "github.visibility",
    'must be absent for an adopted repository, got "public". Remove it, or set ' +
      "`github.create` to true.",
  ],
  [
    { github: { ...hub, variables: { PROJECT: "x" } } },
    "github.variables.PROJECT",
    'must not be one that the component sets, got "PROJECT". Choose another name.',
  ],
  [
    { github: { ...hub, secrets: { azure_client_id: "x" } } },
    "github.secrets.azure_client_id",
    'must not be one that the component sets, got "azure_client_id". Choose another name.',
  ],
  [
    { github: { ...hub, secrets: { AZURE_CLIENT_SECRET: "x" } } },
    "github.secrets.AZURE_CLIENT_SECRET",
    'must not be a long-lived credential of a cloud, got "AZURE_CLIENT_SECRET". Sign in by ' +
      "OIDC with azure/login.",
  ],
];

describe("project arguments", () => {
  for (const [change, propertyPath, reason] of refused) {
    it(`refuses ${propertyPath}: ${reason}`, () => {
      assert.deepEqual(mlProjectProblems("churn", args(change)), [{ propertyPath, reason }]);
    });
  }

  it("accepts a local project and a full one", () => {
    assert.deepEqual(mlProjectProblems("churn", args({ access: { members: ["developers"] } })), []);
    assert.deepEqual(
      mlProjectProblems(
        "churn",
        args({ azure: {} as any, access: { members: [group] }, github: hub }),
      ),
      [],
    );
  });

  it("reports all problems at once", () => {
    const problems = mlProjectProblems("Churn", args({ owner: "", cpuQuota: -1 }));
    assert.deepEqual(
      problems.map(({ propertyPath }) => propertyPath),
      ["name", "owner", "cpuQuota"],
    );
  });
});
