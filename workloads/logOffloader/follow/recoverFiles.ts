import { decodeChunk } from "../state/logChunk";
import type { SegmentLog } from "@mlplatform/lake/segmentLog/segmentLog";
import type { Checkpoint } from "../state/checkpoint";
import { trackFrom, trackNew, type TrackedFile } from "./trackedFile";

/**
 * Where reading goes on after a restart: the checkpoint's positions, moved forward by the chunks
 * that wait in the log. Those bytes are durable, so they aren't read again even if their file is
 * still there.
 */
export async function recoverFiles(
  checkpoint: Checkpoint | undefined,
  log: SegmentLog,
): Promise<TrackedFile[]> {
  const files = (checkpoint?.files ?? []).map(trackFrom);
  const byUid = new Map(files.map((file) => [file.facts.uid, file]));
  for (const segment of log.sealed()) {
    for await (const { payload } of log.read(segment)) {
      const { chunk, bytes } = decodeChunk(payload);
      const end = chunk.start + bytes.length;
      let file = byUid.get(chunk.facts.uid);
      if (file === undefined) {
        file = trackNew(chunk.facts, "");
        byUid.set(chunk.facts.uid, file);
        files.push(file);
      }
      if (end > file.position) {
        file.facts = chunk.facts;
        file.position = end;
        file.size = end;
        file.line = chunk.line + chunk.lines;
        file.hash = undefined;
        file.sums = undefined;
        file.readSha256 = chunk.sha256;
      }
    }
  }
  return files;
}
