import { type UpstreamKind, UpstreamsUnavailable, upstreamFolder } from "./upstreamFiles";

/** For the first run, which downloads. */
const timeoutMs = 600_000;

/**
 * Folder with the files of a kind. Where they cannot be downloaded now, says why and skips the
 * tests of the context; a file that is missing upstream or is not the pinned one fails them.
 */
export async function upstreamsOrSkip(context: Mocha.Context, kind: UpstreamKind): Promise<string> {
  context.timeout(timeoutMs);
  try {
    return await upstreamFolder(kind);
  } catch (error) {
    if (!(error instanceof UpstreamsUnavailable)) {
      throw error;
    }
    console.log(`    skipped: ${error.message}`);
    return context.skip();
  }
}
