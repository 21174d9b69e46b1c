import { promises as fs } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { type SegmentLog, SegmentLogFullError } from "@mlplatform/lake/segmentLog/segmentLog";
import { makeChunkReader } from "./chunkReader";
import { fingerprintBytes, fingerprintOf, fileUid } from "./fileIdentity";
import type { Fingerprint, FileFacts } from "../state/fileFacts";
import { identityOf, ignoreAbsence, isSettled, makeLogTree, type SeenFile } from "./logTree";
import { isOutOfDescriptors, makeOpenFiles } from "./openFiles";
import { isSameContent } from "./sameContent";
import { sha256OfRead, trackNew, type TrackedFile } from "./trackedFile";

/** What the tailer works with. */
export interface TailerOptions {
  log: SegmentLog;
  rayDirectory: string;
  /** A line without its end is read as far as it is after this long. */
  partialLineMs: number;
  /** Files known from the checkpoint and the recovered segments. */
  files: TrackedFile[];
  /** Set where an earlier state was lost: part of new ids, so that they repeat none. @default "" */
  uidSalt?: string;
  onRead: (bytes: number) => void;
  /** Reading one file or folder failed; the others go on and this one is tried again. */
  onFileError: (path: string, error: unknown) => void;
}

/** A file that no life is known of: not even its first bytes could be read. */
export interface UnreadFile {
  uid: string;
  session: string;
  file: string;
  size: number;
}

/** Follows Ray's files and makes their bytes durable in the segment log. */
export interface Tailer {
  /**
   * One look at the tree, and up to 32 MiB of every file that grew. `isFinal`: cut lines are taken
   * too. Returns bytes read.
   */
  poll(isFinal: boolean): Promise<number>;
  files(): TrackedFile[];
  /** Files of which nothing could be read yet, as they were last seen. */
  unread(): UnreadFile[];
  /**
   * Follows these no longer; they are gone from the disk and need no more than what the caller
   * keeps.
   */
  forget(files: Iterable<TrackedFile>): void;
  close(): Promise<void>;
}

const maxChunksAtOnce = 16;
const maxChunksAPoll = 32;
// A file that was read within this time is looked at in every poll.
const hotMs = 10_000;
// A deleted file may still be written to by who has it open; an idle one gives its descriptor back.
const removedIdleMs = 5_000;
const handleIdleMs = 30_000;

