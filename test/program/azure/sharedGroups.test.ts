import assert from "node:assert/strict";
import { resolve } from "node:path";
import { type EngineState, previewStack } from "../../../preview/engine/previewStack";
import type { PreviewResource } from "../../../preview/engine/programRun";
import { userGroupsOf } from "../../../program/userGroups";
import { deployable, deployableConfig } from "../../preview/deployable";

const root = resolve(__dirname, "../../..");
const assignmentType = "azure-native:authorization:RoleAssignment";
const shared = "5b0f6c1e-2d47-4c3a-9b58-7e1a4f0d620a";
const own = "5b0f6c1e-2d47-4c3a-9b58-7e1a4f0d620b";

/** Runs prod, whose two projects share one group, over a state. */
function prodWithSharedGroup(state?: EngineState) {
  const [churn, pricing] = deployableConfig("prod")["mlplatform:projects"];
  const projects = [
    { ...churn, access: { members: [shared] } },
    { ...pricing, access: { members: [shared.toUpperCase(), own] } },
  ];
  return previewStack({
    projectDir: root,
    stack: "prod",
    mode: "up",
    state,
    config: deployable("prod", { projects }),
  });
}

/** Who gets which role on what, as Azure compares: it refuses a second one, whatever its name. */
const givenRights = (resources: PreviewResource[]) =>
  resources
    .filter(({ type }) => type === assignmentType)
    .map(({ inputs: { principalId, roleDefinitionId, scope } }) =>
      [principalId, roleDefinitionId, scope].join(" ").toLowerCase(),
    );

describe("a group in two projects", function () {
  this.timeout(180_000);

  it("gets each right once, and is in the Roles of both", async () => {
    const { result } = await prodWithSharedGroup();
    assert.deepEqual(
      result.diagnostics.filter(({ severity }) => severity === "error"),
      [],
    );
    const rights = givenRights(result.resources);
    assert.ok(rights.length >= 10);
    assert.deepEqual(
      rights.filter((right, index) => rights.indexOf(right) < index),
      [],
    );
    assert.equal(rights.filter((right) => right.startsWith(shared)).length, 1);
    assert.equal(rights.filter((right) => right.startsWith(own)).length, 1);
  });

  it("keeps the right that its project made before, under its old name", async () => {
    const { state, result } = await prodWithSharedGroup();
    const made = result.resources.find(({ name }) => name === `core-user-${shared}`)!;
    const before =
      "urn:pulumi:prod::mlplatform::mlplatform:index:MlProject$" +
      `${assignmentType}::churn-member-${shared}`;
    for (const resource of state.resources) {
      if (resource.urn === made.urn) {
        resource.urn = before;
      }
    }
    const again = await prodWithSharedGroup(state);
    const changed = again.result.resources.filter(({ operation }) => operation !== "same");
    assert.deepEqual(
      changed.map(({ urn, operation }) => `${operation} ${urn}`),
      [],
    );
  });

  it("is named once, however it is written", () => {
    assert.deepEqual(
      userGroupsOf([
        { access: { members: [shared, own] } },
        {},
        { access: { members: [own.toUpperCase()] } },
      ]),
      [shared, own],
    );
  });
});
