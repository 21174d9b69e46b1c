import { extname, join } from "node:path";
import { Worker } from "node:worker_threads";
import type { SealedSegment } from "@mlplatform/lake/segmentLog/segmentFile";
import type { ObjectStoreOptions } from "@mlplatform/lake/store/objectStore";
import type { CommittedSegment } from "./committer";
import type { Replica } from "../pair/replica";
import type { Compacted } from "../maintain/compactor";
import type { Retention } from "../maintain/retention";

/** What the thread starts with. */
export interface LakeThreadOptions {
  lake: ObjectStoreOptions;
  stateDirectory: string;
  blobDirectory: string;
  writer: string;
  pairGraceMs: number;
  replica: Replica;
  retention: Retention;
  compactBytes: number;
  compactGraceMs: number;
}

/** What the thread is asked. */
export type LakeMessage =
  | { kind: "commit"; segment: SealedSegment }
  | { kind: "pair"; now: number; includeOpen: boolean }
  | { kind: "expire"; now: number }
  | { kind: "compact"; now: number }
  | { kind: "stopCompacting" }
  | { kind: "close" };

/** What the thread says. */
export type LakeReply =
  | { kind: "ready" }
  | { kind: "done"; id: number; result: unknown }
  | { kind: "failed"; id: number; message: string }
  | { kind: "retry"; code: string }
  | { kind: "paired"; rows: number };

/** What the thread reports by itself. */
export interface LakeThreadEvents {
  onRetry: (code: string) => void;
  onPaired: (rows: number) => void;
}

/** The thread that writes the lake. */
export interface LakeThread {
  commit(segment: SealedSegment): Promise<CommittedSegment>;
  /**
   * Pairs what is due. `includeOpen`: the current hour too, at shutdown. Returns the rows written.
   */
  pair(now: number, includeOpen: boolean): Promise<number>;
  /** Deletes what is kept no longer. Returns the number of objects. */
  expire(now: number): Promise<number>;
  /** Merges parts of events of hours that are long over. */
  compact(now: number): Promise<Compacted>;
  /** Ends a merging run soon; `compact` resolves with what it did. */
  stopCompacting(): Promise<void>;
  close(): Promise<void>;
}

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/**
 * Starts the thread. One that dies fails what it was asked and is started again with the next
 * question: whatever it was doing can be repeated.
 */
export function startLakeThread(options: LakeThreadOptions, events: LakeThreadEvents): LakeThread {
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let worker: Worker | undefined;

  function start(): Worker {
    // The source beside this one, or the bundle beside the bundle.
    const file = join(__dirname, `lakeWorker${extname(__filename)}`);
    const started = new Worker(file, { workerData: options });
    const fail = (error: Error) => {
      if (worker === started) {
        worker = undefined;
        [...waiting.values()].forEach(({ reject }) => reject(error));
        waiting.clear();
      }
    };
    started.on("error", (error: Error) => fail(error));
    started.on("exit", (code) =>
      fail(new Error(`the thread that writes the lake ended with ${code}`)),
    );
    started.on("message", (reply: LakeReply) => {
      if (reply.kind === "retry") {
        events.onRetry(reply.code);
      } else if (reply.kind === "paired") {
        events.onPaired(reply.rows);
      } else if (reply.kind !== "ready") {
        const asked = waiting.get(reply.id);
        waiting.delete(reply.id);
        if (reply.kind === "done") {
          asked?.resolve(reply.result);
        } else {
          asked?.reject(new Error(reply.message));
        }
      }
    });
    return started;
  }

  function ask(message: LakeMessage): Promise<unknown> {
    worker ??= start();
    const id = nextId++;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker!.postMessage({ ...message, id });
    });
  }

  return {
    commit: async (segment) => (await ask({ kind: "commit", segment })) as CommittedSegment,
    pair: async (now, includeOpen) => (await ask({ kind: "pair", now, includeOpen })) as number,
    expire: async (now) => (await ask({ kind: "expire", now })) as number,
    compact: async (now) => (await ask({ kind: "compact", now })) as Compacted,
    stopCompacting: async () => void (await ask({ kind: "stopCompacting" })),
    async close() {
      await ask({ kind: "close" });
      const ending = worker!;
      worker = undefined;
      await ending.terminate();
    },
  };
}
