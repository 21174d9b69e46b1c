import { appendFileSync } from "node:fs";
import * as readline from "node:readline";
import { inspect } from "node:util";
import { Interrupted, LocalError } from "../localError";

const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const redrawMs = 120;
const titleWidth = 48;

/** How a step went. */
export interface StepTime {
  title: string;
  seconds: number;
}

/** A step failed; the message holds which, why, the remedy and the log. */
export class StepFailure extends Error {
  constructor(
    readonly step: string,
    override readonly cause: Error,
    /** File that gets the details of a cause that no step explains. */
    log?: string,
  ) {
    super(describeFailure(step, cause, log));
    this.name = "StepFailure";
  }
}

/** Runs named steps one after the other, and shows progress and time. */
export class StepRunner {
  readonly times: StepTime[] = [];

  constructor(
    private readonly output: NodeJS.WriteStream,
    /** Rejects when something outside the step ends the run: a dead service, Ctrl-C. */
    private readonly stopped: () => Promise<never>,
    /** File for the details of errors that no step explains. */
    private readonly log?: string,
  ) {}

  /**
   * Runs one step. `work` gets a function that shows what the step is doing, and returns what the
   * next steps need.
   */
  async step<T>(title: string, work: (say: (text: string) => void) => Promise<T>): Promise<T> {
    const start = performance.now();
    let note = "";
    const seconds = () => (performance.now() - start) / 1000;
    const live = this.output.isTTY === true;
    let frame = 0;
    const draw = () => {
      const spin = spinner[frame++ % spinner.length] ?? "";
      const line = `${spin} ${title.padEnd(titleWidth)} ${time(seconds())}  ${note}`;
      this.rewrite(line.slice(0, Math.max(20, (this.output.columns ?? 100) - 1)));
    };
    const timer = live ? setInterval(draw, redrawMs) : undefined;
    try {
      const result = await Promise.race([work((text) => (note = text)), this.stopped()]);
      this.times.push({ title, seconds: seconds() });
      this.finish(`✔ ${title.padEnd(titleWidth)} ${time(seconds())}  ${note}`.trimEnd());
      return result;
    } catch (error) {
      if (error instanceof Interrupted) {
        this.finish(`■ ${title.padEnd(titleWidth)} ${time(seconds())}  ${error.message}`);
        throw error;
      }
      this.finish(`✖ ${title.padEnd(titleWidth)} ${time(seconds())}`);
      const cause = error instanceof Error ? error : new Error(String(error));
      throw new StepFailure(title, cause, this.log);
    } finally {
      clearInterval(timer);
    }
  }

  private rewrite(line: string): void {
    readline.clearLine(this.output, 0);
    readline.cursorTo(this.output, 0);
    this.output.write(line);
  }

  private finish(line: string): void {
    if (this.output.isTTY === true) {
      this.rewrite("");
    }
    this.output.write(`${line}\n`);
  }
}

function time(seconds: number): string {
  return `${seconds.toFixed(1)} s`.padStart(8);
}

/** What a reader needs of any failure: which step, why, what to do, and where there is more. */
function describeFailure(step: string, cause: Error, log?: string): string {
  const known = cause instanceof LocalError ? cause : asLocalError(cause, log);
  const lines = [`step  : ${step}`, `why   : ${known.message}`, `remedy: ${known.remedy}`];
  return lines.concat(known.log === undefined ? [] : `log   : ${known.log}`).join("\n");
}

/** An error that no step explains: its place in the program goes to the log, not to the screen. */
function asLocalError(cause: Error, log?: string): LocalError {
  if (log !== undefined) {
    appendFileSync(log, `${new Date().toISOString()} ${inspect(cause)}\n`, { mode: 0o600 });
  }
  if ((cause as NodeJS.ErrnoException).code === "ENOSPC") {
    const remedy = "Free some space, then run `npm run local -- clean` and start again.";
    return new LocalError("no space left on the device", remedy, log);
  }
  const inner = cause.cause instanceof Error ? cause.cause.message : "";
  const why = [cause.message, inner].filter((each) => each !== "").join(": ") || cause.name;
  const remedy = "Run it again; it starts clean. The logs are in .mlplatform/run/logs.";
  return new LocalError(why, remedy, log);
}
