import assert from "node:assert/strict";
import {
  archiveName,
  chartFrom,
  chartName,
  ChartOrigin,
  chartsFrom,
  type ChartSource,
} from "../../program/charts";
import type { ChartReference } from "../../components/connections";
import { charts, everyChart } from "../../program/versions";

const { loki, alloy } = charts.observability;
const mirror = ChartOrigin.Mirror;
const directory = ChartOrigin.Directory;

describe("chart source", () => {
  const rows: [name: string, from: ChartSource, reference: ChartReference, ChartReference][] = [
    ["leaves a chart where it is by default", {}, loki, loki],
    ["leaves it where it is upstream", { source: ChartOrigin.Upstream }, alloy, alloy],
    [
      "takes one from a registry to another",
      { source: mirror, url: "oci://acme.azurecr.io/charts" },
      loki,
      { chart: "oci://acme.azurecr.io/charts/loki", version: "18.11.0" },
    ],
    [
      "takes one from a repository to a registry",
      { source: mirror, url: "oci://acme.azurecr.io/charts/" },
      alloy,
      { chart: "oci://acme.azurecr.io/charts/alloy", version: "1.11.1" },
    ],
    [
      "takes one from a registry to a repository",
      { source: mirror, url: "https://charts.example.com/ml/" },
      loki,
      { chart: "loki", repository: "https://charts.example.com/ml", version: "18.11.0" },
    ],
    [
      "takes one from a folder, as its archive",
      { source: directory, path: "../charts/" },
      charts.serving.certManager,
      { chart: "../charts/cert-manager-v1.21.1.tgz", version: "v1.21.1" },
    ],
    [
      "takes one of a repository from a folder",
      { source: directory, path: "/srv/charts" },
      charts.serving.istioGateway,
      { chart: "/srv/charts/gateway-1.30.3.tgz", version: "1.30.3" },
    ],
  ];
  for (const [name, from, reference, expected] of rows) {
    it(name, () => assert.deepEqual(chartFrom(from, reference), expected));
  }

  it("knows a chart's name in every source", () => {
    for (const from of [
      {},
      { source: mirror, url: "oci://acme.azurecr.io/charts" },
      { source: directory, path: "../charts" },
    ]) {
      assert.equal(chartName(chartFrom(from, charts.serving.certManager)), "cert-manager");
      assert.equal(archiveName(chartFrom(from, alloy)), "alloy-1.11.1.tgz");
    }
  });

  it("keeps the names of all charts apart, so that one folder or registry can hold them", () => {
    assert.equal(new Set(everyChart.map(chartName)).size, everyChart.length);
    assert.equal(new Set(everyChart.map(archiveName)).size, everyChart.length);
  });

  it("moves every chart of every component", () => {
    const moved = chartsFrom({ source: mirror, url: "oci://acme.azurecr.io/charts" }, charts);
    assert.deepEqual(Object.keys(moved), Object.keys(charts));
    assert.doesNotMatch(JSON.stringify(moved), /ghcr|quay|https:/);
    assert.equal(moved.seaweedfs.chart, "oci://acme.azurecr.io/charts/seaweedfs");
  });
});
