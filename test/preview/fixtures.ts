import { join } from "node:path";
import {
  previewStack,
  type PreviewOptions,
  type PreviewRun,
} from "../../preview/engine/previewStack";
import type { ProgramRun, PreviewResource } from "../../preview/engine/programRun";

/** The folder of a fixture project or policy pack. */
export function fixture(name: string): string {
  return join(__dirname, "fixtures", name);
}

/** Runs a fixture's program through the engine, on stack `test` unless told. */
export function runFixture(
  name: string,
  options: Partial<PreviewOptions> = {},
): Promise<PreviewRun> {
  return previewStack({ projectDir: fixture(name), stack: "test", ...options });
}

/** The only resource of the logical name. */
export function named(result: ProgramRun, name: string): PreviewResource {
  const found = result.resources.filter((resource) => resource.name === name);
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new Error(`${found.length} resources are named "${name}"`);
  }
  return only;
}

/** The messages of the severity. */
export function messages(result: ProgramRun, severity = "error"): string[] {
  return result.diagnostics
    .filter((diagnostic) => diagnostic.severity === severity)
    .map((diagnostic) => diagnostic.message);
}
