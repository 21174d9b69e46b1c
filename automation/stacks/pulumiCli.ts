import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { isOlder } from "../isOlder";
import { UserError } from "../../screen/userError";

/** Oldest CLI that the program's SDK and the plugins of the platform are known to work with. */
export const oldestCli = "3.270.0";

/** What the CLI is run with. */
export interface CliOptions {
  /** Folder of `Pulumi.yaml`. */
  folder: string;
  signal: AbortSignal;
  /** @default that of this process */
  environment?: NodeJS.ProcessEnv;
}

const remedy =
  "Install it as https://www.pulumi.com/docs/install says, or put it on PATH, and run this again.";

const otherRemedy = `Check by \`command -v pulumi\` what that is. ${remedy}`;

/** What stands in a message for an output, which may hold secrets. */
export const sizeOf = (output: string) =>
  output.trim() === "" ? "nothing" : `${output.length} characters`;

/** The Pulumi CLI that is on PATH. */
export class PulumiCli {
  private constructor(
    readonly version: string,
    private readonly options: CliOptions,
  ) {}

  /**
   * Finds the CLI and checks its version.
   *
   * @throws UserError where there is none, one that can't be run, or one that is too old
   */
  static async find(options: CliOptions): Promise<PulumiCli> {
    const { end, output } = await ended(["version"], options);
    if (end !== undefined) {
      // What it says is not repeated: this may be any program.
      throw new UserError({ what: `\`pulumi version\` ${end}`, remedy: otherRemedy });
    }
    const version = /^v?(\d+\.\d+\.\d+)/.exec(output.trim())?.[1];
    if (version === undefined) {
      throw new UserError({
        what: "`pulumi version` must print a version",
        seen: sizeOf(output),
        remedy: otherRemedy,
      });
    }
    if (isOlder(version, oldestCli)) {
      const what = `the Pulumi CLI on PATH must be ${oldestCli} or newer`;
      throw new UserError({ what, seen: version, remedy });
    }
    return new PulumiCli(version, options);
  }

  /** What a command prints. @throws UserError with the CLI's own words where it fails */
  async read(...args: string[]): Promise<string> {
    return outputOf(args, this.options);
  }

  /**
   * Runs a command on the terminal of this process; returns its exit code.
   *
   * The CLI takes a second signal for the wish to end at once and leave what it is making behind.
   * So it gets one: by the terminal, which sends Ctrl-C to it as well, and otherwise from here.
   */
  async run(...args: string[]): Promise<number> {
    const { folder, signal, environment } = this.options;
    signal.throwIfAborted();
    const child = spawn("pulumi", args, { cwd: folder, env: environment, stdio: "inherit" });
    let isTold = false;
    const tell = () => {
      if (!isTold) {
        isTold = true;
        child.kill("SIGINT");
      }
    };
    const onAbort = () => {
      if (!hasTerminal()) {
        tell();
      }
    };
    signal.addEventListener("abort", onAbort);
    // No terminal sends this one.
    process.on("SIGTERM", tell);
    try {
      return await new Promise<number>((done, fail) => {
        child.once("error", (error) => fail(startError(error)));
        child.once("close", (code) => done(code ?? 1));
      });
    } finally {
      signal.removeEventListener("abort", onAbort);
      process.off("SIGTERM", tell);
    }
  }
}

/** Whether a terminal sends Ctrl-C to all that run on it, whatever their input and output are. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    // No process group of a terminal: its signals come to this process alone.
    return false;
  }
}

async function outputOf(args: string[], options: CliOptions): Promise<string> {
  const { end, output, errors } = await ended(args, options);
  if (end === undefined) {
    return output;
  }
  throw new UserError({
    what: `\`pulumi ${args.join(" ")}\` ${end}: ${errors.trim().replace(/\.$/, "")}`,
  });
}

/** What a run printed, and how it ended; `end` is undefined where it ended well. */
interface EndedRun {
  end: string | undefined;
  output: string;
  errors: string;
}

async function ended(args: string[], options: CliOptions): Promise<EndedRun> {
  const { folder, signal, environment } = options;
  const child = spawn("pulumi", [...args, "--non-interactive"], {
    cwd: folder,
    env: environment,
    signal,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const end = await new Promise<string | undefined>((done, fail) => {
    child.once("error", (error) => fail(startError(error)));
    child.once("close", (code, by) =>
      done(code === 0 ? undefined : code === null ? `was ended by ${by}` : `ended with ${code}`),
    );
  });
  return { end, output, errors };
}

/** What to say of a CLI that did not start; an abort stays what it is. */
function startError(error: NodeJS.ErrnoException): Error {
  if (!error.syscall?.startsWith("spawn")) {
    return error;
  }
  return error.code === "ENOENT"
    ? new UserError({ what: "there is no `pulumi` on PATH", remedy })
    : new UserError({
        what: "`pulumi` on PATH can't be run",
        seen: error.code,
        remedy: otherRemedy,
      });
}
