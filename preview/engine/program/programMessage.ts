import { relative } from "node:path";

// The escape sequences by which Node.js colours an inspected error.
// eslint-disable-next-line no-control-regex
const colours = /\u001b\[[0-9;]*m/g;
const prefix = /^Running program '.*' failed with an unhandled exception:\n/;
const frame = /^\s+at (?:.*\()?((?:file:\/\/)?(?:\/|[A-Za-z]:\\).*?):(\d+):(\d+)\)?(?: \{)?$/;

/**
 * What the runner logs about a program that threw, without its stack: the message, the single
 * problems of an `InputPropertiesError`, and the line of the project that threw it.
 */
export function programMessage(logged: string, projectDirectory: string): string {
  const text = logged.replace(colours, "").replace(prefix, "").trim();
  const lines = text.split("\n");
  const firstFrame = lines.findIndex((line) => /^\s+at /.test(line));
  if (firstFrame < 0) {
    return text;
  }
  const message = lines
    .slice(0, firstFrame)
    .join("\n")
    .replace(/^(?:Uncaught )?(?:[A-Za-z]*Error): /, "")
    .replace(/\nRequire stack:\n[\s\S]*$/, "");
  const reasons = reasonsOf(text);
  const place = placeOf(lines, projectDirectory) ?? requirerOf(text, projectDirectory);
  return [message, ...reasons.map((reason) => `  ${reason}`), ...(place ? [`  (${place})`] : [])]
    .filter((line, index) => index === 0 || !message.includes(line.trim()))
    .join("\n");
}

function placeOf(lines: string[], projectDirectory: string): string | undefined {
  for (const line of lines) {
    const match = frame.exec(line);
    const file = match?.[1]?.replace(/^file:\/\//, "");
    if (file === undefined || file.includes("node_modules")) {
      continue;
    }
    const path = relative(projectDirectory, file);
    if (!path.startsWith("..")) {
      return `${path}:${match?.[2] ?? ""}:${match?.[3] ?? ""}`;
    }
  }
  return undefined;
}

/** The file that asked for a missing module; the stack of such an error is Node's own. */
function requirerOf(text: string, projectDirectory: string): string | undefined {
  const file = /\nRequire stack:\n- (.+)/.exec(text)?.[1];
  return file === undefined ? undefined : relative(projectDirectory, file);
}

const literal = String.raw`(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|` + "`(?:[^`\\\\]|\\\\.)*`)";
const joined = new RegExp(String.raw`reason:\s*(${literal}(?:\s*\+\s*${literal})*)`, "g");

/** The `reason`s in an inspected error, which Node.js prints as joined string literals. */
function reasonsOf(text: string): string[] {
  return [...text.matchAll(joined)].map((match) =>
    [...(match[1] ?? "").matchAll(new RegExp(literal, "g"))]
      .map((part) => unquoted(part[0]))
      .join(""),
  );
}

function unquoted(text: string): string {
  const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r" };
  return text
    .slice(1, -1)
    .replace(/\\(.)/g, (_, character: string) => escapes[character] ?? character);
}
