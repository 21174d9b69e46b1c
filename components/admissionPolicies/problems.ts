import { objectName } from "../argumentFormats";
import { type ArgumentProblem, problem, repeatProblems, textProblems } from "../argumentProblems";
import type { AdmissionPoliciesArgs, AdmissionPolicyManifest } from "./args";

/** What the API server can do with an object that breaks a rule. */
const validationActions = ["Deny", "Warn", "Audit"];

/** Everything that is wrong with the arguments of AdmissionPolicies; empty where nothing is. */
export function admissionPoliciesProblems(
  _name: string,
  { policies }: AdmissionPoliciesArgs,
): ArgumentProblem[] {
  return [
    ...policies.flatMap(policyProblems),
    ...repeatProblems(
      "policies",
      policies.map(({ name }) => name),
    ),
  ];
}

function policyProblems(
  { name, binding }: AdmissionPolicyManifest,
  index: number,
): ArgumentProblem[] {
  const path = `policies[${index}]`;
  const problems = textProblems(`${path}.name`, name, objectName);
  if (binding.policyName !== name) {
    const rule = `must be the policy's own name ("${name}")`;
    const remedy = "Bind each policy by its own binding.";
    problems.push(problem(`${path}.binding.policyName`, rule, binding.policyName, remedy));
  }
  const actions = binding.validationActions;
  if (actions.length === 0 || !actions.every((action) => validationActions.includes(action))) {
    const rule = `must be some of ${validationActions.join(", ")}`;
    const remedy = "Without an action the policy does nothing.";
    problems.push(problem(`${path}.binding.validationActions`, rule, actions, remedy));
  } else if (actions.includes("Deny") && actions.includes("Warn")) {
    const rule = "must not be Deny and Warn together, which the API server refuses";
    problems.push(problem(`${path}.binding.validationActions`, rule, actions, "Keep one."));
  }
  return problems;
}
