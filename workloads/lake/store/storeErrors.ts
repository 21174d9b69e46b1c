/** The object isn't there. */
export class ObjectMissingError extends Error {
  override readonly name = "ObjectMissingError";
}

/** A conditional write found another object at the key. */
export class ObjectExistsError extends Error {
  override readonly name = "ObjectExistsError";
}

/**
 * The store refused, or failed until the deadline. `isPermanent`: the same call would fail again.
 */
export class ObjectStoreError extends Error {
  override readonly name = "ObjectStoreError";
  readonly code: string;
  readonly attempts: number;
  readonly isPermanent: boolean;

  constructor(
    message: string,
    details: { code: string; attempts: number; isPermanent: boolean; cause: unknown },
  ) {
    super(message, { cause: details.cause });
    this.code = details.code;
    this.attempts = details.attempts;
    this.isPermanent = details.isPermanent;
  }
}

interface ServiceError {
  name?: string;
  Code?: string;
  code?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number };
}

// 400s whose cause passes: a slow upload that the server gave up on, a clock that is being set.
const passingCodes = new Set(["RequestTimeout", "RequestTimeTooSkewed", "IncompleteBody"]);
const missingCodes = new Set(["NoSuchKey", "NotFound"]);

/** What an error of one attempt means. */
export interface AttemptFailure {
  code: string;
  kind: "missing" | "exists" | "permanent" | "passing";
}

/** Sorts one attempt's error into what the caller can do about it. */
export function classifyFailure(error: unknown): AttemptFailure {
  const failure = (error ?? {}) as ServiceError;
  const status = failure.$metadata?.httpStatusCode;
  const code = failure.name === "Error" ? (failure.code ?? "Error") : (failure.name ?? "Error");
  if (missingCodes.has(code)) {
    return { code, kind: "missing" };
  }
  if (status === 412 || code === "PreconditionFailed") {
    return { code: "PreconditionFailed", kind: "exists" };
  }
  // 409 ConditionalRequestConflict: two conditional writes ran at once; the next attempt sees who
  // won.
  const isClientError = status !== undefined && status >= 400 && status < 500;
  const isPassing =
    !isClientError || status === 408 || status === 409 || status === 429 || passingCodes.has(code);
  return { code, kind: isPassing ? "passing" : "permanent" };
}
