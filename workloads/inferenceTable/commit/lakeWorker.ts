import { promises as fs } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { openParquetEngine } from "@mlplatform/lake/duckdb/parquetEngine";
import { removeTemporaryFiles } from "@mlplatform/lake/segmentLog/durableFile";
import { makeMutex } from "@mlplatform/lake/service/mutex";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { openObjectStore } from "@mlplatform/lake/store/objectStore";
import { makeCommitter } from "./committer";
import { makeCompactor } from "../maintain/compactor";
import type { LakeMessage, LakeReply, LakeThreadOptions } from "./lakeThread";
import { quarantineNamespace } from "../intake/inferenceEvent";
import { engineMemoryMib, isPastPairing, makePairer } from "../pair/pairer";
import { deleteExpired } from "../maintain/retention";

// The thread that reads the log and writes the lake. Building rows and Parquet costs as much as
// taking the events; on the thread that answers it would be felt in every acknowledgement.

const cacheBytes = 1 << 30;

async function main(options: LakeThreadOptions): Promise<void> {
  const port = parentPort!;
  const reply = (message: LakeReply) => port.postMessage(message);
  const { stateDirectory } = options;
  const workDirectory = join(stateDirectory, "work");
  await fs.mkdir(workDirectory, { recursive: true, mode: 0o700 });
  await removeTemporaryFiles(workDirectory);
  const store = openObjectStore({
    ...options.lake,
    onRetry: (_what, code) => reply({ kind: "retry", code }),
  });
  const pairEngine = await openParquetEngine({
    temporaryDirectory: join(workDirectory, "spill-pair"),
    memoryMiB: engineMemoryMib,
  });
  const committer = makeCommitter({
    store,
    writer: options.writer,
    blobDirectory: options.blobDirectory,
  });
  const inTurn = makeMutex();
  const pairer = makePairer({
    store,
    cache: await openObjectCache({
      store,
      directory: join(stateDirectory, "cache"),
      maxBytes: cacheBytes,
    }),
    engine: pairEngine,
    workDirectory,
    graceMs: options.pairGraceMs,
    replica: options.replica,
    inTurn,
    onPaired: (rows) => reply({ kind: "paired", rows }),
  });
  const compactor = makeCompactor({
    store,
    engine: pairEngine,
    workDirectory,
    targetBytes: options.compactBytes,
    graceMs: options.compactGraceMs,
    replica: options.replica,
    inTurn,
    pairLate: pairer.pairLate,
  });

  async function handle(message: LakeMessage): Promise<unknown> {
    switch (message.kind) {
      case "commit": {
        const committed = await committer.commit(message.segment);
        // Before the segment goes: readers trust the pairs of an hour that is long over.
        for (const { namespace, start } of committed.hours) {
          if (isPastPairing(start, Date.now()) && namespace !== quarantineNamespace) {
            await pairer.pairLate(namespace, start);
          }
        }
        return committed;
      }
      case "pair":
        return pairer.pairDue(message.now, message.includeOpen);
      case "expire":
        return deleteExpired(store, options.retention, message.now);
      case "compact":
        return compactor.compactDue(message.now);
      case "stopCompacting":
        return compactor.stop();
      case "close":
        pairEngine.close();
        store.close();
        return undefined;
    }
  }

  port.on("message", ({ id, ...message }: LakeMessage & { id: number }) => {
    handle(message as LakeMessage).then(
      (result) => reply({ kind: "done", id, result }),
      (error: unknown) =>
        reply({
          kind: "failed",
          id,
          message: error instanceof Error ? error.message : String(error),
        }),
    );
  });
  reply({ kind: "ready" });
}

main(workerData as LakeThreadOptions).catch((error: unknown) => {
  // The thread's end is heard by its owner, with this error.
  throw error;
});
