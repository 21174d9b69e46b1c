import assert from "node:assert/strict";
import { account } from "./cloud/azure";
import type { Difference } from "./differences";
import { causes } from "./explained";

const release = "kubernetes:helm.sh/v3:Release";
const assignment = "azure-native:authorization:RoleAssignment";
const role = (subscription: string, id: string) =>
  `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${id}`;
const [one, other] = [
  "f1a07417-d97a-45cb-824c-7a7467783830",
  "7f951dda-4ed3-4680-a7ca-43fe172d538d",
];

/** What a difference is put down to, so that no class of them grows unseen. */
const cases: [what: string, Omit<Difference, "urn">, cause: string | undefined][] = [
  [
    "a role of the caller's subscription",
    {
      type: assignment,
      place: "inputs.roleDefinitionId",
      real: role(account.subscriptionId, one),
      offline: role(other, one),
    },
    "account",
  ],
  [
    "another role",
    {
      type: assignment,
      place: "inputs.roleDefinitionId",
      real: role(account.subscriptionId, one),
      offline: role(other, other),
    },
    undefined,
  ],
  [
    "the caller's subscription where no program has said it yet",
    {
      type: assignment,
      place: "inputs.scope",
      real: `/subscriptions/${account.subscriptionId}`,
      offline: `/subscriptions/${other}`,
    },
    undefined,
  ],
  [
    "an input that a release leaves out",
    { type: release, place: "inputs.repositoryOpts.repo", real: "", offline: undefined },
    "zero value of a release",
  ],
  [
    "one more such input",
    { type: release, place: "inputs.maxHistory", real: 0, offline: undefined },
    undefined,
  ],
  [
    "an input that a release leaves out, and that is not zero",
    { type: release, place: "inputs.skipAwait", real: true, offline: undefined },
    undefined,
  ],
  [
    "an input that a release gives",
    { type: release, place: "inputs.skipAwait", real: false, offline: true },
    undefined,
  ],
  [
    "no tolerations",
    { type: release, place: "inputs.values.tolerations", real: undefined, offline: [] },
    "empty value",
  ],
  [
    "no rules, which says something",
    {
      type: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
      place: "inputs.spec.ingress",
      real: undefined,
      offline: [],
    },
    undefined,
  ],
];

describe("differences between the engines that are explained", () => {
  for (const [what, difference, cause] of cases) {
    it(`${what}: ${cause ?? "none"}`, () => {
      const found = causes.find(({ explains }) => explains({ urn: "urn", ...difference }));
      assert.equal(found?.name, cause);
    });
  }
});
