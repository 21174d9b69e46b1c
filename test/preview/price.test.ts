import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { computeCapacity } from "../../preview/capacity/computeCapacity";
import { UserError } from "../../screen/userError";
import { computePrice } from "../../preview/prices/computePrice";
import {
  type PriceTable,
  loadPrices,
  priceFolder,
  savePrices,
} from "../../preview/prices/priceTable";
import { fetchPrices } from "../../preview/prices/updatePrices";
import { PriceServer, retailItem } from "./priceServer";
import { cluster, registered, testSizes, userPool } from "./registered";

const disk = (sku: string, retailPrice: number, change: object = {}) =>
  retailItem({
    retailPrice,
    serviceName: "Storage",
    productName: sku.startsWith("P") ? "Premium SSD Managed Disks" : "Standard SSD Managed Disks",
    skuName: sku,
    meterName: `${sku} Disk`,
    unitOfMeasure: "1/Month",
    armSkuName: "",
    ...change,
  });
const items = [
  retailItem({ retailPrice: 0.23 }),
  retailItem({ retailPrice: 0.05, skuName: "D4s v5 Spot", meterName: "D4s v5 Spot" }),
  retailItem({ retailPrice: 0.04, skuName: "D4s v5 Low Priority" }),
  retailItem({ retailPrice: 0.41, productName: "Virtual Machines Dsv5 Series Windows" }),
  retailItem({ retailPrice: 0.12, type: "Reservation" }),
  retailItem({ retailPrice: 9, armRegionName: "eastus" }),
  disk("P10 LRS", 21.68),
  disk("P10 LRS", 1.8, { meterName: "P10 LRS Disk Mount" }),
  disk("E10 ZRS", 14.4),
  disk("E10 LRS", 0.002, { meterName: "E10 LRS Disk Operations", unitOfMeasure: "10K" }),
  retailItem({
    serviceName: "Azure Kubernetes Service",
    productName: "Azure Kubernetes Service",
    meterName: "Standard Uptime SLA",
    retailPrice: 0.1,
  }),
  retailItem({
    serviceName: "Container Registry",
    productName: "Container Registry",
    meterName: "Basic Registry Unit",
    unitOfMeasure: "1/Day",
    retailPrice: 0.1666,
  }),
];

