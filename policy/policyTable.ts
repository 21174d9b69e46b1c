import { areas } from "./pack";
import { objectRules } from "./rules/objectRules";
import type { ProjectSettings } from "./rules/projectSettings";

/** The reference of the pack as Markdown: `docs/policies.md`, which a test keeps current. */
export function policyTable(): string {
  const ofProjects = objectRules(shownSettings);
  const rules = new Map(ofProjects.map((rule) => [rule.name, rule]));
  const rows = Object.entries(areas).flatMap(([area, policies]) => [
    "",
    `## ${area}`,
    "",
    "| policy | what holds | looks at | manifests | admission | repairs |",
    "| --- | --- | --- | --- | --- | --- |",
    ...policies.map((policy) => {
      const rule = rules.get(policy.name);
      const cells = [
        `\`${policy.name}\``,
        policy.description,
        "validateStack" in policy
          ? "the stack"
          : (rule?.kinds.map(({ kind }) => kind).join(", ") ?? "resources"),
        rule ? "yes" : "",
        rule && (rule.notAtAdmission === undefined ? "yes" : `no: ${rule.notAtAdmission}`),
        "remediateResource" in policy ? "yes" : "",
      ];
      return `| ${cells.map((cell) => (cell ?? "").replaceAll("|", "\\|")).join(" | ")} |`;
    }),
  ]);
  const sentences = ofProjects.flatMap(({ name, requirements }) => [
    "",
    `### \`${name}\``,
    "",
    // Several kinds, or a container and what is laid over one, share a sentence.
    ...new Set(requirements.map(({ must, remedy }) => `- ${must}. Otherwise: ${remedy}.`)),
  ]);
  return [introduction, ...rows, "", "## Rules for Kubernetes objects", ...sentences, ""].join(
    "\n",
  );
}

/** A stack's values, as the page speaks of them. */
const shownSettings: ProjectSettings = {
  registries: ["a registry of the stack"],
  platformImages: [],
  requireDigests: true,
  offloaderImages: ["the platform's own"],
};

const introduction = `# Policies

<!-- Generated from policy/pack.ts: \`UPDATE_GOLDEN=1 npm test\` writes it anew. -->

The pack holds every stack to these rules: at each \`npm run preview\`, with
\`pulumi preview --policy-pack policy --policy-pack-config policy/<stack>.json\`, and in Pulumi
Deployments by \`PULUMI_OPTION_POLICY_PACK\`. Where "manifests" says yes, \`mlp policy check <dir>\`
holds YAML and JSON files to the same rule, and with \`--stack prod\` to that stack's registries,
digests and log offloader; where "admission" says yes, the API server does in the namespaces of
projects, by a ValidatingAdmissionPolicy made from the same data: it warns, or with
\`mlplatform:admission: deny\` refuses, and [admission.md](admission.md) lists what,
[bypasses.md](bypasses.md) what was tried to get past it.

A stack's levels and exemptions are in \`policy/<stack>.json\`: dev and local advise, prod refuses.

\`\`\`json
{
  "all": "mandatory",
  "mlplatform-stack-require-protection": {
    "exemptions": { "core-logs": { "reason": "copied to the archive", "expires": "2027-01-31" } },
    "refuseUndecided": true,
    "undecided": { "core-audit": { "reason": "known once it is made", "expires": "2027-01-31" } }
  }
}
\`\`\`

An exemption names the resource (\`*\` is every one), the reason and the last day; after that day it
is a violation itself. A value that a preview does not know leaves a resource undecided: it is
counted, and with \`refuseUndecided\` it is a violation unless \`undecided\` names the resource. A
policy that repairs does so at the level \`remediate\`; \`values\` of the tags policy holds the tags
to fill in.`;
