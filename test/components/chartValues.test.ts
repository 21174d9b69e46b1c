import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { Ajv } from "ajv";
import { mergeValues } from "../../components/helmRelease";
import { chartsFolder, type PublishedChart, publishedChart, unknownValues } from "./chartValues";
import { recordEveryComponent } from "./everyComponent";
import type { Recorded } from "./recorder";

const releaseType = "kubernetes:helm.sh/v3:Release";
/** Charts without a single value. */
const chartsWithoutValues = /\/kserve-crd$/;

describe("Helm values of all components", () => {
  const releases: Recorded[] = [];

  before(async function () {
    if (!existsSync(chartsFolder)) {
      console.log("    skipped: the charts' published values are not here (shared/charts)");
      this.skip();
    }
    for (const withOptions of [false, true]) {
      releases.push(...(await recordEveryComponent(withOptions)).all(releaseType));
    }
  });

  it("belong to charts whose values are published", () => {
    assert.ok(releases.length >= 26, `${releases.length} releases`);
    const missing = releases
      .map(({ inputs }) => inputs.chart as string)
      .filter((chart) => !chartsWithoutValues.test(chart) && !publishedChart(chart));
    assert.deepEqual(missing, []);
  });

  it("are all known to their charts", () => {
    const unknown = releases.flatMap(({ name, inputs }) => {
      const chart = publishedChart(inputs.chart);
      const paths = chart ? unknownValues(inputs.values, chart) : Object.keys(inputs.values);
      return paths.map((path) => `${name}: ${path}`);
    });
    assert.deepEqual(unknown, []);
  });

  it("satisfy the schemas of the charts that have one", () => {
    const checked = new Set<string>();
    for (const { name, inputs } of releases) {
      const chart = publishedChart(inputs.chart);
      if (!chart?.schema) continue;
      checked.add(inputs.chart.split("/").at(-1));
      assert.deepEqual(schemaProblems(inputs.values, chart), [], name);
    }
    assert.deepEqual([...checked].sort(), [
      "cert-manager",
      "cloudnative-pg",
      "gateway",
      "loki",
      "plugin-barman-cloud",
    ]);
  });

  it("would be refused with a misspelt key, at any depth and in any chart", () => {
    for (const { name, inputs } of releases) {
      const chart = publishedChart(inputs.chart);
      if (!chart) continue;
      const misspelt = { ...inputs.values, repicas: 1 };
      assert.deepEqual(unknownValues(misspelt, chart), ["repicas"], name);
    }
    const stack = publishedChart("kube-prometheus-stack")!;
    const deep = { grafana: { sidecar: { dashboards: { labels: "x" } } }, kubeEtcd: true };
    assert.deepEqual(unknownValues(deep, stack), [
      "grafana.sidecar.dashboards.labels",
      "kubeEtcd is a scalar, the chart has a map",
    ]);
  });
});

/** What Helm would say: it checks defaults and values together. */
function schemaProblems(values: Record<string, unknown>, chart: PublishedChart): string[] {
  const schema = { ...chart.schema };
  // Names a draft that Ajv has to be told about; the keywords used are the same.
  delete schema.$schema;
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const validate = ajv.compile(schema);
  validate(mergeValues(chart.defaults, values));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
