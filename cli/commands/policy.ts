import { resolve } from "node:path";
import { Command } from "commander";
import {
  type PolicyDeclaration,
  policySettings,
  type PolicySettings,
} from "../../preview/engine/policies/policyConfig";
import { UserError } from "../../screen/userError";
import { counted } from "../../preview/report/stackPreview";
import { type Exemptions, standing } from "../../policy/exemptions";
import { packName, policies } from "../../policy/pack";
import { apiVersionOf } from "../../policy/rules/objectKinds";
import { type ObjectRule, violations } from "../../policy/rules/objectRule";
import { objectRules } from "../../policy/rules/objectRules";
import { ExitCode } from "../../screen/exitCode";
import type { CliContext } from "../context";
import { type ManifestObject, type Manifests, readManifests } from "../manifests";

interface CheckFlags {
  json?: boolean;
  policyConfig?: string;
}

/** One broken rule, as `--json` prints it. */
interface Finding {
  file: string;
  line: number;
  /** Kind and name; empty for a file that is no YAML. */
  object: string;
  policy: string;
  enforcement: "mandatory" | "advisory";
  message: string;
}

const examples = `
Examples:
  npm run mlp -- policy check ../churn/deploy
  npm run mlp -- policy check ../churn --policy-config policy/dev.json --json

A value with a variable such as \${NAME} counts as there, with any content.
Exit codes: 0 nothing mandatory is broken, 1 something is or a file is not YAML,
2 wrong arguments or no Kubernetes object.`;

/** `mlp policy`: the pack's rules on what does not come from the program. */
export function policyCommand(context: CliContext): Command {
  const command = new Command("policy").description(
    "Hold manifests to the platform's policies without a cluster",
  );
  command
    .command("check")
    .description("Check the Kubernetes manifests of a folder, e.g. of a project's repository")
    .argument("<path>", "folder with YAML files, or one file")
    .option("--json", "print data instead of lines")
    .option(
      "--policy-config <file>",
      "levels and exemptions, as in policy/prod.json (default: all mandatory)",
    )
    .addHelpText("after", examples)
    .action((path: string, flags: CheckFlags) => runCheck(path, flags, context));
  return command;
}

async function runCheck(path: string, flags: CheckFlags, context: CliContext): Promise<void> {
  const settings = policySettings(
    packName,
    declarations(),
    flags.policyConfig && resolve(context.workingDir, flags.policyConfig),
  );
  const manifests = await readManifests(resolve(context.workingDir, path));
  if (manifests.objects.length + manifests.problems.length === 0) {
    throw new UserError({
      what: `"${path}" holds no Kubernetes object`,
      remedy: "Name a folder of manifests.",
    });
  }
  const rules = objectRules.filter(({ name }) => settings.get(name)!.enforcement !== "disabled");
  const findings = [
    ...manifests.problems.map(syntaxFinding),
    ...manifests.objects.flatMap((object) =>
      rules.flatMap((rule) => [...check(object, rule, settings.get(rule.name)!)]),
    ),
  ].sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
  const summary = {
    files: manifests.files.length,
    objects: manifests.objects.length,
    policies: rules.length,
    checks: checksOf(manifests, rules),
    findings,
  };
  context.stdout.write(flags.json ? `${JSON.stringify(summary, null, 2)}\n` : rendered(summary));
  if (findings.some(({ enforcement }) => enforcement === "mandatory")) {
    context.exitCode = ExitCode.Failed;
  }
}

function declarations(): PolicyDeclaration[] {
  return policies.map(({ name, description, configSchema }) => ({
    name,
    description,
    enforcement: "mandatory",
    properties: { ...configSchema?.properties },
    required: [],
  }));
}

function syntaxFinding({ file, line, message }: Manifests["problems"][number]): Finding {
  return {
    file,
    line,
    object: "",
    policy: "",
    enforcement: "mandatory",
    message: `it is not valid YAML: ${message}`,
  };
}

function* check(
  { file, apiVersion, kind, name, value, lineOf }: ManifestObject,
  rule: ObjectRule,
  { enforcement, properties }: PolicySettings,
): Generator<Finding> {
  const matched = rule.kinds.find((of) => of.kind === kind && apiVersionOf(of) === apiVersion);
  if (matched === undefined) {
    return;
  }
  const exemption = standing(name, properties.exemptions as unknown as Exemptions | undefined);
  if (exemption.kind === "valid") {
    return;
  }
  const finding = (line: number, message: string): Finding => ({
    file,
    line,
    object: `${kind} ${name}`,
    policy: rule.name,
    // There is nothing to repair in somebody's file, so what would be repaired is refused.
    enforcement: enforcement === "advisory" ? "advisory" : "mandatory",
    message,
  });
  if (exemption.kind === "broken") {
    yield finding(lineOf([]), exemption.message);
  }
  for (const { message, location } of violations(rule, matched, name, value, isTemplated)) {
    yield finding(lineOf(location), message);
  }
}

/** A value that a template fills in later. */
function isTemplated(value: unknown): boolean {
  return typeof value === "string" && /\$\{\w+\}/.test(value);
}

function checksOf({ objects }: Manifests, rules: ObjectRule[]): number {
  const applies = (object: ManifestObject) => (rule: ObjectRule) =>
    rule.kinds.some((of) => of.kind === object.kind && apiVersionOf(of) === object.apiVersion);
  return objects.reduce((sum, object) => sum + rules.filter(applies(object)).length, 0);
}

function rendered(summary: {
  files: number;
  objects: number;
  policies: number;
  checks: number;
  findings: Finding[];
}): string {
  const { findings } = summary;
  const lines = findings.map(({ file, line, message, policy, enforcement }) =>
    [
      `${file}:${line}: `,
      enforcement === "advisory" ? "advisory: " : "",
      message,
      policy && ` (${policy})`,
    ].join(""),
  );
  const advisory = findings.filter(({ enforcement }) => enforcement === "advisory").length;
  const mandatory = findings.length - advisory;
  const counts = [
    `${counted(summary.objects, "object")} in ${counted(summary.files, "file")}`,
    `${counted(summary.policies, "policy", "policies")} in ${counted(summary.checks, "check")}`,
    counted(mandatory, "violation"),
    ...(advisory > 0 ? [`${advisory} advisory`] : []),
  ];
  return `${[...lines, `${mandatory > 0 ? "✘" : "✔"} ${counts.join(" · ")}`].join("\n")}\n`;
}