/** Makes a tailer; nothing is read before the first poll. */
export function makeTailer(options: TailerOptions): Tailer {
  const files = new Set(options.files);
  const open = makeOpenFiles();
  const reader = makeChunkReader(options, (file) => open.touch(file));
  const tree = makeLogTree(options.rayDirectory, options.onFileError);
  const unread = new Map<string, UnreadFile>();
  let isLogFull = false;

  // The latest life of each inode. A recycled inode has another birth, so it is another key.
  const latest = new Map(options.files.map((file) => [identityOfFacts(file.facts), file]));
  for (const file of files) {
    if (latest.get(identityOfFacts(file.facts)) !== file) {
      // An earlier life, whose end came after the last checkpoint: nothing on the disk is it any
      // more.
      end(file);
    }
  }
  const lastOf = (seen: SeenFile) => latest.get(seen.identity);

  function startGeneration(seen: SeenFile, first: Fingerprint): TrackedFile {
    const earlier = lastOf(seen);
    const generation = earlier === undefined ? 0 : earlier.facts.generation + 1;
    const file = trackNew(
      {
        uid: fileUid(seen, generation, first, options.uidSalt),
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
    files.add(file);
    latest.set(seen.identity, file);
    return file;
  }

  /**
   * The tracked file that this one is, a new one where it isn't what was there before; undefined
   * when it vanished.
   */
  async function identify(seen: SeenFile): Promise<TrackedFile | undefined> {
    const known = lastOf(seen);
    if (known !== undefined && known.handle !== undefined && seen.size >= known.position) {
      const isUntouched = seen.changedNs === known.checkedNs;
      if (isUntouched || (await isSameContent(known.handle, known, seen))) {
        return noteName(known, seen);
      }
    }
    const handle = await ignoreAbsence(fs.open(seen.path, "r"));
    if (handle === undefined) {
      return undefined;
    }
    try {
      const file = await identifyOpened(seen, known, handle);
      if (file === undefined) {
        await handle.close();
      }
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async function identifyOpened(
    seen: SeenFile,
    known: TrackedFile | undefined,
    handle: FileHandle,
  ): Promise<TrackedFile | undefined> {
    const facts = await handle.stat({ bigint: true });
    if (facts.ino !== seen.inode || facts.dev !== seen.device) {
      // The name moved on between the scan and here; the next scan has the new picture.
      return undefined;
    }
    const look = { size: Number(facts.size), modifiedNs: facts.mtimeNs };
    if (known !== undefined) {
      if (look.size >= known.position && (await isSameContent(handle, known, look))) {
        await open.hold(known, handle);
        known.isRemoved = false;
        known.finalSha256 = null;
        return noteName(known, seen);
      }
      // Truncated, rewritten or replaced: what was read of the old content stays as its own file.
      end(known);
      await open.release(known);
    }
    const first = await fingerprintOf(handle, Math.min(fingerprintBytes, look.size));
    if (first === undefined) {
      return undefined;
    }
    const fresh = startGeneration(seen, first);
    await open.hold(fresh, handle);
    return fresh;
  }

  // Ray's driver logs grow by 45 MB/s: one chunk a poll would fall behind, all of it would starve
  // the rest.
  async function readChunks(file: TrackedFile, isFinal: boolean): Promise<number> {
    let bytes = 0;
    for (let count = 0; count < maxChunksAPoll && !isLogFull; count++) {
      const { length, hasMore } = await reader.read(file, isFinal);
      bytes += length;
      if (!hasMore) {
        break;
      }
    }
    return bytes;
  }

  async function pollFile(seen: SeenFile, isFinal: boolean): Promise<number> {
    const known = lastOf(seen);
    if (seen.size === 0 && known === undefined) {
      return 0;
    }
    if (known === undefined && isCompressedCopy(seen)) {
      return 0;
    }
    const busy = new Set(known === undefined ? [] : [known]);
    const mark = (isBusy: boolean) => busy.forEach((file) => (file.isBusy = isBusy));
    mark(true);
    try {
      const file = await identify(seen).catch((error: unknown) => {
        noteUnread(seen);
        throw error;
      });
      unread.delete(seen.identity);
      if (file === undefined) {
        return 0;
      }
      busy.add(file);
      mark(true);
      file.size = seen.size;
      file.checkedNs = isSettled(seen.changedNs) ? seen.changedNs : undefined;
      return await readChunks(file, isFinal);
    } finally {
      mark(false);
    }
  }

  // Without it the manifest would call a node whole whose disk fails from the first byte on.
  function noteUnread(seen: SeenFile): void {
    if (lastOf(seen) === undefined) {
      const { session, file, size } = seen;
      const uid = fileUid(seen, 0, { length: 0, sha256: "" }, options.uidSalt);
      unread.set(seen.identity, { uid, session, file, size });
    }
  }

  // `x.log.1.gz` is what `x.log.1` was, and that was read. One whose original was never seen is
  // read as it is.
  function isCompressedCopy({ session, file }: SeenFile): boolean {
    const original = /^(.+)\.(?:gz|bz2|xz|zst)$/.exec(file)?.[1];
    return (
      original !== undefined &&
      [...files].some(({ facts }) => facts.session === session && facts.names.includes(original))
    );
  }

  // Its name is gone, but an open descriptor still has the bytes.
  async function pollMissing(file: TrackedFile): Promise<number> {
    if (file.handle === undefined) {
      end(file);
      return 0;
    }
    const bytes = await readChunks(file, true);
    if (bytes === 0 && !isLogFull && performance.now() - file.activeAt > removedIdleMs) {
      file.isRemoved = true;
      file.finalSha256 = await sha256OfRead(file);
      await open.release(file);
    }
    return bytes;
  }

  function hotFiles(): TrackedFile[] {
    const since = performance.now() - hotMs;
    return [...files].filter(
      (file) =>
        !file.isRemoved &&
        !file.isMissing &&
        (file.activeAt > since || file.size > file.position || file.checkedNs === undefined),
    );
  }

  return {
    async poll(isFinal) {
      isLogFull = false;
      const places = hotFiles().map(({ path, facts }) => ({
        path,
        session: facts.session,
        file: facts.names.at(-1)!,
      }));
      const scan = await tree.scan(places, isFinal);
      // A hard link is the same file once more.
      const seen = new Map(scan.files.map((each) => [each.identity, each]));
      if (scan.isWhole) {
        for (const file of files) {
          file.isMissing = !file.isRemoved && !seen.has(identityOfFacts(file.facts));
        }
      }
      const tasks: { path: string; run: () => Promise<number> }[] = [];
      for (const each of seen.values()) {
        const known = lastOf(each);
        if (known === undefined || !isIdle(each, known)) {
          tasks.push({ path: each.path, run: () => pollFile(each, isFinal) });
          continue;
        }
        noteName(known, each);
        if (known.handle !== undefined && performance.now() - known.activeAt > handleIdleMs) {
          tasks.push({ path: each.path, run: () => open.release(known).then(() => 0) });
        }
      }
      for (const file of files) {
        if (file.isMissing && !file.isRemoved) {
          tasks.push({ path: file.path, run: () => pollMissing(file) });
        }
      }
      let bytes = 0;
      const worker = async () => {
        for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
          try {
            bytes += await task.run();
          } catch (error) {
            isLogFull ||= error instanceof SegmentLogFullError;
            options.onFileError(task.path, error);
            if (isOutOfDescriptors(error)) {
              await open.holdFewer();
            }
          }
        }
      };
      tasks.reverse();
      await Promise.all(Array.from({ length: maxChunksAtOnce }, worker));
      return bytes;
    },
    files: () => [...files],
    unread: () => [...unread.values()],
    forget(some) {
      for (const file of some) {
        files.delete(file);
        if (latest.get(identityOfFacts(file.facts)) === file) {
          latest.delete(identityOfFacts(file.facts));
        }
      }
    },
    async close() {
      await Promise.all([...files].map((file) => open.release(file)));
    },
  };
}

const identityOfFacts = ({ device, inode, birth }: FileFacts) => identityOf(device, inode, birth);

function isIdle(seen: SeenFile, known: TrackedFile): boolean {
  return !known.isRemoved && seen.size === known.position && seen.changedNs === known.checkedNs;
}

function end(file: TrackedFile): void {
  file.isRemoved = true;
  file.isMissing = false;
  file.finalSha256 ??= file.readSha256;
}

function noteName(file: TrackedFile, seen: SeenFile): TrackedFile {
  file.path = seen.path;
  file.isMissing = false;
  if (file.facts.names.at(-1) !== seen.file) {
    file.facts.names = [...file.facts.names, seen.file];
  }
  return file;
}