describe("price list: update", () => {
  let server: PriceServer;
  const update = (change: Partial<Parameters<typeof fetchPrices>[0]> = {}) =>
    fetchPrices({
      region: "westeurope",
      vmSizes: ["Standard_D4s_v5"],
      endpoint: server.endpoint,
      retryDelayMs: 1,
      now: new Date("2026-11-23T12:00:00Z"),
      ...change,
    });
  const failure = async (change?: Parameters<typeof update>[0]): Promise<string> => {
    try {
      await update(change);
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
      return error.message;
    }
    return assert.fail("prices were fetched");
  };

  beforeEach(async () => {
    server = new PriceServer(items);
    await server.start();
  });

  afterEach(() => server.stop());

  it("reads all pages and keeps Linux, spot, disks, the AKS tier and registries", async () => {
    const table = await update();
    assert.deepEqual(
      Object.entries(table.prices).map(([key, { amount, unit }]) => [key, amount, unit]),
      [
        ["aks/Standard", 0.1, "hour"],
        ["disk/E10 ZRS", 14.4, "month"],
        ["disk/P10 LRS", 21.68, "month"],
        ["registry/Basic", 0.1666, "day"],
        ["spot/Standard_D4s_v5", 0.05, "hour"],
        ["vm/Standard_D4s_v5", 0.23, "hour"],
      ],
    );
    assert.deepEqual(table.missing, []);
    assert.equal(table.fetchedAt, "2026-11-23T12:00:00.000Z");
  });

  it("names the sizes that the region does not have", async () => {
    const table = await update({ vmSizes: ["Standard_D4s_v5", "Standard_NC24ads_A100_v4"] });
    assert.deepEqual(table.missing, [
      "vm/Standard_NC24ads_A100_v4",
      "spot/Standard_NC24ads_A100_v4",
    ]);
  });

  it("takes two different prices of one size for none", async () => {
    await server.stop();
    server = new PriceServer([...items, retailItem({ retailPrice: 0.25 })]);
    await server.start();
    const table = await update();
    assert.deepEqual(table.missing, ["vm/Standard_D4s_v5"]);
    assert.equal(table.prices["vm/Standard_D4s_v5"], undefined);
  });

  it("asks for many sizes in several requests", async () => {
    await update({ vmSizes: Array.from({ length: 30 }, (_, index) => `Standard_D${index}`) });
    const machines = server.filters.filter((filter) => filter.includes("Virtual Machines"));
    assert.deepEqual(
      machines.map((filter) => filter.split(" or ").length),
      [12, 12, 6],
    );
  });

  it("waits and asks again when it is told to slow down", async () => {
    server.refusals.push({ status: 429, headers: { "retry-after": "0" } }, { status: 503 });
    assert.equal((await update()).prices["vm/Standard_D4s_v5"]!.amount, 0.23);
  });

  it("gives up after some refusals and repeats what the server said", async () => {
    server.refusals.push(...Array.from({ length: 3 }, () => ({ status: 429, body: "slow down" })));
    assert.equal(
      await failure({ retries: 2 }),
      `Price list: ${new URL(server.endpoint).origin} gave no prices after 3 attempts: HTTP ` +
        "429, slow down. Try again in some minutes; prices fetched before stay in use.",
    );
  });

  it("does not repeat a request that the server calls wrong", async () => {
    server.refusals.push({ status: 400, body: "Invalid OData parameters" });
    assert.match(await failure(), /after 1 attempt: HTTP 400, Invalid OData parameters/);
  });

  it("ends a silent request after the timeout", async () => {
    server.refusals.push({ status: 0, silent: true });
    assert.match(await failure({ retries: 0, timeoutMs: 50 }), /: no answer within 50 ms\./);
  });

  it("says what it needs where nothing answers", async () => {
    const free = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => free.once("listening", done));
    const { port } = free.address() as { port: number };
    await new Promise((done) => free.close(done));
    assert.equal(
      await failure({ retries: 0, endpoint: `http://127.0.0.1:${port}/prices` }),
      `Price list: http://127.0.0.1:${port} gave no prices after 1 attempt: ECONNREFUSED. ` +
        "This command needs the internet: check the connection, and behind a proxy set " +
        "HTTPS_PROXY and NODE_USE_ENV_PROXY=1.",
    );
  });

  it("does not follow a next page to another host", async () => {
    server.linkOrigin = "http://elsewhere.example";
    assert.match(await failure(), /the next page is at http:\/\/elsewhere\.example/);
  });

  it("stops when it is interrupted", async () => {
    server.refusals.push({ status: 0, silent: true });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 20);
    await assert.rejects(update({ signal: abort.signal }), { name: "AbortError" });
  });
});

describe("price list: files", () => {
  let dir: string;
  const table = (fetchedAt: string): PriceTable => ({
    region: "westeurope",
    currency: "USD",
    fetchedAt,
    source: "test",
    prices: {},
    missing: [],
  });

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "mlplatform-prices-"));
  });

  afterEach(() => rm(dir, { recursive: true, force: true }));

  it("loads the newest table of the region", async () => {
    await savePrices(dir, table("2026-11-23T10:00:00Z"));
    await savePrices(dir, table("2026-10-30T10:00:00Z"));
    await savePrices(dir, { ...table("2026-12-01T10:00:00Z"), region: "westeurope2" });
    assert.equal((await loadPrices(dir, "westeurope"))!.fetchedAt, "2026-11-23T10:00:00Z");
  });

  it("has no table before one was fetched", async () => {
    assert.equal(await loadPrices(dir, "westeurope"), undefined);
  });

  it("names a broken file and the remedy", async () => {
    const path = await savePrices(dir, table("2026-11-23T10:00:00Z"));
    await writeFile(path, "{");
    await assert.rejects(loadPrices(dir, "westeurope"), (error: Error) => {
      assert.ok(error.message.startsWith(join(dir, priceFolder, "westeurope-2026-11-23.json")));
      assert.match(error.message, /Delete the file and run `mlp prices update`/);
      return true;
    });
  });
});

