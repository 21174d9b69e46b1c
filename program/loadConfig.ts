import * as pulumi from "@pulumi/pulumi";
import { missingArchives } from "./charts";
import { checkConfig, type ConfigProblem } from "./problems";
import { unpublishedMessage, unpublishedPrefix } from "./publishedImages";
import type { StackConfig } from "./schema";
import { hidden } from "./schemaProblems";
import { chartsOf, settingsOf, unpublishedOf } from "./settings";

/**
 * Reads and checks the whole configuration of the stack.
 *
 * @returns what each component is given
 * @throws pulumi.RunError naming every problem at once: key, value seen, remedy; or, in an
 * update, the own images that are not published.
 */
export function loadConfig() {
  const result = checkConfig(ownSettings());
  const problems = "config" in result ? archiveProblems(result.config) : result.problems;
  if ("config" in result && problems.length === 0) {
    demandImages(result.config);
    return settingsOf(result.config);
  }
  const lines = problems.map((found) => `  ${found.key}: ${wordsOf(found)}`);
  const many = lines.length === 1 ? "1 problem" : `${lines.length} problems`;
  throw new pulumi.RunError(`Pulumi.${pulumi.getStack()}.yaml has ${many}:\n${lines.join("\n")}`);
}

// Internal to the SDK by its types, but the only word on which keys are encrypted.
const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };

/** What is wrong; of a key with an encrypted value the rule only, which comes before the value. */
function wordsOf({ key, problem }: ConfigProblem): string {
  const [stackKey] = /^[\w-]*/.exec(key)!;
  const value = problem.indexOf(", got ");
  return value >= 0 && isConfigSecret(`${pulumi.getProject()}:${stackKey}`)
    ? `${problem.slice(0, value)}, got ${hidden}. \`pulumi config get ${stackKey}\` shows it.`
    : problem;
}

/**
 * A preview says which of the own images nobody can pull; an update refuses, before anything is
 * made.
 */
function demandImages(config: StackConfig): void {
  const unpublished = unpublishedOf(config);
  if (unpublished.length === 0) {
    return;
  }
  const message = unpublishedMessage(unpublished, config.images.prefix);
  if (!pulumi.runtime.isDryRun()) {
    throw new pulumi.RunError(`Pulumi.${pulumi.getStack()}.yaml: ${message}`);
  }
  void pulumi.log.warn(
    `Pulumi.${pulumi.getStack()}.yaml: ${message} An update refuses until then; here they have ` +
      `names under ${unpublishedPrefix}.`,
  );
}

/** Looks whether a folder of charts holds those that the stack installs. */
function archiveProblems(config: StackConfig): ConfigProblem[] {
  const missing = missingArchives(config.charts, chartsOf(config));
  if (missing.length === 0) {
    return [];
  }
  const problem =
    `"${config.charts.path}" has no ${missing.join(", ")}. Fetch them by \`helm pull\`; \`mlp ` +
    `versions\` shows from where.`;
  return [{ key: "charts.path", problem }];
}

/**
 * The project's own keys; lists, maps and booleans decoded as the CLI encodes them. An empty value
 * counts as left out: Pulumi asks for a default of each optional key.
 */
function ownSettings(): Record<string, unknown> {
  const prefix = `${pulumi.getProject()}:`;
  return Object.fromEntries(
    Object.entries(pulumi.runtime.allConfig())
      .filter(([key]) => key.startsWith(prefix))
      .filter(([, value]) => value !== "" && value !== "{}")
      .map(([key, value]) => [key.slice(prefix.length), decode(value)]),
  );
}

function decode(value: string): unknown {
  if (value === "true" || value === "false") {
    return value === "true";
  }
  try {
    return /^[[{]/.test(value) ? JSON.parse(value) : value;
  } catch {
    // A text that only begins like a list; the checks say what it should be.
    return value;
  }
}
