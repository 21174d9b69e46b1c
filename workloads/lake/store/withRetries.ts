import {
  classifyFailure,
  ObjectExistsError,
  ObjectMissingError,
  ObjectStoreError,
} from "./storeErrors";

/** How long a call to the store may take. */
export interface RetryPolicy {
  /** One attempt is ended after this long. */
  attemptTimeoutMs: number;
  /** No attempt begins after this long. */
  deadlineMs: number;
  /**
   * Waits grow from here by doubling, to `maxDelayMs`; the real wait is random between 0 and that.
   */
  baseDelayMs: number;
  maxDelayMs: number;
}

/** What a retried call reports about itself. */
export interface RetryContext {
  /** What is being done, for the error's text: `put inferences/…`. */
  what: string;
  policy: RetryPolicy;
  signal?: AbortSignal;
  onRetry?: (what: string, code: string) => void;
}

/**
 * Runs `attempt` until it succeeds, fails for good, or the deadline passes. Each attempt gets a
 * signal that ends it at its own timeout. Safe for writes because keys are deterministic: an
 * attempt that succeeded without our hearing of it is repeated with the same bytes.
 */
export async function withRetries<T>(
  context: RetryContext,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { what, policy } = context;
  const started = performance.now();
  for (let attempts = 1; ; attempts++) {
    try {
      return await runAttempt(context, attempt);
    } catch (error) {
      const { code, kind } = classifyFailure(error);
      if (kind === "missing") {
        throw new ObjectMissingError(`${what}: there is no such object`, { cause: error });
      }
      if (kind === "exists") {
        throw new ObjectExistsError(`${what}: another object is at this key`, { cause: error });
      }
      const ceiling = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (attempts - 1));
      const delayMs = Math.random() * ceiling;
      const isLate = performance.now() - started + delayMs >= policy.deadlineMs;
      if (kind === "permanent" || isLate || context.signal?.aborted === true) {
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        const text = error instanceof Error ? error.message : String(error);
        throw new ObjectStoreError(
          `${what}: ${code}: ${text} (${attempts} attempts, ${seconds} s)`,
          { code, attempts, isPermanent: kind === "permanent", cause: error },
        );
      }
      context.onRetry?.(what, code);
      await pause(delayMs, context.signal);
    }
  }
}

async function runAttempt<T>(
  context: RetryContext,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new Error("attempt timed out")),
    context.policy.attemptTimeoutMs,
  );
  const stop = () => controller.abort(context.signal?.reason);
  context.signal?.addEventListener("abort", stop, { once: true });
  try {
    context.signal?.throwIfAborted();
    return await attempt(controller.signal);
  } finally {
    clearTimeout(timer);
    context.signal?.removeEventListener("abort", stop);
  }
}

function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, delayMs);
    signal?.addEventListener("abort", finish, { once: true });
  });
}
