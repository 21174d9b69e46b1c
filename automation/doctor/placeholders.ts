import { readStackConfig } from "../../preview/engine/previewStack";
import { configSettings } from "../../program/configSettings";
import { placeholdersIn } from "../../program/placeholders";
import { checkConfig } from "../../program/problems";
import { type Finding, failure } from "./finding";

/** A finding for each placeholder in a stack's file, whose other faults the preview has found. */
export function examinePlaceholders(projectDir: string, stack: string): Finding[] {
  const { project, config } = readStackConfig(projectDir, stack);
  const checked = checkConfig(configSettings(project.name, config));
  return "config" in checked
    ? placeholdersIn(checked.config).map(({ key, rule, value, remedy }) =>
        failure(key, `${value}; it ${rule}`, remedy),
      )
    : [];
}
