import type { OutputStream } from "./outputStream";
import { columns, cut } from "./text";

const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const frameMs = 120;
const timeColumns = 8;
const clearLine = "\r\u001b[K";

export interface ProgressOptions {
  /** Nothing is shown of what ends sooner. @default 2000 */
  quietMs?: number;
  /** Columns that titles are filled up to, where lines stand below each other. @default 0 */
  titleColumns?: number;
}

/**
 * Says what takes long. On a terminal it is one line that is rewritten and removed; in a pipe or a
 * CI log only what stays is written: finished steps and lines that are kept.
 */
export class Progress {
  private readonly quietMs: number;
  private readonly titleColumns: number;
  private timer: NodeJS.Timeout | undefined;
  private startedAt = performance.now();
  private title = "";
  private remark = "";
  private frame = 0;
  private isRunning = false;
  private isShown = false;

  constructor(
    private readonly stream: OutputStream,
    { quietMs = 2000, titleColumns = 0 }: ProgressOptions = {},
  ) {
    this.quietMs = quietMs;
    this.titleColumns = titleColumns;
  }

  /** Names what runs now. The time counts from the first name on, or the last {@link finish}. */
  step(title: string): void {
    this.title = title;
    if (this.isRunning) {
      return;
    }
    this.isRunning = true;
    this.remark = "";
    this.startedAt = performance.now();
    if (this.stream.isTTY === true) {
      this.timer = setInterval(() => this.draw(), frameMs);
      this.timer.unref();
    }
  }

  /** Adds how far it is. */
  note(text: string): void {
    this.remark = text;
  }

  /** Writes a line that stays. */
  keep(line: string): void {
    this.clear();
    this.stream.write(`${line}\n`);
  }

  /** Ends the step: its line stays, with a mark, its time and its last note or another one. */
  finish(mark: string, note = this.remark): number {
    const seconds = this.seconds();
    this.end();
    this.stream.write(`${this.line(mark, note)}\n`);
    return seconds;
  }

  /** Removes the line. */
  end(): void {
    clearInterval(this.timer);
    this.isRunning = false;
    this.clear();
  }

  private seconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  private line(mark: string, note: string): string {
    const padding = " ".repeat(Math.max(0, this.titleColumns - columns(this.title)));
    const time = `${this.seconds().toFixed(1)} s`.padStart(timeColumns);
    return `${mark} ${this.title}${padding} ${time}  ${note}`.trimEnd();
  }

  private draw(): void {
    if (performance.now() - this.startedAt < this.quietMs || this.title === "") {
      return;
    }
    const line = this.line(spinner[this.frame++ % spinner.length]!, this.remark);
    this.stream.write(clearLine + cut(line, (this.stream.columns ?? 80) - 1));
    this.isShown = true;
  }

  private clear(): void {
    if (this.isShown) {
      this.stream.write(clearLine);
    }
    this.isShown = false;
  }
}
