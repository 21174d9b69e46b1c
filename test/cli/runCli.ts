import { resolve } from "node:path";
import type { CliContext } from "../../cli/context";
import { run } from "../../cli/mlp";

/** Folder of the repository. */
export const root = resolve(__dirname, "../..");

/** A small project with stacks that go well and badly. */
export const shownProject = resolve(root, "test/preview/fixtures/shown");

/** What a command line wrote, and how it ended. */
export interface CliRun {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command line of `mlp` in this process, over {@link shownProject}. */
export async function runCli(args: string[], change: Partial<CliContext> = {}): Promise<CliRun> {
  const written = { stdout: "", stderr: "" };
  const code = await run(args, {
    projectDir: shownProject,
    policyDir: resolve(root, "policy"),
    workingDir: __dirname,
    signal: new AbortController().signal,
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    exitCode: 0,
    ...change,
  });
  return { code, ...written };
}