describe("price of a stack", () => {
  const price = (key: string, amount: number, unit: "hour" | "day" | "month") => ({
    [key]: { amount, unit, meterId: "", meterName: "", productName: "" },
  });
  const table: PriceTable = {
    region: "westeurope",
    currency: "USD",
    fetchedAt: "2026-11-23T12:00:00Z",
    source: "test",
    prices: {
      ...price("vm/Standard_D4s_v5", 0.2, "hour"),
      ...price("vm/Standard_D8ds_v5", 0.5, "hour"),
      ...price("spot/Standard_D8ds_v5", 0.1, "hour"),
      ...price("disk/P10 LRS", 20, "month"),
      ...price("disk/E15 ZRS", 30, "month"),
      ...price("disk/E15 LRS", 24, "month"),
      ...price("aks/Standard", 0.1, "hour"),
      ...price("registry/Basic", 0.24, "day"),
    },
    missing: [],
  };
  const priced = (resources: Parameters<typeof computeCapacity>[0], prices?: PriceTable) =>
    computePrice(resources, computeCapacity(resources, testSizes), prices);

  it("is 730 hours of nodes, tier and disks, at zero and at full load", () => {
    const { known, lines, zero, full } = priced(
      [
        cluster(),
        userPool("cpu", { vmSize: "Standard_D8ds_v5", maxCount: 4 }),
        userPool("spot", {
          vmSize: "Standard_D8ds_v5",
          maxCount: 2,
          scaleSetPriority: "Spot",
        }),
        registered("azure-native:containerregistry:Registry", "images", { sku: { name: "Basic" } }),
      ],
      table,
    );
    assert.equal(known, true);
    assert.deepEqual(
      lines.map(({ item, zero, full }) => [
        item,
        Number(zero.amount.toFixed(4)),
        Number(full.amount.toFixed(4)),
      ]),
      [
        ["nodes of pool system", 292, 438],
        ["nodes of pool cpu", 0, 1460],
        ["nodes of pool spot", 0, 146],
        ["system disks of node pool system", 40, 60],
        ["core", 73, 73],
        ["images", 7.3, 7.3],
      ],
    );
    assert.ok(Math.abs(zero! - 412.3) < 1e-9, String(zero));
    assert.ok(Math.abs(full! - 2184.3) < 1e-9, String(full));
  });

  it("pays for the next larger disk size, zone-redundant on a cluster over zones", () => {
    const volume = registered("kubernetes:core/v1:PersistentVolumeClaim", "data", {
      spec: { resources: { requests: { storage: "200Gi" } } },
    });
    const profile = { name: "system", availabilityZones: ["1", "2", "3"] };
    const over = cluster({ agentPoolProfiles: [profile], sku: { tier: "Free" } });
    assert.deepEqual(
      priced([over, volume], table).lines.map(({ sku }) => sku),
      ["disk/E15 ZRS"],
    );
    const inOne = cluster({ agentPoolProfiles: [], sku: { tier: "Free" } });
    assert.deepEqual(
      priced([inOne, volume], table).lines.map(({ sku }) => sku),
      ["disk/E15 LRS"],
    );
  });

  it("takes the disk type from the program's own storage class", () => {
    const own = registered("kubernetes:storage.k8s.io/v1:StorageClass", "fast", {
      metadata: { name: "fast" },
      parameters: { skuName: "Premium_LRS" },
    });
    const volume = registered("kubernetes:core/v1:PersistentVolumeClaim", "data", {
      spec: { storageClassName: "fast", resources: { requests: { storage: "128Gi" } } },
    });
    const bare = cluster({ agentPoolProfiles: [], sku: { tier: "Free" } });
    assert.deepEqual(
      priced([bare, own, volume], table).lines.map(({ sku }) => sku),
      ["disk/P10 LRS"],
    );
  });

  it("names what has no price and leaves it out of the sum", () => {
    const { missing, full } = priced(
      [
        cluster({ agentPoolProfiles: [], sku: { tier: "Premium" } }),
        userPool("gpu", { vmSize: "Standard_NC24ads_A100_v4", maxCount: 1 }),
      ],
      table,
    );
    assert.deepEqual(missing, [
      "nodes of pool gpu (vm/Standard_NC24ads_A100_v4)",
      "core (aks/Premium)",
    ]);
    assert.equal(full, 0);
  });

  it("is unknown without a table, and says how to get one", () => {
    const { known, reason, zero, region } = priced([cluster()]);
    assert.deepEqual(
      [known, reason, zero, region],
      [false, "run `mlp prices update`", null, "westeurope"],
    );
  });

  it("is unknown for a stack without a cluster of its own", () => {
    assert.equal(
      priced([], table).reason,
      "the stack makes no cluster, so Azure charges nothing for nodes",
    );
  });

  it("names what is charged by use", () => {
    const workspace = registered("azure-native:operationalinsights:Workspace", "logs");
    assert.deepEqual(priced([cluster(), workspace], table).unpriced, [
      "load balancer",
      "log ingestion",
      "traffic",
    ]);
  });
});
