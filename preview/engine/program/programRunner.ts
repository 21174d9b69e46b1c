import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join, sep } from "node:path";
import { stop, tie } from "./children";
import type { Journal } from "../journal";
import type { StackConfig } from "./stackConfig";
import { UserError } from "../../../screen/userError";

/** By this code the runner says that it already reported the error. */
const alreadyReported = 32;

/**
 * The SDK takes a stack trace for every promise and maps every frame of it to its source. One frame
 * instead of Node's ten is a tenth of the time of a large program; where a resource is made is
 * traced apart from this limit.
 */
const stackTraceLimit = "--stack-trace-limit=1";

/** Keeps a short-lived process from reserving memory for objects that die at once: a third less. */
export const smallYoungHeap = "--max-semi-space-size=2";

export interface RunnerSettings {
  config: StackConfig;
  organization: string;
  preview: boolean;
  parallel: number;
  /** Address of the server with both services. */
  address: string;
  journal: Journal;
  /** Stops the program when aborted. */
  signal: AbortSignal;
}

/**
 * Runs the program as Pulumi's Node.js language host does, and waits for its end. What it prints
 * goes to the journal; so does an exit code that nothing explained.
 */
export async function runProgram(settings: RunnerSettings): Promise<void> {
  const { config, journal, signal } = settings;
  const { directory, runtime, main } = config.project;
  const script = resolveFrom(directory, "@pulumi/pulumi/cmd/run");
  const values = Object.fromEntries(
    Object.entries(config.config).map(([key, value]) => [key.replace(":", ":config:"), value]),
  );
  const child = spawn(
    process.execPath,
    [
      stackTraceLimit,
      smallYoungHeap,
      ...runtime.nodeArgs,
      script,
      ...["--monitor", settings.address],
      ...["--engine", settings.address],
      ...["--organization", settings.organization],
      ...["--project", config.project.name],
      ...["--root-directory", directory],
      ...["--stack", config.stack],
      ...["--pwd", directory],
      ...(settings.preview ? ["--dry-run"] : []),
      ...["--parallel", String(settings.parallel)],
      main,
    ],
    {
      cwd: directory,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? compileCache(script),
        PULUMI_CONFIG: JSON.stringify(values),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(config.secretKeys),
        PULUMI_NODEJS_TYPESCRIPT: String(runtime.typescript),
        ...(runtime.tsconfig === undefined
          ? {}
          : { PULUMI_NODEJS_TSCONFIG_PATH: runtime.tsconfig }),
      },
    },
  );
  tie(child);
  const onAbort = () => void stop(child);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) {
    onAbort();
  }
  const printed: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => printed.push(text));
  const errors: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  signal.removeEventListener("abort", onAbort);
  signal.throwIfAborted();
  report(journal, code, printed.join(""), errors.join(""));
}

function report(journal: Journal, code: number | null, printed: string, errors: string): void {
  for (const line of printed.split("\n").filter((text) => text.trim() !== "")) {
    journal.log("info", "", line);
  }
  const complaint = errors.trim();
  if (code === 0 || (code === alreadyReported && journal.failed)) {
    if (complaint !== "" && !journal.failed) {
      journal.log("warning", "", complaint);
    }
    return;
  }
  if (journal.failed) {
    return;
  }
  const end = code === null ? "was ended by a signal" : `exited with code ${code}`;
  journal.log("error", "", `the program ${end}${complaint === "" ? "" : `: ${complaint}`}`);
}

/** The file of a module as the project sees it. */
export function resolveFrom(directory: string, module: string): string {
  try {
    return createRequire(join(directory, "index.js")).resolve(module);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") {
      throw error;
    }
    throw new UserError({
      what: `${directory}: ${module} is not installed`,
      remedy: "Run: npm ci",
    });
  }
}

/** Beside the `node_modules` that holds the script; compiled code halves the start of the SDK. */
export function compileCache(script: string): string {
  const root = script.slice(0, script.lastIndexOf(`${sep}node_modules${sep}`));
  return join(root, ".cache", "compile");
}
