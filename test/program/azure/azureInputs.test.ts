import assert from "node:assert/strict";
import { resolve } from "node:path";
import { type PreviewRun, previewStack } from "../../../preview/engine/previewStack";
import { deployable, deployableConfig } from "../../preview/deployable";
import type { PreviewResource } from "../../../preview/engine/programRun";
import { azureInputs, nameLimits } from "./inputs";
import { mutations } from "./mutations";
import { expectedSubjects, grants, relationProblems, trustedSubjects } from "./relations";

const root = resolve(__dirname, "../../..");

/** `type name: path message` of everything that Azure would refuse in a resource's inputs. */
function inputProblems({ type, name, inputs }: PreviewResource): string[] {
  const shape = azureInputs[type];
  if (shape === undefined) {
    return [`${type} ${name}: no rule says what its inputs may be`];
  }
  const parsed = shape.safeParse(inputs);
  return (parsed.error?.issues ?? []).map(
    ({ path, message }) => `${name}: ${path.join(".")} ${message}`,
  );
}

describe("what the program asks of Azure", function () {
  this.timeout(120_000);
  const runs = new Map<string, PreviewRun>();
  const azureOf = (stack: string) =>
    runs.get(stack)!.result.resources.filter(({ type }) => type.startsWith("azure-native:"));

  before(async () => {
    for (const stack of ["dev", "prod"]) {
      runs.set(
        stack,
        await previewStack({ projectDir: root, stack, mode: "up", config: deployable(stack) }),
      );
    }
  });

  for (const stack of ["dev", "prod"]) {
    describe(stack, () => {
      it("has inputs that Azure takes, and none that no rule knows", () => {
        assert.ok(azureOf(stack).length >= 30);
        assert.deepEqual(azureOf(stack).flatMap(inputProblems), []);
      });

      it("has resources that fit together", () => {
        assert.deepEqual(relationProblems(azureOf(stack)), []);
      });

      it("has names within Azure's limits", () => {
        const { state } = runs.get(stack)!;
        const problems = azureOf(stack).flatMap(({ type, urn }) => {
          const limits = nameLimits[type];
          if (limits === undefined) {
            return [];
          }
          const { id } = state.resources.find((resource) => resource.urn === urn)!;
          const name = id.slice(id.lastIndexOf("/") + 1);
          const [least, most, pattern] = limits;
          const fits = name.length >= least && name.length <= most && pattern.test(name);
          return fits ? [] : [`${type} ${name}`];
        });
        assert.deepEqual(problems, []);
        // The others are named by us, and a rule of their inputs checks that name.
        const named = ["accountName", "registryName", "agentPoolName", "configName"];
        for (const { type, inputs } of azureOf(stack)) {
          const isKnown = nameLimits[type] !== undefined || named.some((key) => key in inputs);
          assert.ok(isKnown || type.endsWith(":RoleAssignment"), type);
        }
      });

      it("trusts exactly the ServiceAccounts and GitHub environments that it makes", () => {
        const { result, state } = runs.get(stack)!;
        const trusted = trustedSubjects(result.resources, state);
        assert.deepEqual(trusted, expectedSubjects(result.resources, state));
        const subjects = Object.values(trusted);
        assert.ok(subjects.length >= 4);
        assert.equal(new Set(subjects).size, subjects.length);
      });
    });
  }

  it("gives exactly these roles in prod", () => {
    const { result, state } = runs.get("prod")!;
    const config = deployableConfig("prod");
    const [administrators] = config["mlplatform:access"].administrators;
    const [churn, pricing] = config["mlplatform:projects"].map(({ access }: any) =>
      ["viewers", "members", "approvers", "administrators"].flatMap((role) => access[role] ?? []),
    );
    const reader = "Container Registry Repository Reader";
    const ofProject = (project: string, groups: string[]) => [
      `${project}-github-production: AcrPull on core-${project}-registry`,
      `${project}-github-production: ${reader} on core-${project}-registry`,
      `${project}-github-production: Azure Kubernetes Service Cluster User Role on core-cluster`,
      `${project}-github-staging: AcrPush on core-${project}-registry`,
      `${project}-github-staging: Container Registry Repository Writer on core-${project}-registry`,
      `core-kubelet: AcrPull on core-${project}-registry`,
      `core-kubelet: ${reader} on core-${project}-registry`,
      `${project}-github-staging: Azure Kubernetes Service Cluster User Role on core-cluster`,
      ...groups.map(
        (group) => `group ${group}: Azure Kubernetes Service Cluster User Role on core-cluster`,
      ),
    ];
    assert.deepEqual(
      grants(result.resources, state).sort(),
      [
        "core-control-plane: Managed Identity Operator on core-kubelet",
        "core-control-plane: Network Contributor on core-nodes",
        "core-kubelet: AcrPull on core-registry",
        "core-kubelet: Container Registry Repository Reader on core-registry",
        `group ${administrators}: Azure Kubernetes Service RBAC Cluster Admin on core-cluster`,
        ...ofProject("churn", churn),
        ...ofProject("pricing", pricing),
      ].sort(),
    );
  });

  describe("is refused", () => {
    for (const { name, path, value, expected } of mutations) {
      it(`with ${path} ${JSON.stringify(value) ?? "absent"} in ${name}`, () => {
        const resources = structuredClone(azureOf("prod"));
        const [type, logicalName] = name.split(" ");
        const found = resources.filter(
          (resource) => resource.type === `azure-native:${type}` && resource.name === logicalName,
        );
        assert.equal(found.length, 1);
        set(found[0]!.inputs, path.split("."), value);
        const problems = [...resources.flatMap(inputProblems), ...relationProblems(resources)];
        assert.ok(
          problems.some((problem) => problem.includes(expected)),
          problems.join("\n"),
        );
      });
    }
  });
});

function set(target: any, [key, ...rest]: string[], value: unknown): void {
  if (rest.length > 0) {
    set(target[key!], rest, value);
  } else if (value === undefined) {
    delete target[key!];
  } else {
    target[key!] = value;
  }
}
