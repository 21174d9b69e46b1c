/** A line for the operator. */
export type LogLine = (level: "info" | "warn" | "error", message: string) => void;

/**
 * A reporter that prints a kind of failure at most once an interval: a lasting fault is not a line
 * an event.
 */
export function oncePer(
  intervalMs: number,
  logLine: LogLine,
): (kind: string, message: string) => void {
  const last = new Map<string, number>();
  return (kind, message) => {
    const now = performance.now();
    if (now - (last.get(kind) ?? -Infinity) >= intervalMs) {
      last.set(kind, now);
      logLine("error", message);
    }
  };
}

/** An error's text in one line. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A logger that writes one JSON object a line to standard error. */
export function jsonLogLine(service: string): LogLine {
  return (level, message) => {
    const time = new Date().toISOString();
    process.stderr.write(`${JSON.stringify({ time, level, service, message })}\n`);
  };
}
