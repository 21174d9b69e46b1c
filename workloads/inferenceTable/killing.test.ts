import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { useServiceBed } from "../lake/testbed/serviceBed";
import { seededRandom } from "../lake/testbed/seededRandom";
import { killAtRandom } from "./testbed/killing";
import {
  eventHeaders,
  identity,
  postBytes,
  predictions,
  sendAll,
  type SentEvent,
  storedIdentities,
} from "./testbed/tableClient";

const writers = 64;
const kills = 25;

describe("inference table under kill -9", function () {
  this.timeout(300_000);
  const bed = useServiceBed("inferenceTable");
  const start = (env: NodeJS.ProcessEnv = {}) =>
    bed.start({ MLP_COMMIT_INTERVAL_MS: "100", ...env });

  async function assertWhole(acknowledged: SentEvent[]): Promise<void> {
    const stored = new Set(await storedIdentities(bed.lake));
    assert.deepEqual(
      acknowledged.map(identity).filter((each) => !stored.has(each)),
      [],
      "acknowledged and lost",
    );
    const { rows: places } = await bed.lake.query(
      "SELECT count(*) - count(DISTINCT (writer, sequence, frame)) AS repeated FROM " +
        "inferences_events",
    );
    assert.deepEqual(places, [{ repeated: 0n }]);
    const { rows } = await bed.lake.query(
      "SELECT count(*) - count(DISTINCT request_id) AS repeated, count(*) FILTER (status = " +
        "'ok') AS ok FROM inferences",
    );
    assert.equal(rows[0]!["repeated"], 0n, "a prediction has two rows");
    const ids = new Map<string, number>();
    acknowledged.forEach(({ id }) => ids.set(id, (ids.get(id) ?? 0) + 1));
    const whole = [...ids.values()].filter((count) => count === 2).length;
    assert.ok(Number(rows[0]!["ok"]) >= whole, `${whole} predictions were acknowledged whole`);
  }

  it(
    `loses nothing that was acknowledged over ${kills} kills at random points, and doubles ` +
      "nothing",
    async () => {
      const seed = Number(process.env["MLP_TEST_SEED"] ?? 20261126);
      const random = seededRandom(seed);
      const acknowledged: SentEvent[] = [];
      for (let kill = 0; kill < kills; kill++) {
        const url = await start();
        await killAtRandom(
          bed.service,
          url,
          predictions(4_000, `k${kill}`),
          acknowledged,
          writers,
          random,
        );
      }
      assert.ok(
        acknowledged.length > kills * 50,
        `${acknowledged.length} acknowledged; seed ${seed}`,
      );
      await start();
      assert.equal((await bed.service.end("SIGTERM")).code, 0);
      await assertWhole(acknowledged);
    },
  );

  for (const step of [
    "log.written:3",
    "log.synced:3",
    "commit.written:2",
    "commit.put:2",
    "commit.blobPut",
  ]) {
    it(`loses and doubles nothing when it is killed at ${step} with ${writers} writers`, async () => {
      const acknowledged: SentEvent[] = [];
      const url = await start({ MLP_FAILPOINT: step, MLP_INLINE_MIB: "1" });
      const events = predictions(3_000);
      // One that becomes a file: its object is a step of its own.
      const large = { id: "large", type: "request" as const, body: Buffer.alloc(2 << 20, "x") };
      const ended = new Promise((resolve) => bed.service.child.once("close", resolve));
      await postBytes(url, eventHeaders(large), large.body).then(
        (status) => status === 202 && acknowledged.push(large),
        () => undefined,
      );
      await sendAll(url, events, acknowledged, writers).catch(() => undefined);
      await ended;
      assert.equal(bed.service.child.signalCode, "SIGKILL");
      await start({ MLP_INLINE_MIB: "1" });
      assert.equal((await bed.service.end("SIGTERM")).code, 0);
      const { rows } = await bed.lake.query(
        "SELECT body_object FROM inferences_events WHERE body_object IS NOT NULL",
      );
      for (const row of rows) {
        assert.deepEqual(await bed.store.get(String(row["body_object"])), large.body);
      }
      assert.equal(rows.length, acknowledged.includes(large) ? 1 : 0);
      assert.deepEqual(
        await fs.readdir(join(bed.folder, "state", "blobs")),
        [],
        "files of bodies are gone",
      );
      await assertWhole(acknowledged.filter((event) => event !== large));
    });
  }

  for (const step of ["pair.written", "pair.put", "pair.idsPut"]) {
    it(`loses and doubles nothing when it is killed at ${step} while it drains`, async () => {
      const acknowledged: SentEvent[] = [];
      const url = await start({ MLP_FAILPOINT: step });
      await sendAll(url, predictions(500), acknowledged, writers);
      assert.equal((await bed.service.end("SIGTERM")).signal, "SIGKILL");
      await start();
      assert.equal((await bed.service.end("SIGTERM")).code, 0);
      assert.equal(acknowledged.length, 1000);
      await assertWhole(acknowledged);
    });
  }

  it("writes over nothing when its disk is lost", async () => {
    const acknowledged: SentEvent[] = [];
    const keys = async () => {
      const found: string[] = [];
      for await (const page of bed.store.listPages("inferences/events/")) {
        found.push(...page.map(({ key, etag }) => `${key} ${etag}`));
      }
      return found;
    };
    await sendAll(await start(), predictions(50, "first"), acknowledged);
    await bed.service.end("SIGTERM");
    const before = await keys();
    await fs.rm(join(bed.folder, "state"), { recursive: true });
    await sendAll(await start(), predictions(50, "second"), acknowledged);
    await bed.service.end("SIGTERM");
    const after = new Set(await keys());
    assert.ok(before.length > 0 && after.size > before.length);
    assert.deepEqual(
      before.filter((key) => !after.has(key)),
      [],
    );
    await assertWhole(acknowledged);
  });
});
