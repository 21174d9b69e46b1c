import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PriceServer, retailItem } from "../preview/priceServer";
import { runCli, shownProject } from "./runCli";

describe("mlp prices", () => {
  let dir: string;
  let server: PriceServer;
  const mlp = (...args: string[]) => runCli(args, { projectDir: dir, workingDir: dir });

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "mlplatform-cli-"));
    server = new PriceServer([retailItem({ retailPrice: 0.23 })]);
    await server.start();
  });

  afterEach(async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it("writes a dated file, says where, and names sizes without a price", async () => {
    const run = await mlp("prices", "update", "-r", "westeurope", "--endpoint", server.endpoint);
    const path = /westeurope: (.*\.json)\n$/.exec(run.stdout)?.[1];
    assert.match(path ?? run.stdout, /^\.mlplatform.prices.westeurope-\d{4}-\d{2}-\d{2}\.json$/);
    const table = JSON.parse(await readFile(join(dir, path!), "utf8"));
    assert.equal(table.prices["vm/Standard_D4s_v5"].amount, 0.23);
    assert.match(run.stderr, /^mlp: westeurope has no single price for Standard_/);
    assert.equal(run.code, 0);

    const shown = await mlp("prices", "show");
    assert.match(shown.stdout, /vm\/Standard_D4s_v5 +0\.23 +per hour +Virtual Machines Dsv5/);
  });

  it("takes the region from a stack's cluster, and the next preview has a price", async () => {
    const files = join(shownProject, ".mlplatform");
    try {
      const run = await runCli(["prices", "update", "-s", "dev", "--endpoint", server.endpoint]);
      assert.match(run.stdout, /prices in USD for westeurope: .*shown.\.mlplatform.prices/);
      const { stdout } = await runCli(["preview", "-s", "dev", "--no-policy"]);
      assert.match(
        stdout,
        /\nPrice a month in USD, list prices of \d{4}-\d{2}-\d{2} in westeurope/,
      );
      assert.match(stdout, /nodes of pool system \(vm\/Standard_D4ds_v5\)/);
    } finally {
      await rm(files, { recursive: true, force: true });
    }
  });

  it("writes nothing for a region that the list does not have", async () => {
    const run = await mlp("prices", "update", "-r", "atlantis", "--endpoint", server.endpoint);
    assert.equal(
      run.stderr,
      'mlp: the price list has no entry for the region "atlantis". Nothing was written; give ' +
        "an Azure region name such as westeurope.\n",
    );
    assert.equal(run.code, 2);
    assert.equal((await mlp("prices", "show")).code, 2);
  });

  it("refuses all wrong options at once", async () => {
    const run = await mlp("prices", "update", "--currency", "euro", "--endpoint", "prices");
    assert.deepEqual(run, {
      code: 2,
      stdout: "",
      stderr:
        "mlp: prices update needs either --stack or --region. Give one of them.\n" +
        'mlp: --currency is not a currency code, got "euro". Write it as USD.\n' +
        'mlp: --endpoint is not an address, got "prices". Write it with https://.\n',
    });
  });

  it("says what to run before prices were fetched", async () => {
    assert.deepEqual(await mlp("prices", "show", "--region", "westeurope"), {
      code: 2,
      stdout: "",
      stderr: 'mlp: no prices were fetched for the region "westeurope". Run `mlp prices update`.\n',
    });
  });
});
