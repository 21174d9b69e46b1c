import { cut } from "./terminal";
import type { OutputStream } from "../cli/context";

const frameMs = 250;
const clearLine = "\r\u001b[K";

/**
 * Says on a terminal what takes long: nothing in the first seconds, then one line that is
 * rewritten and removed at the end. In a pipe or a CI log it stays silent.
 */
export class Progress {
  private readonly started = performance.now();
  private readonly timer: NodeJS.Timeout | undefined;
  private text = "";
  private isShown = false;

  constructor(
    private readonly stream: OutputStream,
    private readonly quietMs = 2000,
  ) {
    if (stream.isTTY !== true) {
      return;
    }
    this.timer = setInterval(() => {
      this.draw();
    }, frameMs);
    this.timer.unref();
  }

  /** Names the step that runs now. */
  step(text: string): void {
    this.text = text;
  }

  /** Removes the line. */
  end(): void {
    clearInterval(this.timer);
    if (this.isShown) {
      this.stream.write(clearLine);
    }
    this.isShown = false;
  }

  private draw(): void {
    const elapsedMs = performance.now() - this.started;
    if (elapsedMs < this.quietMs || this.text === "") {
      return;
    }
    const line = `${this.text} (${Math.round(elapsedMs / 1000)} s)`;
    this.stream.write(clearLine + cut(line, (this.stream.columns ?? 80) - 1));
    this.isShown = true;
  }
}
