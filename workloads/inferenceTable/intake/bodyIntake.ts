import { createHash, type Hash, type Hmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { BlobFiles, BlobWriter } from "./blobFiles";
import { Kept } from "./inferenceEvent";
import { Rung, truncateAboveBytes, truncatedBytes } from "./pressure";

/**
 * What is kept of a request's body. `bodyBytes` and `bodySha256` are set where `body` isn't all of
 * it.
 */
export interface TakenBody {
  body: Buffer;
  kept: Kept;
  bodyBytes?: number;
  bodySha256?: string;
  /** File that holds all of it. */
  blob?: string;
}

/** How bodies are taken. */
export interface IntakeOptions {
  blobs: BlobFiles;
  memory: MemoryBudget;
  /** Larger bodies become files. */
  inlineBytes: number;
  /** Of larger ones only the beginning is kept. */
  maxBodyBytes: number;
  rung: () => Rung;
}

/** Bytes of bodies that may be in memory at once, over all requests. */
export class MemoryBudget {
  private taken = 0;
  private waiting: (() => void)[] = [];

  constructor(private readonly maxBytes: number) {}

  /** False, and nothing taken, where the budget doesn't allow it. */
  tryTake(bytes: number): boolean {
    if (this.taken + bytes > this.maxBytes) {
      return false;
    }
    this.taken += bytes;
    return true;
  }

  /** Waits until the budget allows it. @throws RangeError for more than all of it. */
  async take(bytes: number): Promise<void> {
    if (bytes > this.maxBytes) {
      throw new RangeError(`at most ${this.maxBytes} bytes may be taken, got ${bytes}`);
    }
    while (!this.tryTake(bytes)) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  give(bytes: number): void {
    this.taken -= bytes;
    this.waiting.splice(0).forEach((resolve) => resolve());
  }
}

/** The sender went away in the middle of a body; nothing was acknowledged. */
export class AbortedBodyError extends Error {
  override readonly name = "AbortedBodyError";
}

/**
 * Reads a body: into memory while it is small and the budget allows, otherwise through to a file,
 * or, where it mustn't be written as it is, to its hash alone.
 *
 * @param withhold a keyed hash where the body may be kept only if it fits into memory, to be
 * redacted there
 */
export async function takeBody(
  request: IncomingMessage,
  options: IntakeOptions,
  withhold?: () => Hmac,
): Promise<TakenBody> {
  const start = await readStart(request, options);
  try {
    if (start.isWhole) {
      return shortened(
        start.chunks.length === 1 ? start.chunks[0]! : Buffer.concat(start.chunks),
        options.rung(),
      );
    }
    return await (withhold === undefined && options.rung() === Rung.Full
      ? spill(request, start.chunks, options)
      : hashAll(request, start.chunks, options.rung(), withhold?.()));
  } finally {
    options.memory.give(start.taken);
  }
}

/** What the rung leaves of a body that is in memory. */
export function shortened(body: Buffer, rung: Rung): TakenBody {
  const isKept =
    rung === Rung.Full || (rung === Rung.Truncated && body.length <= truncateAboveBytes);
  if (isKept) {
    return { body, kept: Kept.Whole };
  }
  const isCut = rung === Rung.Truncated;
  return {
    body: isCut ? body.subarray(0, truncatedBytes) : Buffer.alloc(0),
    kept: isCut ? Kept.Truncated : Kept.MetadataOnly,
    bodyBytes: body.length,
    bodySha256: createHash("sha256").update(body).digest("hex"),
  };
}

interface BodyStart {
  chunks: Buffer[];
  /** Bytes taken from the budget. */
  taken: number;
  isWhole: boolean;
}

// By events, not by iteration: nearly all bodies are small, and this is done for each.
function readStart(request: IncomingMessage, options: IntakeOptions): Promise<BodyStart> {
  const chunks: Buffer[] = [];
  let taken = 0;
  if (Number(request.headers["content-length"] ?? 0) > options.inlineBytes) {
    return Promise.resolve({ chunks, taken, isWhole: false });
  }
  return new Promise((resolve, reject) => {
    const stop = () => {
      request.off("data", onData).off("end", onEnd).off("error", onBreak).off("close", onBreak);
    };
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      if (taken + chunk.length > options.inlineBytes || !options.memory.tryTake(chunk.length)) {
        stop();
        request.pause();
        resolve({ chunks, taken, isWhole: false });
        return;
      }
      taken += chunk.length;
    };
    const onEnd = () => {
      stop();
      resolve({ chunks, taken, isWhole: true });
    };
    const onBreak = () => {
      stop();
      options.memory.give(taken);
      reject(new AbortedBodyError("the connection broke in the middle of a body"));
    };
    request.on("data", onData).on("end", onEnd).on("error", onBreak).on("close", onBreak);
  });
}

async function spill(
  request: IncomingMessage,
  chunks: Buffer[],
  options: IntakeOptions,
): Promise<TakenBody> {
  const writer = await options.blobs.create();
  let bytes = 0;
  let isWriting = true;
  const beginning: Buffer[] = [];
  let beginningBytes = 0;
  const take = async (chunk: Buffer) => {
    bytes += chunk.length;
    if (beginningBytes < truncatedBytes) {
      beginning.push(chunk);
      beginningBytes += chunk.length;
    }
    if (isWriting && bytes <= options.maxBodyBytes) {
      isWriting = await tryWrite(writer, chunk);
    } else {
      isWriting = false;
      writer.hash.update(chunk);
    }
  };
  try {
    for (const chunk of chunks.splice(0)) {
      await take(chunk);
    }
    for await (const chunk of restOf(request)) {
      await take(chunk);
    }
    if (isWriting) {
      await writer.finish();
    } else {
      await writer.abandon();
    }
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  const facts = { bodyBytes: bytes, bodySha256: writer.hash.digest("hex") };
  if (isWriting) {
    return { body: Buffer.alloc(0), kept: Kept.Whole, ...facts, blob: writer.name };
  }
  const body = Buffer.concat(beginning).subarray(0, truncatedBytes);
  return { body, kept: Kept.Truncated, ...facts };
}

// A full disk takes the body, not the event: its hash and beginning still have room in the log.
async function tryWrite(writer: BlobWriter, chunk: Buffer): Promise<boolean> {
  try {
    await writer.write(chunk);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") {
      throw error;
    }
    return false;
  }
}

async function hashAll(
  request: IncomingMessage,
  chunks: Buffer[],
  rung: Rung,
  keyed: Hmac | undefined,
): Promise<TakenBody> {
  const hash: Hash | Hmac = keyed ?? createHash("sha256");
  const isCut = keyed === undefined && rung !== Rung.MetadataOnly;
  const beginning: Buffer[] = [];
  let beginningBytes = 0;
  let bytes = 0;
  const take = (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
    if (isCut && beginningBytes < truncatedBytes) {
      beginning.push(chunk);
      beginningBytes += chunk.length;
    }
  };
  chunks.splice(0).forEach(take);
  for await (const chunk of restOf(request)) {
    take(chunk);
  }
  return {
    body: Buffer.concat(beginning).subarray(0, truncatedBytes),
    kept: keyed !== undefined ? Kept.Withheld : isCut ? Kept.Truncated : Kept.MetadataOnly,
    bodyBytes: bytes,
    bodySha256: hash.digest("hex"),
  };
}

async function* restOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* request as AsyncIterable<Buffer>;
  } catch {
    throw new AbortedBodyError("the connection broke in the middle of a body");
  }
  if (!request.complete) {
    throw new AbortedBodyError("the connection broke in the middle of a body");
  }
}
