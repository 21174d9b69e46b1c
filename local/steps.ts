import * as readline from "node:readline";
import { Interrupted, LocalError } from "./localError";

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const REDRAW_MS = 120;
const TITLE_WIDTH = 48;

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
  ) {
    super(describeFailure(step, cause));
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
      const spin = SPINNER[frame++ % SPINNER.length] ?? "";
      const line = `${spin} ${title.padEnd(TITLE_WIDTH)} ${time(seconds())}  ${note}`;
      this.rewrite(line.slice(0, Math.max(20, (this.output.columns ?? 100) - 1)));
    };
    const timer = live ? setInterval(draw, REDRAW_MS) : undefined;
    try {
      const result = await Promise.race([work((text) => (note = text)), this.stopped()]);
      this.times.push({ title, seconds: seconds() });
      this.finish(`✔ ${title.padEnd(TITLE_WIDTH)} ${time(seconds())}  ${note}`.trimEnd());
      return result;
    } catch (error) {
      if (error instanceof Interrupted) {
        this.finish(`■ ${title.padEnd(TITLE_WIDTH)} ${time(seconds())}  ${error.message}`);
        throw error;
      }
      this.finish(`✖ ${title.padEnd(TITLE_WIDTH)} ${time(seconds())}`);
      throw new StepFailure(title, error instanceof Error ? error : new Error(String(error)));
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

function describeFailure(step: string, cause: Error): string {
  const lines = [`step  : ${step}`];
  if (cause instanceof LocalError) {
    lines.push(`why   : ${cause.message}`, `remedy: ${cause.remedy}`);
    if (cause.log !== undefined) {
      lines.push(`log   : ${cause.log}`);
    }
  } else {
    const space = (cause as NodeJS.ErrnoException).code === "ENOSPC";
    lines.push(`why   : ${space ? "no space left on the device" : (cause.stack ?? cause.message)}`);
    lines.push(
      space
        ? "remedy: Free some space, then run `npm run local -- clean` and start again."
        : "remedy: Run it again; it starts clean. The logs are in .mlplatform/run/logs.",
    );
  }
  return lines.join("\n");
}
