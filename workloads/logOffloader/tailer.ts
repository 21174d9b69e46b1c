import { promises as fs } from "node:fs";
import type { SegmentLog } from "@mlplatform/lake";
import {
  fileUid,
  FINGERPRINT_BYTES,
  type Fingerprint,
  fingerprintOf,
  fingerprintOfBytes,
} from "./fileIdentity";
import { chunkLength, countLines, encodeChunk, type FileFacts } from "./logChunk";
import { ignoreAbsence, scanLogTree, type SeenFile } from "./logTree";
import { isSameContent, isSettled, nextTail } from "./sameContent";
import { closeHandle, sha256OfRead, trackNew, type TrackedFile } from "./trackedFile";

/** What the tailer works with. */
export interface TailerOptions {
  log: SegmentLog;
  rayDirectory: string;
  /** A line without its end is read as far as it is after this long. */
  partialLineMs: number;
  /** Files known from the checkpoint and the recovered segments. */
  files: TrackedFile[];
  onRead: (bytes: number) => void;
  /** Reading one file failed; the others go on and this one is tried again. */
  onFileError: (path: string, error: unknown) => void;
}

/** Follows Ray's files and makes their bytes durable in the segment log. */
export interface Tailer {
  /** One look at the tree, and up to 32 MiB of every file that grew. `isFinal`: cut lines are taken too. Returns bytes read. */
  poll(isFinal: boolean): Promise<number>;
  files(): TrackedFile[];
  close(): Promise<void>;
}

const CHUNK_BYTES = 1 << 20;
const MAX_CHUNKS_AT_ONCE = 16;
const MAX_CHUNKS_A_POLL = 32;
// A deleted file may still be written to by who has it open; an idle one gives its descriptor back.
const REMOVED_IDLE_MS = 5_000;
const HANDLE_IDLE_MS = 30_000;

