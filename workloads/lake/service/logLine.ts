/** A line for the operator. */
export type LogLine = (level: "info" | "warn" | "error", message: string) => void;

/**
 * Runs `task` again and again with a pause between, or at once where it resolves with true; the
 * function it returns ends that and waits for a running one.
 */
export function repeat(
  intervalMs: number,
  task: () => Promise<boolean | void>,
): () => Promise<void> {
  let isStopped = false;
  let hasMore = false;
  let wake: () => void = () => undefined;
  const loop = (async () => {
    for (;;) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, hasMore ? 0 : intervalMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (isStopped) {
        return;
      }
      hasMore = (await task()) === true;
    }
  })();
  return () => {
    isStopped = true;
    wake();
    return loop;
  };
}

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
