import assert from "node:assert/strict";
import type * as k8s from "@pulumi/kubernetes";
import { AdmissionMode, admissionPolicies } from "../../policy/admission";
import { cel } from "../../policy/rules/cel";
import {
  all,
  any,
  at,
  atLeast,
  equals,
  includes,
  matches,
  never,
  not,
  oneOf,
  present,
  some,
  type Expression,
} from "../../policy/rules/expression";
import { objectRules } from "../../policy/rules/objectRules";

type PolicySpec = k8s.types.input.admissionregistration.v1.ValidatingAdmissionPolicySpec;
type BindingSpec = k8s.types.input.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec;

describe("policy: admission policies", () => {
  const policies = admissionPolicies(AdmissionMode.Deny);

  it("have the shape of Kubernetes' own types", () => {
    // The compiler proves it: fields that the API does not know, or lacks, do not type-check.
    const specs: PolicySpec[] = policies.map(({ spec }) => spec);
    const bindings: BindingSpec[] = policies.map(({ binding }) => binding);
    assert.equal(specs.length, bindings.length);
  });

  it("are made from every rule about objects, or the rule says why not", () => {
    const made = policies.map(({ name }) => name);
    for (const { name, notAtAdmission } of objectRules({})) {
      assert.equal(made.includes(name), notAtAdmission === undefined, name);
    }
  });

  it("have a validation with a message for every requirement", () => {
    for (const { name, spec } of policies) {
      const rule = objectRules({}).find((candidate) => candidate.name === name)!;
      assert.equal(spec.validations.length, rule.requirements.length);
      for (const { expression, message, messageExpression } of spec.validations) {
        // The API server refuses a message with line breaks.
        assert.match(message, /^[^\n]+$/);
        assert.doesNotMatch(`${expression}${messageExpression}`, /undefined|\[object Object\]|\n/);
        assertBalanced(expression);
        assertBalanced(messageExpression);
      }
    }
  });

  it("have names and counts that the API server takes", () => {
    for (const { name, spec, binding } of policies) {
      assert.match(name, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$/);
      assert.equal(binding.policyName, name);
      assert.ok(spec.matchConstraints.resourceRules.length > 0);
      assert.ok(spec.matchConditions.length <= 64);
    }
  });

  it("reach only the namespaces of projects", () => {
    for (const { binding, spec } of policies) {
      assert.deepEqual(binding.matchResources.namespaceSelector.matchExpressions, [
        { key: "mlplatform.dev/project", operator: "Exists" },
      ]);
      // A namespace selector does not keep objects outside of namespaces from a policy.
      const resources = spec.matchConstraints.resourceRules.flatMap((rule) => rule.resources);
      assert.ok(!resources.includes("clusterservingruntimes"));
      assert.ok(!resources.includes("namespaces"));
    }
  });

  it("deny in one mode and warn in the other", () => {
    const actions = (mode: AdmissionMode) =>
      new Set(admissionPolicies(mode).map(({ binding }) => binding.validationActions.join()));
    assert.deepEqual(actions(AdmissionMode.Deny), new Set(["Deny"]));
    assert.deepEqual(actions(AdmissionMode.Warn), new Set(["Warn,Audit"]));
  });

  it("let the last update of an object that is being deleted pass", () => {
    for (const { spec } of policies) {
      assert.deepEqual(
        spec.matchConditions.map(({ expression }) => expression),
        ["!object.metadata.?deletionTimestamp.hasValue()"],
      );
    }
  });
});

describe("policy: expressions in CEL", () => {
  const rows: [Expression, string][] = [
    [present("object.spec.a"), "object.?spec.?a.hasValue()"],
    [equals("object.a", "it's"), "object.?a == optional.of('it\\'s')"],
    [equals("object.a", 0), "object.?a == optional.of(0)"],
    [oneOf("object.a", ["b", "c"]), "object.?a.orValue('') in ['b', 'c']"],
    [matches("object.a", "^\\d$"), "object.?a.orValue('').matches('^\\\\d$')"],
    [atLeast("object.a", 3), "(object.?a.hasValue() && object.?a.value() >= 3)"],
    [includes("object.a", "b"), "'b' in object.?a.orValue([])"],
    [present(at("object.labels", "a.b/c")), "object.?labels[?'a.b/c'].hasValue()"],
    [present(at("object.list", 0)), "object.?list[?0].hasValue()"],
    [
      some("x", "object.list", equals("x.name", "a")),
      "object.?list.orValue([]).exists(x, x.?name == optional.of('a'))",
    ],
    [
      not(all(present("object.a"), present("object.b"))),
      "!((object.?a.hasValue() && object.?b.hasValue()))",
    ],
    [any(), "false"],
    [never, "false"],
    [all(), "true"],
  ];
  for (const [expression, text] of rows) {
    it(text, () => assert.equal(cel(expression), text));
  }
});

/** Fails where brackets outside of strings do not match. */
function assertBalanced(expression: string): void {
  const open: string[] = [];
  const pairs: Record<string, string> = { ")": "(", "]": "[" };
  for (const character of expression.replaceAll(/'(\\.|[^'\\])*'/g, "")) {
    if ("([".includes(character)) {
      open.push(character);
    } else if (character in pairs) {
      assert.equal(open.pop(), pairs[character], expression);
    }
  }
  assert.deepEqual(open, [], expression);
}