/** Makes a tailer; nothing is read before the first poll. */
export function makeTailer(options: TailerOptions): Tailer {
  const { log } = options;
  const files = [...options.files];

  // The latest life of each inode. A recycled inode has another birth, so it is another key.
  const latest = new Map(files.map((file) => [identityOf(file.facts), file]));
  for (const file of files) {
    if (latest.get(identityOf(file.facts)) !== file) {
      // An earlier life, whose end came after the last checkpoint: nothing on the disk is it any more.
      file.isRemoved = true;
      file.finalSha256 ??= file.readSha256;
    }
  }
  const lastOf = (seen: SeenFile) => latest.get(identityOfSeen(seen));

  function startGeneration(seen: SeenFile, first: Fingerprint): TrackedFile {
    const earlier = lastOf(seen);
    const generation = earlier === undefined ? 0 : earlier.facts.generation + 1;
    const file = trackNew(
      {
        uid: fileUid(seen, generation, first),
        device: String(seen.device),
        inode: String(seen.inode),
        birth: String(seen.birthNs),
        generation,
        fingerprint: first,
        session: seen.session,
        file: seen.file,
        names: [seen.file],
      },
      seen.path,
    );
    files.push(file);
    latest.set(identityOfSeen(seen), file);
    return file;
  }

  /** The tracked file that this one is, a new one where it isn't what was there before; undefined when it vanished. */
  async function identify(seen: SeenFile): Promise<TrackedFile | undefined> {
    const known = lastOf(seen);
    if (known !== undefined && known.handle !== undefined && seen.size >= known.position) {
      const isUntouched = seen.changedNs === known.checkedNs;
      if (isUntouched || (await isSameContent(known.handle, known, seen.size))) {
        return noteName(known, seen);
      }
    }
    const handle = await ignoreAbsence(fs.open(seen.path, "r"));
    if (handle === undefined) {
      return undefined;
    }
    const facts = await handle.stat({ bigint: true });
    if (facts.ino !== seen.inode || facts.dev !== seen.device) {
      // The name moved on between the scan and here; the next scan has the new picture.
      await handle.close();
      return undefined;
    }
    const size = Number(facts.size);
    const isSame =
      known !== undefined && size >= known.position && (await isSameContent(handle, known, size));
    if (isSame) {
      await closeHandle(known);
      known.handle = handle;
      known.isRemoved = false;
      known.finalSha256 = null;
      return noteName(known, seen);
    }
    if (known !== undefined) {
      await retire(known);
    }
    const first = await fingerprintOf(handle, Math.min(FINGERPRINT_BYTES, size));
    if (first === undefined) {
      await handle.close();
      return undefined;
    }
    const fresh = startGeneration(seen, first);
    fresh.handle = handle;
    return fresh;
  }

  // Truncated, rewritten or replaced: what was read of the old content stays as its own file.
  async function retire(file: TrackedFile): Promise<void> {
    file.isRemoved = true;
    file.finalSha256 = file.readSha256;
    await closeHandle(file);
  }

  // Ray's driver logs grow by 45 MB/s: one chunk a poll would fall behind, all of it would starve the rest.
  async function readChunks(file: TrackedFile, isFinal: boolean): Promise<number> {
    let bytes = 0;
    for (let count = 0; count < MAX_CHUNKS_A_POLL; count++) {
      const length = await readChunk(file, isFinal);
      bytes += length;
      if (length < CHUNK_BYTES / 2) {
        break;
      }
    }
    return bytes;
  }

  async function readChunk(file: TrackedFile, isFinal: boolean): Promise<number> {
    const { handle } = file;
    if (handle === undefined) {
      return 0;
    }
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, file.position);
    if (bytesRead === 0) {
      return 0;
    }
    file.size = Math.max(file.size, file.position + bytesRead);
    file.partialSince ??= Date.now();
    const waited = Date.now() - file.partialSince >= options.partialLineMs;
    const isFull = bytesRead === CHUNK_BYTES;
    const available = buffer.subarray(0, bytesRead);
    // At the end even a cut character is taken: its other bytes may never come.
    const length =
      isFinal && !isFull ? bytesRead : chunkLength(available, isFinal || isFull || waited);
    if (length === 0) {
      return 0;
    }
    const bytes = available.subarray(0, length);
    if (file.facts.fingerprint.length < FINGERPRINT_BYTES) {
      await growFingerprint(file, handle);
    }
    const { position, line } = file;
    const facts = { ...file.facts };
    const hash = file.hash?.copy().update(bytes);
    const sha256 = hash?.copy().digest("hex") ?? null;
    const chunk = { facts, start: position, line, readAt: Date.now(), sha256 };
    await log.append(encodeChunk(chunk, bytes));
    file.position = position + length;
    file.hash = hash;
    file.readSha256 = sha256;
    file.tail = nextTail(file.tail, bytes);
    file.line = line + countLines(bytes);
    file.activeAt = Date.now();
    file.partialSince = undefined;
    options.onRead(length);
    return length;
  }

  async function pollFile(seen: SeenFile, isFinal: boolean): Promise<number> {
    const known = lastOf(seen);
    const isIdle =
      known !== undefined &&
      !known.isRemoved &&
      seen.size === known.position &&
      seen.changedNs === known.checkedNs;
    if (isIdle) {
      noteName(known, seen);
      if (known.handle !== undefined && Date.now() - known.activeAt > HANDLE_IDLE_MS) {
        await closeHandle(known);
      }
      return 0;
    }
    if (seen.size === 0 && known === undefined) {
      return 0;
    }
    const file = await identify(seen);
    if (file === undefined) {
      return 0;
    }
    file.size = seen.size;
    file.checkedNs = isSettled(seen.changedNs) ? seen.changedNs : undefined;
    return readChunks(file, isFinal);
  }

  // Its name is gone, but an open descriptor still has the bytes.
  async function pollRemoved(file: TrackedFile): Promise<number> {
    const bytes = await readChunks(file, true);
    if (bytes === 0 && Date.now() - file.activeAt > REMOVED_IDLE_MS) {
      file.isRemoved = true;
      file.finalSha256 = await sha256OfRead(file);
      await closeHandle(file);
    }
    return bytes;
  }

  return {
    async poll(isFinal) {
      const seen = await scanLogTree(options.rayDirectory);
      const present = new Set(seen.map(identityOfSeen));
      const gone = files.filter(
        ({ facts, isRemoved }) => !isRemoved && !present.has(identityOf(facts)),
      );
      const tasks = [
        ...seen.map((each) => ({ path: each.path, run: () => pollFile(each, isFinal) })),
        ...gone.map((file) => ({
          path: file.path,
          run: () => (file.handle === undefined ? markGone(file) : pollRemoved(file)),
        })),
      ];
      let bytes = 0;
      const worker = async () => {
        for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
          try {
            bytes += await task.run();
          } catch (error) {
            options.onFileError(task.path, error);
          }
        }
      };
      await Promise.all(Array.from({ length: MAX_CHUNKS_AT_ONCE }, worker));
      return bytes;
    },
    files: () => [...files],
    async close() {
      await Promise.all(files.map(closeHandle));
    },
  };
}

function identityOf({ device, inode, birth }: FileFacts): string {
  return `${device}:${inode}:${birth}`;
}

function identityOfSeen({ device, inode, birthNs }: SeenFile): string {
  return `${device}:${inode}:${birthNs}`;
}

function markGone(file: TrackedFile): Promise<number> {
  file.isRemoved = true;
  file.finalSha256 = file.readSha256;
  return Promise.resolve(0);
}

function noteName(file: TrackedFile, seen: SeenFile): TrackedFile {
  file.path = seen.path;
  if (file.facts.names.at(-1) !== seen.file) {
    file.facts.names = [...file.facts.names, seen.file];
  }
  return file;
}

async function growFingerprint(
  file: TrackedFile,
  handle: Awaited<ReturnType<typeof fs.open>>,
): Promise<void> {
  const start = Buffer.alloc(FINGERPRINT_BYTES);
  const { bytesRead } = await handle.read(start, 0, FINGERPRINT_BYTES, 0);
  file.facts.fingerprint = fingerprintOfBytes(start.subarray(0, bytesRead));
}
