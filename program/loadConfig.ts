import * as pulumi from "@pulumi/pulumi";
import { missingArchives } from "./charts";
import { configSettings } from "./configSettings";
import { placeholdersIn } from "./placeholders";
import { checkConfig, type ConfigProblem, updateRefuses } from "./problems";
import { unpublishedMessage, unpublishedPrefix } from "./publishedImages";
import type { StackConfig } from "./schema";
import { hidden } from "./schemaProblems";
import { chartsOf, settingsOf } from "./settings";
import { unpublishedOf } from "./stackImages";
import { problem as argumentProblem } from "../components/argumentProblems";

/**
 * Reads and checks the whole configuration of the stack.
 *
 * @returns what each component is given
 * @throws pulumi.RunError naming every problem at once: key, value seen, remedy; or, in an
 * update, the placeholders that are left and the own images that are not published.
 */
export function loadConfig() {
  const result = checkConfig(configSettings(pulumi.getProject(), pulumi.runtime.allConfig()));
  const problems = "config" in result ? archiveProblems(result.config) : result.problems;
  if ("config" in result && problems.length === 0) {
    demandReadiness(result.config);
    return settingsOf(result.config);
  }
  throw new pulumi.RunError(`${stackFile()} has ${listed("problem", problems)}`);
}

const stackFile = () => `Pulumi.${pulumi.getStack()}.yaml`;

/** Reads `2 problems:` with a line each. */
function listed(noun: string, problems: ConfigProblem[]): string {
  const lines = problems.map((found) => `  ${found.key}: ${wordsOf(found)}`);
  const count = lines.length === 1 ? `1 ${noun}` : `${lines.length} ${noun}s`;
  return `${count}:\n${lines.join("\n")}`;
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
 * A preview says what an update can't be made with: placeholders, and own images that nobody can
 * pull. An update refuses, before anything is made.
 */
function demandReadiness(config: StackConfig): void {
  const faults: { message: string; meanwhile: string }[] = [];
  const placeholders = placeholdersIn(config).map(({ key, rule, value, remedy }) => ({
    key,
    problem: argumentProblem(key, rule, value, remedy).reason,
  }));
  if (placeholders.length > 0) {
    const message = `${stackFile()} has ${listed("placeholder", placeholders)}`;
    faults.push({ message, meanwhile: `\n${updateRefuses} until they are replaced.` });
  }
  const unpublished = unpublishedOf(config);
  if (unpublished.length > 0) {
    faults.push({
      message: `${stackFile()}: ${unpublishedMessage(unpublished, config.images.prefix)}`,
      meanwhile: ` ${updateRefuses} until then; here they have names under ${unpublishedPrefix}.`,
    });
  }
  if (pulumi.runtime.isDryRun()) {
    for (const { message, meanwhile } of faults) {
      void pulumi.log.warn(`${message}${meanwhile}`);
    }
  } else if (faults.length > 0) {
    throw new pulumi.RunError(faults.map(({ message }) => message).join("\n"));
  }
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
