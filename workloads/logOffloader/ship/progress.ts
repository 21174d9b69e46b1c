import {
  type ManifestFile,
  ManifestStatus,
  type RayLogManifest,
} from "@mlplatform/lake/rayLogs/rayLogManifest";
import type { RayLogOrigin } from "@mlplatform/lake/rayLogs/rayLogPart";
import { describeError } from "@mlplatform/lake/service/logLine";
import { type Checkpoint, type FileCheckpoint, writeCheckpoint } from "../state/checkpoint";
import { foldLives } from "./foldLives";
import type { ShippedChunk } from "./shipper";
import type { Tailer, UnreadFile } from "../follow/tailer";
import { sha256OfRead, type TrackedFile } from "../follow/trackedFile";

/** What the progress is of. */
export interface ProgressOptions {
  stateDirectory: string;
  origin: RayLogOrigin;
  writer: string;
  uidSalt: string | undefined;
  /** The state of the run before. */
  earlier: Checkpoint | undefined;
  tailer: Tailer;
}

/** How far each file is in the lake: the checkpoint, and the manifest made from it. */
export interface Progress {
  /** The name of the parts' writer; part of the manifest. */
  writer: string;
  /**
   * Takes chunks as committed and makes that durable. Returns the bytes that are new in the lake.
   */
  move(chunks: readonly ShippedChunk[]): Promise<number>;
  save(): Promise<void>;
  manifest(status: ManifestStatus, files: ManifestFile[]): RayLogManifest;
  manifestFiles(): Promise<ManifestFile[]>;
  /** Bytes in files that are not in the lake. */
  waitingBytes(): number;
  /** Whether bytes of a file that is on the disk weren't read yet. */
  isBehind(): boolean;
}

/** Goes on from the state of the run before. */
export function makeProgress(options: ProgressOptions): Progress {
  const { stateDirectory, origin, earlier, tailer } = options;
  let files = new Map((earlier?.files ?? []).map((file) => [file.facts.uid, file]));
  const checkpoint: Checkpoint = {
    version: 1,
    origin,
    openedAt: earlier?.openedAt ?? new Date().toISOString(),
    files: [],
    earlierLives: earlier?.earlierLives ?? [],
    ...(options.uidSalt === undefined ? {} : { uidSalt: options.uidSalt }),
  };
  const committedOf = ({ facts }: TrackedFile) => files.get(facts.uid)?.committed ?? 0;

  async function save(): Promise<void> {
    checkpoint.files = [...files.values()];
    await writeCheckpoint(stateDirectory, checkpoint);
  }

  function take({ chunk, end }: ShippedChunk): number {
    const { facts, start, line, lines, sha256 } = chunk;
    const before = files.get(facts.uid)?.committed ?? 0;
    if (end <= before) {
      return 0;
    }
    const place = { committed: end, line: line + lines, readSha256: sha256 };
    files.set(facts.uid, { facts, ...place, sha256: null, isRemoved: false });
    return end - Math.max(before, start);
  }

  // Names, and which files are gone, change without a byte.
  function followTailer(): void {
    const tracked = new Map(tailer.files().map((file) => [file.facts.uid, file]));
    for (const file of files.values()) {
      const now = tracked.get(file.facts.uid);
      if (now !== undefined) {
        file.facts = { ...now.facts };
        file.isRemoved = now.isRemoved && now.position === file.committed;
        file.sha256 = file.isRemoved ? now.finalSha256 : null;
      }
    }
    const {
      files: kept,
      earlier: lives,
      folded,
    } = foldLives([...files.values()], checkpoint.earlierLives);
    if (folded.length > 0) {
      files = new Map(kept.map((file) => [file.facts.uid, file]));
      checkpoint.earlierLives = lives;
      const known = folded.map(({ facts }) => tracked.get(facts.uid));
      tailer.forget(known.filter((file) => file !== undefined));
    }
  }

  const progress: Progress = {
    writer: options.writer,
    async move(chunks) {
      const bytes = chunks.reduce((sum, chunk) => sum + take(chunk), 0);
      followTailer();
      await save();
      return bytes;
    },
    save,
    manifest(status, manifestFiles) {
      const now = new Date().toISOString();
      return {
        version: 1,
        status,
        ...origin,
        writer: progress.writer,
        openedAt: checkpoint.openedAt,
        seenAt: now,
        finalAt: status === ManifestStatus.Final ? now : null,
        files: manifestFiles,
        earlierLives: checkpoint.earlierLives,
      };
    },
    async manifestFiles() {
      const entries = tailer.unread().map(unreadFile);
      // One after the other: each may have to be opened and read once more.
      for (const file of tailer.files()) {
        entries.push(await manifestFile(file, files.get(file.facts.uid)));
      }
      return entries;
    },
    waitingBytes: () =>
      tailer.files().reduce((sum, file) => sum + Math.max(0, file.size - committedOf(file)), 0),
    isBehind: () =>
      tailer.files().some(({ size, position, isRemoved }) => !isRemoved && position < size),
  };
  return progress;
}

function unreadFile({ uid, session, file, size }: UnreadFile): ManifestFile {
  return {
    uid,
    file,
    names: [file],
    session,
    size,
    bytesCommitted: 0,
    sha256: null,
    sha256Reason: "nothing of the file could be read",
    isRemoved: false,
  };
}

async function manifestFile(
  file: TrackedFile,
  checkpoint: FileCheckpoint | undefined,
): Promise<ManifestFile> {
  const { uid, names, session, file: name } = file.facts;
  const committed = checkpoint?.committed ?? 0;
  let sha256: string | null = null;
  let reason = "bytes that were read are not in the lake";
  if (committed === file.position) {
    reason = "the file was gone before it could be read again after a restart";
    try {
      sha256 = await sha256OfRead(file);
    } catch (error) {
      // Its bytes are in the lake: a hash that can't be had is no reason to leave the node open.
      reason = `the file could not be read again: ${describeError(error)}`;
    }
  }
  return {
    uid,
    file: name,
    names,
    session,
    size: Math.max(file.size, file.position),
    bytesCommitted: committed,
    sha256,
    ...(sha256 === null ? { sha256Reason: reason } : {}),
    isRemoved: file.isRemoved,
  };
}
