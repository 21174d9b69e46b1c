import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLake } from "@mlplatform/lake/ask/lake";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { openObjectStore } from "@mlplatform/lake/store/objectStore";
import { startChildService } from "../lake/testbed/childService";
import { startSeaweedfs } from "../lake/testbed/objectStores";
import { seededRandom } from "../lake/testbed/seededRandom";
import { killAtRandom } from "./testbed/killing";
import { identity, predictions, type SentEvent, storedIdentities } from "./testbed/tableClient";

const kills = Number(process.env["MLP_SOAK_KILLS"] ?? 200);

describe("inference table, killed again and again", function () {
  this.timeout(3_600_000);

  it(`has all that was acknowledged over ${kills} kills, each once`, async () => {
    const seed = Number(process.env["MLP_TEST_SEED"] ?? randomInt(2 ** 31));
    console.log(`      MLP_TEST_SEED=${seed}`);
    const random = seededRandom(seed);
    const server = await startSeaweedfs();
    const folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-killing-"));
    const store = openObjectStore(server.options);
    const start = async () => {
      const service = startChildService("inferenceTable", {
        ...server.environment,
        MLP_STATE_DIR: join(folder, "state"),
        MLP_PORT: "0",
        MLP_COMMIT_INTERVAL_MS: "100",
      });
      return { service, url: await service.waitFor(/listening on (http:[^"]+)/) };
    };
    try {
      const acknowledged: SentEvent[] = [];
      for (let kill = 0; kill < kills; kill++) {
        const { service, url } = await start();
        await killAtRandom(service, url, predictions(4_000, `k${kill}`), acknowledged, 64, random);
      }
      const last = await start();
      assert.equal((await last.service.end("SIGTERM")).code, 0);
      const cache = await openObjectCache({ store, directory: join(folder, "cache") });
      const lake = openLake({ store, cache });
      const stored = new Set(await storedIdentities(lake));
      assert.deepEqual(
        acknowledged.map(identity).filter((each) => !stored.has(each)),
        [],
        "acknowledged and lost",
      );
      const { rows } = await lake.query(
        "SELECT count(*) - count(DISTINCT request_id) AS repeated, count(*) AS n FROM inferences",
      );
      assert.equal(rows[0]!["repeated"], 0n);
      console.log(
        `      ${kills} kills, ${acknowledged.length} events acknowledged, ${rows[0]!["n"]} ` +
          "predictions",
      );
    } finally {
      store.close();
      await server.stop();
      await fs.rm(folder, { recursive: true, force: true });
    }
  });
});
