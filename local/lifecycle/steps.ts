import { appendFileSync } from "node:fs";
import { inspect } from "node:util";
import { Interrupted } from "../interrupted";
import { Progress } from "../../screen/progress";
import type { OutputStream } from "../../screen/outputStream";
import { type Problem, UserError } from "../../screen/userError";

const titleColumns = 48;

/** How a step went. */
export interface StepTime {
  title: string;
  seconds: number;
}

/** A step failed; each problem begins with the step's title. */
export class StepFailure extends UserError {
  constructor(
    step: string,
    override readonly cause: Error,
    /** File that gets the details of a cause that no step explains. */
    log?: string,
  ) {
    const problems = cause instanceof UserError ? cause.problems : [unexplained(cause, log)];
    super(...problems.map((problem) => ({ ...problem, what: `${step}: ${problem.what}` })));
    this.name = "StepFailure";
  }
}

/** Runs named steps one after the other, and shows progress and time. */
export class StepRunner {
  readonly times: StepTime[] = [];

  constructor(
    private readonly output: OutputStream,
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
    const progress = new Progress(this.output, { quietMs: 0, titleColumns });
    progress.step(title);
    const say = (text: string) => progress.note(text);
    try {
      const result = await Promise.race([work(say), this.stopped()]);
      this.times.push({ title, seconds: progress.finish("✔") });
      return result;
    } catch (error) {
      if (error instanceof Interrupted) {
        progress.finish("■", error.message);
        throw error;
      }
      progress.finish("✖", "");
      const cause = error instanceof Error ? error : new Error(String(error));
      throw new StepFailure(title, cause, this.log);
    }
  }
}

/** An error that no step explains: its place in the program goes to the log, not to the screen. */
function unexplained(cause: Error, log?: string): Problem {
  if (log !== undefined) {
    appendFileSync(log, `${new Date().toISOString()} ${inspect(cause)}\n`, { mode: 0o600 });
  }
  if ((cause as NodeJS.ErrnoException).code === "ENOSPC") {
    const remedy = "Free some space, then run `npm run local -- clean` and start again.";
    return { what: "no space left on the device", remedy, log };
  }
  const inner = cause.cause instanceof Error ? cause.cause.message : "";
  const what = [cause.message, inner].filter((each) => each !== "").join(": ") || cause.name;
  const remedy = "Run it again; it starts clean. The logs are in .mlplatform/run/logs.";
  return { what, remedy, log };
}
