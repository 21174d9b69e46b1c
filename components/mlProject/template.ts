import { isUtf8 } from "node:buffer";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type ArgumentProblem, problem } from "../argumentProblems";

/** A file that a new repository starts with. */
export interface TemplateFile {
  /** Path in the repository, with forward slashes. */
  path: string;
  content: string;
}

// What tools leave beside the sources on a developer's machine.
const leftovers = new Set([
  ".git",
  ".venv",
  "__pycache__",
  ".pytest_cache",
  ".ruff_cache",
  "node_modules",
]);

/** What is wrong with a folder of a template; empty where nothing is, or none is given. */
export function templateProblems(
  propertyPath: string,
  directory: string | undefined,
): ArgumentProblem[] {
  if (directory === undefined) {
    return [];
  }
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    const remedy = "Give the folder whose files a repository starts with.";
    return [problem(propertyPath, "must be a directory", directory, remedy)];
  }
  if (filesBelow(directory, "").length === 0) {
    const remedy = "Leave the argument out to start with an empty repository.";
    return [problem(propertyPath, "must have files", directory, remedy)];
  }
  return [];
}

/**
 * Reads a project template: every text file below `directory`, sorted by path. The files go into
 * the repository as they are; their `${NAME}` variables are the workflows' to fill.
 *
 * @throws Error where a file is not UTF-8 text.
 */
export function readTemplate(directory: string): TemplateFile[] {
  return filesBelow(directory, "").map((file) => ({
    path: file,
    content: readText(directory, file),
  }));
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !leftovers.has(entry.name) && !entry.name.endsWith(".pyc"))
    .flatMap((entry) => {
      const relative = folder ? `${folder}/${entry.name}` : entry.name;
      return entry.isDirectory() ? filesBelow(root, relative) : [relative];
    })
    .sort();
}

function readText(root: string, file: string): string {
  const bytes = readFileSync(join(root, file));
  if (!isUtf8(bytes)) {
    throw new Error(
      `project template: ${file} is not UTF-8 text. Keep binary files out of the template.`,
    );
  }
  return bytes.toString("utf8");
}
