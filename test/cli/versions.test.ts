import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  chartStatuses,
  DigestState,
  readDigests,
  recordMissing,
  verifyCharts,
} from "../../charts/chartDigests";
import { archiveName, chartName, ChartOrigin, type ChartSource } from "../../program/charts";
import { everyChart } from "../../program/versions";
import { archive, ChartServer, sha256 } from "../charts/chartServer";
import { root, runCli } from "./runCli";

describe("mlp versions", () => {
  const server = new ChartServer();
  let dir: string;
  const digests = () => join(dir, "program", "chartDigests.json");
  const mlp = (...args: string[]) => runCli(["versions", ...args], { projectDir: dir });
  const mirror = (): ChartSource => ({
    source: ChartOrigin.Mirror,
    url: `oci://${server.host}/mirror`,
  });

  /** A project whose stack `away` takes its charts from the given source. */
  async function stackFrom(charts: ChartSource): Promise<void> {
    const config = { "mlplatform:charts": charts };
    await writeFile(join(dir, "Pulumi.away.yaml"), JSON.stringify({ config }));
  }

  /** Digests of the archives that the server has. */
  function published(): Record<string, string> {
    return Object.fromEntries(
      everyChart.map((chart) => [
        archiveName(chart),
        sha256(archive(chartName(chart), chart.version)),
      ]),
    );
  }

  before(() => server.start());
  after(() => server.stop());

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "mlplatform-versions-"));
    const project = await readFile(join(root, "Pulumi.yaml"), "utf8");
    // The other keys have no part in this: none is required.
    await writeFile(
      join(dir, "Pulumi.yaml"),
      `${project.slice(0, project.indexOf("\nconfig:"))}\nconfig:\n  charts:\n    type: ` +
        `object\n    default: {}\n`,
    );
    await mkdir(join(dir, "program"));
    await writeFile(digests(), "{}\n");
    server.fault = () => false;
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("shows every chart with its place, version and digest, or unverified", async () => {
    await writeFile(
      digests(),
      JSON.stringify({ "kueue-0.19.2.tgz": published()["kueue-0.19.2.tgz"] }),
    );
    const { code, stdout, stderr } = await mlp();
    assert.deepEqual([code, stderr], [0, ""]);
    const [header, ...lines] = stdout.trimEnd().split("\n");
    assert.match(header!, /^chart +version +digest +state$/);
    assert.equal(lines.length, everyChart.length);
    assert.match(
      stdout,
      /^alloy of https:\/\/grafana\.github\.io\/helm-charts +1\.11\.1 +- +unverified$/m,
    );
    assert.match(
      stdout,
      /^oci:\/\/registry\.k8s\.io\/kueue\/charts\/kueue +0\.19\.2 +sha256:[0-9a-f]{64} +recorded$/m,
    );
  });

  it("shows where a stack takes them from, as data", async () => {
    await stackFrom({ source: ChartOrigin.Directory, path: "../charts" });
    const { charts } = JSON.parse((await mlp("-s", "away", "--json")).stdout);
    const kueue = charts.find((chart: any) => chart.archive === "kueue-0.19.2.tgz");
    assert.deepEqual(kueue, {
      chart: "../charts/kueue-0.19.2.tgz",
      version: "0.19.2",
      archive: "kueue-0.19.2.tgz",
      state: "unverified",
    });
  });

  it("records digests that are missing, and only those", async () => {
    const old = { "kueue-0.19.2.tgz": sha256("an earlier archive") };
    await writeFile(digests(), JSON.stringify(old));
    const found = await verifyCharts(chartStatuses(old, mirror()), dir);
    const after = recordMissing(found, digests());
    assert.deepEqual(readDigests(digests()), { ...published(), ...old });
    assert.deepEqual(
      after
        .filter(({ state }) => state !== DigestState.Verified)
        .map(({ archive, state }) => [archive, state]),
      [["kueue-0.19.2.tgz", DigestState.Changed]],
    );
  });

  it("agrees with a mirror that holds what was recorded", async () => {
    await writeFile(digests(), JSON.stringify(published()));
    await stackFrom(mirror());
    const { code, stdout, stderr } = await mlp("verify", "--stack", "away");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(stdout.match(/ verified$/gm)?.length, everyChart.length);
    assert.match(stdout, /^oci:\/\/127\.0\.0\.1:\d+\/mirror\/alloy /m);
  });

  it("fails for a mirror with another archive, and for a chart that it does not have", async () => {
    await writeFile(
      digests(),
      JSON.stringify({ ...published(), "loki-18.11.0.tgz": sha256("own") }),
    );
    await stackFrom(mirror());
    server.fault = ({ url }, response) => {
      if (!/\/alloy\/manifests/.test(url!)) {
        return false;
      }
      response.writeHead(404).end();
      return true;
    };
    const { code, stdout, stderr } = await mlp("verify", "--stack", "away");
    assert.equal(code, 1);
    const seen = published()["loki-18.11.0.tgz"];
    assert.equal(
      stderr.replaceAll(server.host, "HOST"),
      `mlp: loki-18.11.0.tgz: the archive is ${seen}, recorded is ${sha256("own")}. Do not ` +
        "install it before you know why; delete the line in chartDigests.json if the change is " +
        `meant.\n` +
        "mlp: alloy-1.11.1.tgz: HOST/mirror/alloy has no version 1.11.1. Its digest was not " +
        "checked.\n",
    );
    assert.match(stdout, /loki +18\.11\.0 .* changed$/m);
    assert.match(stdout, /alloy +1\.11\.1 .* failed$/m);
  });

  it("does not take a mirror's word for a digest that nobody recorded", async () => {
    await stackFrom(mirror());
    const { code, stderr } = await mlp("verify", "--stack", "away");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^mlp: kueue-0\.19\.2\.tgz: the archive is sha256:[0-9a-f]{64}, and no digest is recorded/m,
    );
    assert.deepEqual(readDigests(digests()), {});
  });

  it("refuses a stack whose source of charts is incomplete", async () => {
    await stackFrom({ source: ChartOrigin.Mirror });
    const { code, stderr } = await mlp("verify", "-s", "away");
    assert.equal(code, 2);
    assert.equal(
      stderr,
      "mlp: Pulumi.away.yaml: charts.url must be set with charts.source mirror, got nothing. " +
        "Say where the mirror is.\n",
    );
    await stackFrom({ source: "ftp" as ChartOrigin });
    assert.match(
      (await mlp("-s", "away")).stderr,
      /charts\.source must be one of upstream, mirror, directory, got "ftp"/,
    );
  });

  it("checks a folder of archives", async () => {
    const folder = join(dir, "charts");
    await mkdir(folder);
    for (const chart of everyChart) {
      await writeFile(join(folder, archiveName(chart)), archive(chartName(chart), chart.version));
    }
    await writeFile(digests(), JSON.stringify(published()));
    await stackFrom({ source: ChartOrigin.Directory, path: "charts" });
    assert.equal((await mlp("verify", "-s", "away")).code, 0);
    await rm(join(folder, "kueue-0.19.2.tgz"));
    const { code, stderr } = await mlp("verify", "-s", "away");
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `mlp: kueue-0.19.2.tgz: ${join(folder, "kueue-0.19.2.tgz")} cannot be read (ENOENT). ` +
        `Its digest was not checked.\n`,
    );
  });
});
