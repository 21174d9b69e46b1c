/** A chart's archive as its place gives it. */
export interface ChartArchive {
  /** Digest that the place says the archive has; absent for a folder. */
  promised?: string;
  bytes: Buffer;
}

/** How a chart's archive is fetched. */
export interface DownloadOptions {
  signal?: AbortSignal;
  /** For one request. @default 30000 */
  timeoutMs?: number;
}

/** A request to a registry or a repository went wrong; the message says which and how. */
export class DownloadError extends Error {}

/** Larger than any index or archive of a chart that is known. */
const mostBytes = 64 * 2 ** 20;

/**
 * Asks for an address and returns the answer, of whatever status.
 *
 * @throws DownloadError where no answer comes
 */
export async function ask(
  url: string,
  headers: Record<string, string>,
  { signal, timeoutMs = 30_000 }: DownloadOptions,
): Promise<Response> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await fetch(url, {
      headers,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  } catch (error) {
    signal?.throwIfAborted();
    const reason = timeout.aborted ? `no answer in ${timeoutMs / 1000} s` : causeOf(error);
    throw new DownloadError(`${new URL(url).host} cannot be reached (${reason})`);
  }
}

/**
 * The body of a good answer.
 *
 * @throws DownloadError for another status, a body that breaks off, or one above 64 MiB
 */
export async function bodyOf(response: Response, what: string): Promise<Buffer> {
  const { host, pathname } = new URL(response.url);
  if (!response.ok) {
    throw new DownloadError(`${host} answers ${response.status} for ${what} at ${pathname}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > mostBytes) {
        throw new DownloadError(`${host} sends more than 64 MiB for ${what}`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof DownloadError) {
      throw error;
    }
    throw new DownloadError(`${host} breaks off while it sends ${what} (${causeOf(error)})`);
  }
  return Buffer.concat(chunks);
}

/** The reason that `fetch` wraps, e.g. `ENOTFOUND`. */
function causeOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: NodeJS.ErrnoException };
  return cause?.code ?? cause?.message ?? message;
}
