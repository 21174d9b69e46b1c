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
import { kindNamed, type ObjectKind } from "../../policy/rules/objectKinds";
import { type ObjectRule, shownPath, violations } from "../../policy/rules/objectRule";
import { objectRules } from "../../policy/rules/objectRules";
import type { ProjectSettings } from "../../policy/rules/projectSettings";
import { containerPlaces } from "../../policy/rules/unknownPods";
import { readStackConfig } from "../../preview/engine/program/stackConfig";
import { configSettings } from "../../program/configSettings";
import { checkConfig } from "../../program/problems";
import { projectSettingsOf } from "../../program/projectSettings";
import { ExitCode } from "../../screen/exitCode";
import type { CliContext } from "../context";
import { type ManifestObject, type Manifests, readManifests } from "../manifests";
import { stackName } from "../stackName";

interface CheckFlags {
  json?: boolean;
  stack?: string;
  policyConfig?: string;
}

/** One broken rule, as `--json` prints it. */
interface Finding {
  file: string;
  line: number;
  /** Kind and name; empty for a file that cannot be read. */
  object: string;
  policy: string;
  enforcement: "mandatory" | "advisory";
  message: string;
}

const examples = `
Examples:
  npm run mlp -- policy check ../churn/deploy
  npm run mlp -- policy check ../churn --stack prod
  npm run mlp -- policy check ../churn --policy-config policy/dev.json --json

A value with a variable such as \${NAME} counts as there, with any content.
Exit codes: 0 nothing mandatory is broken, 1 something is or a file cannot be read,
2 wrong arguments or no Kubernetes object.`;

/** `mlp policy`: the pack's rules on what does not come from the program. */
export function policyCommand(context: CliContext): Command {
  const command = new Command("policy").description(
    "Hold manifests to the platform's policies without a cluster",
  );
  command
    .command("check")
    .description("Check the Kubernetes manifests of a folder, e.g. of a project's repository")
    .argument("<path>", "folder with YAML and JSON files, or one file")
    .option(
      "-s, --stack <name>",
      "stack that they are for: its registries, digests and log offloader are looked at too",
    )
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
  const rules = objectRules(flags.stack === undefined ? {} : ofStack(flags.stack, context)).filter(
    ({ name }) => settings.get(name)!.enforcement !== "disabled",
  );
  const checked = manifests.objects.map((object) => ({ object, kind: kindOf(object) }));
  const findings = [
    ...manifests.problems.map(unreadableFinding),
    ...checked.flatMap(({ object, kind }) =>
      kind === undefined
        ? unknownPods(object)
        : rules.flatMap((rule) => [...check(object, kind, rule, settings.get(rule.name)!)]),
    ),
  ].sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
  const summary = {
    files: manifests.files.length,
    objects: manifests.objects.length,
    policies: rules.length,
    checks: checked.reduce(
      (sum, { kind }) => sum + rules.filter(({ kinds }) => kind && kinds.includes(kind)).length,
      0,
    ),
    notChecked: [
      ...(flags.stack === undefined && checked.some(({ kind }) => hasPods(kind))
        ? ["registries, digests and the log offloader's image, without --stack"]
        : []),
      ...manifests.leftOut.map((folder) => `${folder}, which begins with a dot`),
    ],
    findings,
  };
  context.stdout.write(flags.json ? `${JSON.stringify(summary, null, 2)}\n` : rendered(summary));
  if (findings.some(({ enforcement }) => enforcement === "mandatory")) {
    context.exitCode = ExitCode.Failed;
  }
}

const kindOf = ({ apiVersion, kind }: ManifestObject) => kindNamed(apiVersion, kind);

const hasPods = (kind: ObjectKind | undefined) =>
  kind !== undefined && kind.pods.length + (kind.overlays ?? []).length > 0;

/**
 * What a stack holds the objects of its projects to.
 *
 * @throws UserError where there is no such stack, or its configuration is wrong
 */
function ofStack(stack: string, { projectDir }: CliContext): ProjectSettings {
  const { project, config } = readStackConfig(projectDir, stackName(stack));
  const result = checkConfig(configSettings(project.name, config));
  if ("problems" in result) {
    throw new UserError(
      ...result.problems.map(({ key, problem }) => ({
        what: `Pulumi.${stack}.yaml: ${key}: ${problem}`,
      })),
    );
  }
  return projectSettingsOf(result.config);
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

function unreadableFinding(problem: Manifests["problems"][number]): Finding {
  return { ...problem, object: "", policy: "", enforcement: "mandatory" };
}

/** Pods of a kind that no rule knows are no pods that a rule was held to. */
function unknownPods({ file, apiVersion, kind, name, value, lineOf }: ManifestObject): Finding[] {
  return containerPlaces(value).map((place) => ({
    file,
    line: lineOf(place),
    object: `${kind} ${name}`,
    policy: "",
    enforcement: "mandatory",
    message:
      `${kind} "${name}", ${shownPath(place)}: no rule knows the pods of a ${kind} of ` +
      `${apiVersion}: run them as a RayJob, an InferenceService or a Job.`,
  }));
}

function* check(
  { file, kind, name, value, lineOf }: ManifestObject,
  matched: ObjectKind,
  rule: ObjectRule,
  { enforcement, properties }: PolicySettings,
): Generator<Finding> {
  if (!rule.kinds.includes(matched)) {
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

function rendered(summary: {
  files: number;
  objects: number;
  policies: number;
  checks: number;
  notChecked: string[];
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
  const verdict = `${mandatory > 0 ? "✘" : "✔"} ${counts.join(" · ")}`;
  const notes = summary.notChecked.map((what) => `  not looked at: ${what}`);
  return `${[...lines, verdict, ...notes].join("\n")}\n`;
}
