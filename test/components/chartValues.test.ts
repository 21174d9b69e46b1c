import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { mergeValues } from "../../components/kubernetes/installChart";
import { imageFrom } from "../../components/kubernetes/imageName";
import { upstreamsOrSkip } from "../upstreams/upstreamsOrSkip";
import { type PublishedChart, PublishedCharts, unknownValues } from "./chartValues";
import { imageRegistry, recordEveryComponent } from "./everyComponent";
import type { Recorded } from "./recorder";

const releaseType = "kubernetes:helm.sh/v3:Release";
/** Charts without a single value. */
const chartsWithoutValues = /\/kserve-crd$/;

describe("Helm values of all components", () => {
  let published: PublishedCharts;
  const releases: Recorded[] = [];

  before(async function () {
    published = new PublishedCharts(await upstreamsOrSkip(this, "charts"));
    for (const withOptions of [false, true]) {
      releases.push(...(await recordEveryComponent(withOptions)).all(releaseType));
    }
  });

  it("belong to charts whose values are published", () => {
    assert.ok(releases.length >= 26, `${releases.length} releases`);
    const missing = releases
      .map(({ inputs }) => inputs.chart as string)
      .filter((chart) => !chartsWithoutValues.test(chart) && !published.chart(chart));
    assert.deepEqual(missing, []);
  });

  it("are all known to their charts", () => {
    assert.deepEqual(
      releases.flatMap((release) => problemsOf(published, release, release.inputs.values)),
      [],
    );
  });

  it("name the charts' own images, from another registry", () => {
    const moved = releases.flatMap(({ name, inputs }) =>
      textsOf(inputs.values)
        .filter(({ text }) => text.startsWith(`${imageRegistry}/`))
        .map(({ path, text }) => {
          const given = textsOf(published.chart(inputs.chart)!.defaults);
          const own = given.find((fallback) => fallback.path === path)?.text;
          return { path: `${name}: ${path}`, text, own };
        }),
    );
    const wrong = moved.filter(
      ({ text, own }) => own === undefined || text !== imageFrom(imageRegistry, own),
    );
    assert.deepEqual(
      wrong.map(({ path, text, own }) => [path, text, own]),
      // These two projects write the registry of a release into the chart when they publish it.
      [
        [
          "ray-kueue: controllerManager.manager.image.repository",
          `${imageRegistry}/kueue/kueue`,
          "us-central1-docker.pkg.dev/k8s-staging-images/kueue/kueue",
        ],
        ["serving-istiod: global.hub", `${imageRegistry}/istio`, "registry.istio.io/testing"],
      ],
    );
    assert.ok(moved.length >= 20, `${moved.length} values`);
  });

  it("satisfy the schemas of the charts that have one", () => {
    const checked = new Set<string>();
    for (const { name, inputs } of releases) {
      const chart = published.chart(inputs.chart);
      if (!chart?.schema) {
        continue;
      }
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

  it("are refused wherever one key is misspelt, with release, path and the nearest key", () => {
    const perChart = new Map<string, number>();
    const missed: string[] = [];
    for (const release of releases) {
      for (const { key, path, values, misspelt } of misspellings(release.inputs.values)) {
        const expected = `${release.name}: ${misspelt} is no key of the chart; nearest: ${key}`;
        const problems = problemsOf(published, release, values);
        if (problems.length === 0) {
          missed.push(`${release.name}: ${path}`);
        } else {
          assert.deepEqual(problems, [expected]);
          perChart.set(release.inputs.chart, (perChart.get(release.inputs.chart) ?? 0) + 1);
        }
      }
    }
    const refused = [...perChart.values()].reduce((sum, count) => sum + count, 0);
    assert.ok(refused >= 700, `${refused} misspellings refused`);
    assert.deepEqual(
      [...new Set(releases.map(({ inputs }) => inputs.chart as string))].filter(
        (chart) => !chartsWithoutValues.test(chart) && !perChart.has(chart),
      ),
      [],
    );
    // What is left belongs to another API or is named by the user.
    const elsewhere = missed.filter((place) => !notTheCharts.test(place));
    assert.deepEqual(elsewhere, []);
  });

  it("are refused with a map, a list or a scalar in another's place", () => {
    const stack = published.chart("kube-prometheus-stack")!;
    assert.deepEqual(unknownValues({ kubeEtcd: true, grafana: { sidecar: [] } }, stack), [
      { path: "kubeEtcd", problem: "is a scalar, the chart has a map" },
      { path: "grafana.sidecar", problem: "is a list, the chart has a map" },
    ]);
  });
});

/**
 * Keys that no chart lists: labels of nodes and Services, and configuration that charts pass on.
 */
const notTheCharts =
  /(nodeSelector|annotations|meshConfig|grafana\.ini|loki\.(compactor|limits_config|schemaConfig|storage\.bucketNames)|volume\.logs|podLabels)\./;

/** `release: path problem` for every value that the chart does not take. */
function problemsOf(
  published: PublishedCharts,
  { name, inputs }: Recorded,
  values: Record<string, unknown>,
): string[] {
  const chart = published.chart(inputs.chart);
  const unknown = chart
    ? unknownValues(values, chart)
    : Object.keys(values).map((path) => ({ path, problem: "is set, but the chart has no values" }));
  return unknown.map(({ path, problem }) => `${name}: ${path} ${problem}`);
}

interface Misspelling {
  /** The key as it should be. */
  key: string;
  /** Path of the key as it should be. */
  path: string;
  /** The same, misspelt. */
  misspelt: string;
  /** All values, with this one key misspelt. */
  values: Record<string, unknown>;
}

/** The values once for each of their keys, with that key misspelt. */
function misspellings(values: Record<string, unknown>): Misspelling[] {
  return Object.entries(values).flatMap(([key, inner]) => {
    const wrong = `${key}Q`;
    const own = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name === key ? wrong : name, value]),
    );
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) {
      return [{ key, path: key, misspelt: wrong, values: own }];
    }
    const deeper = misspellings(inner as Record<string, unknown>).map((below) => ({
      key: below.key,
      path: `${key}.${below.path}`,
      misspelt: `${key}.${below.misspelt}`,
      values: { ...values, [key]: below.values },
    }));
    return [{ key, path: key, misspelt: wrong, values: own }, ...deeper];
  });
}

/** Every text in values, with the path of its key. */
function textsOf(values: unknown, path = ""): { path: string; text: string }[] {
  if (typeof values === "string") {
    return [{ path, text: values }];
  }
  if (typeof values !== "object" || values === null) {
    return [];
  }
  return Object.entries(values).flatMap(([key, inner]) =>
    textsOf(inner, path === "" ? key : `${path}.${key}`),
  );
}

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
