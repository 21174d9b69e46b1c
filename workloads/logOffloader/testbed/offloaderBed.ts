import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  lakeVariables,
  logOffloaderVariables,
  serviceVariables,
} from "@mlplatform/contracts/environment";
import { type Lake, openLake } from "@mlplatform/lake/ask/lake";
import { getRayLogManifest } from "@mlplatform/lake/rayLogs/rayLogManifest";
import { listRayLogClusters, type StoredCluster } from "@mlplatform/lake/rayLogs/rayLogClusters";
import { readLogFile } from "@mlplatform/lake/ask/logFiles";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { type ObjectStore, openObjectStore } from "@mlplatform/lake/store/objectStore";
import { type ChildService, startChildService } from "../../lake/testbed/childService";
import { freePorts } from "../../lake/testbed/freePorts";
import type { TestStore } from "../../lake/testbed/objectStores";

// Generous: two slow cores that others use too.
const storedWithinMs = 180_000;

/**
 * The real offloader on a folder and a cluster of its own, so that many run beside each other on
 * one store.
 */
export interface OffloaderBed {
  node: { namespace: string; cluster: string; node: string };
  folder: string;
  /** Ray's folder of the one session that is there from the beginning. */
  logs: string;
  state: string;
  store: ObjectStore;
  lake: Lake;
  /** Starts it; `through` as in `startChildService`. */
  launch(env?: NodeJS.ProcessEnv, through?: readonly string[]): ChildService;
  /** The one started last. */
  service(): ChildService;
  /** Ends it by SIGTERM; fails where it didn't end well. */
  drain(): Promise<void>;
  /** Waits until the lake has as many bytes of the files whose name is `name`, or of all. */
  waitForStored(bytes: number, name?: string): Promise<void>;
  /**
   * Waits until it knows that as many bytes are in the lake: later than the lake itself, where an
   * answer is late.
   */
  waitForCommitted(bytes: number): Promise<void>;
  /** Value of one of its metrics: all samples of the name, added. */
  metric(name: string): Promise<number>;
  /** All lives of a file in the lake, oldest first by the manifest's order. */
  livesOf(name: string): Promise<Buffer[]>;
  /** The file has one life, with exactly these bytes; no key is there twice. */
  expectWhole(name: string, expected: Buffer): Promise<void>;
  /** The cluster as the lake has it. */
  cluster(now?: number): Promise<StoredCluster>;
  end(): Promise<void>;
}

let beds = 0;

/** Makes a bed on a store that may be reached elsewhere than the offloader does: `environment`. */
export async function makeOffloaderBed(
  server: TestStore,
  environment: NodeJS.ProcessEnv = {},
): Promise<OffloaderBed> {
  beds += 1;
  const node = { namespace: "churn", cluster: `faulty-${beds}`, node: "head" };
  const folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-faults-"));
  const logs = join(folder, "ray", "session_2026-11-23_10-00-00_000001_1", "logs");
  const state = join(folder, "state");
  await fs.mkdir(logs, { recursive: true });
  const bucket = environment[lakeVariables.bucket] ?? server.options.bucket;
  const store = openObjectStore({ ...server.options, bucket });
  const cache = await openObjectCache({ store, directory: join(folder, "cache") });
  const lake = openLake({ store, cache });
  const [port] = await freePorts(1);
  let service: ChildService | undefined;

  async function storedBytes(name: string | undefined): Promise<number> {
    const { rows } = await lake.query(
      `SELECT coalesce(sum(byte_end - byte_start), 0)::BIGINT AS n FROM raylogs
       WHERE $name IS NULL OR file = $name`,
      node,
      { name: name ?? null },
    );
    return Number(rows[0]!["n"]);
  }

  async function waitFor(bytes: number, count: () => Promise<number>): Promise<void> {
    const until = performance.now() + storedWithinMs;
    for (let stored = await count(); stored < bytes; stored = await count()) {
      const text = `${stored} of ${bytes} bytes are in the lake; it said ${service!.output()}`;
      assert.ok(performance.now() < until, text);
      await sleep(200);
    }
  }

  async function metricsText(): Promise<string> {
    const until = performance.now() + storedWithinMs;
    for (;;) {
      try {
        return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      } catch (error) {
        // It says that it follows files before it listens.
        assert.ok(performance.now() < until, `${String(error)}; it said ${service!.output()}`);
        await sleep(50);
      }
    }
  }

  const bed: OffloaderBed = {
    node,
    folder,
    logs,
    state,
    store,
    lake,
    launch(env = {}, through = []) {
      service = startChildService(
        "logOffloader",
        {
          ...server.environment,
          [logOffloaderVariables.namespace]: node.namespace,
          [logOffloaderVariables.cluster]: node.cluster,
          [logOffloaderVariables.node]: node.node,
          [logOffloaderVariables.role]: "head",
          [logOffloaderVariables.rayDirectory]: join(folder, "ray"),
          [serviceVariables.stateDirectory]: state,
          [serviceVariables.port]: String(port),
          MLP_POLL_INTERVAL_MS: "50",
          MLP_SHIP_INTERVAL_MS: "300",
          ...environment,
          ...env,
        },
        through,
      );
      return service;
    },
    service: () => service!,
    async drain() {
      const { code } = await service!.end("SIGTERM");
      assert.equal(code, 0, service!.output());
    },
    waitForStored: (bytes, name) => waitFor(bytes, () => storedBytes(name)),
    waitForCommitted: (bytes) =>
      waitFor(bytes, () => bed.metric("log_offloader_committed_bytes_total")),
    async metric(name) {
      const text = await metricsText();
      const samples = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))];
      assert.ok(samples.length > 0, `there is no ${name} in ${text}`);
      return samples.reduce((sum, [, value]) => sum + Number(value), 0);
    },
    async livesOf(name) {
      const { files } = await getRayLogManifest(store, node);
      const lives: Buffer[] = [];
      for (const { uid, file, size, bytesCommitted } of files) {
        if (file === name) {
          assert.equal(size, bytesCommitted, name);
          const pieces: Buffer[] = [];
          for await (const bytes of readLogFile(lake, node, { node: node.node, uid })) {
            pieces.push(bytes);
          }
          lives.push(Buffer.concat(pieces));
        }
      }
      return lives;
    },
    async expectWhole(name, expected) {
      const lives = await bed.livesOf(name);
      assert.deepEqual(
        lives.map((life) => [life.length, sha256(life)]),
        [[expected.length, sha256(expected)]],
        name,
      );
      const { rows } = await lake.query(
        `SELECT count(*) - count(DISTINCT (node, file_uid, byte_start)) AS repeated FROM raylogs`,
        node,
      );
      assert.deepEqual(rows, [{ repeated: 0n }]);
      assert.equal((await bed.cluster()).isComplete, true);
    },
    async cluster(now) {
      const [cluster] = await listRayLogClusters(store, node, now);
      return cluster!;
    },
    async end() {
      await service?.end("SIGKILL");
      store.close();
      await fs.rm(folder, { recursive: true, force: true });
    },
  };
  return bed;
}

/** The hash that a manifest has. */
export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
