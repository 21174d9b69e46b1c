import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { type EngineState, previewStack } from "../../../preview/engine/previewStack";
import type { PreviewResource } from "../../../preview/engine/programRun";
import { userGroupsOf } from "../../../program/userGroups";
import { preloadedImages } from "../../preview/preloadedImages";

const root = resolve(__dirname, "../../..");
const assignmentType = "azure-native:authorization:RoleAssignment";
const shared = "00000000-0000-0000-0000-00000000000a";
const own = "00000000-0000-0000-0000-00000000000b";

/** Runs prod, whose two projects share one group, over a state. */
function prodWithSharedGroup(state?: EngineState) {
  const file = parse(readFileSync(resolve(root, "Pulumi.prod.yaml"), "utf8"));
  const [churn, pricing] = file.config["mlplatform:projects"];
  const projects = [
    { ...churn, members: [shared] },
    { ...pricing, members: [shared.toUpperCase(), own] },
  ];
  return previewStack({
    projectDir: root,
    stack: "prod",
    mode: "up",
    state,
    config: { ...preloadedImages, "mlplatform:projects": JSON.stringify(projects) },
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
      userGroupsOf([{ members: [shared, own] }, {}, { members: [own.toUpperCase()] }]),
      [shared, own],
    );
  });
});
