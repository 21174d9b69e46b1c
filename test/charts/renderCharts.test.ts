import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import {
  type ChartImages,
  chartImagesFile,
  readChartImages,
} from "../../charts/images/chartImages";
import { findImages } from "../../charts/images/findImages";
import { archiveName, chartName } from "../../program/charts";
import { imageFrom } from "../../components/kubernetes/imageName";
import { everyChart } from "../../program/versions";
import {
  type ChartObject,
  chartArchives,
  type RenderedRelease,
  renderCharts,
} from "./renderCharts";

const registry = "registry.example.com/mirror";
const seaweed = {
  "mlplatform:dataLake": JSON.stringify({ kind: "seaweedfs", replicas: 4, storageGiB: 64 }),
};
const mirrored = { "mlplatform:images": JSON.stringify({ registry, preloaded: true }) };
/** The stacks, and prod with its other object store, which installs one more chart. */
const variants: [name: string, stack: string, config: Record<string, string>][] = [
  ["local", "local", {}],
  ["dev", "dev", {}],
  ["prod", "prod", {}],
  ["prod on SeaweedFS", "prod", seaweed],
];

describe("images of the charts", () => {
  it("are listed for every chart at its version", () => {
    const listed = Object.entries(readChartImages()).map(([name, { version }]) => [name, version]);
    const expected = everyChart.map((chart) => [chartName(chart), chart.version]);
    assert.deepEqual(listed.sort(), expected.sort());
  });
});

describe("charts rendered by Helm", function () {
  this.timeout(2_700_000);
  const rendered = new Map<string, RenderedRelease[]>();
  /** Whether no archive was missing. */
  const isWhole = () =>
    everyChart.every((chart) =>
      [...rendered.values()].flat().some(({ archive }) => archive === archiveName(chart)),
    );

  before(async function () {
    if (chartArchives() === undefined) {
      console.log("    skipped: MLP_CHARTS names no folder of chart archives");
      this.skip();
    }
    for (const [name, stack, config] of variants) {
      const say = (text: string) => console.log(`    ${text}`);
      rendered.set(name, await renderCharts(stack, { config, say }));
    }
  });

  it("make objects without a complaint of Helm", () => {
    for (const [name, releases] of rendered) {
      assert.ok(releases.length > 0, name);
      for (const { release, objects, warnings } of releases) {
        assert.deepEqual(warnings, [], `${name}: ${release}`);
        assert.ok(objects.length > 0, `${name}: ${release}`);
        for (const { apiVersion, kind, metadata } of objects) {
          assert.ok(apiVersion && kind && metadata.name, `${name}: ${release}`);
        }
      }
    }
  });

  it("name the images that the list has (UPDATE_GOLDEN=1 writes a new one)", function () {
    const found = imagesByChart([...rendered.values()].flat());
    if (process.env.UPDATE_GOLDEN === "1" && isWhole()) {
      writeFileSync(chartImagesFile, `${JSON.stringify(found, null, 2)}\n`);
    }
    const listed = readChartImages();
    for (const [name, entry] of Object.entries(found)) {
      assert.deepEqual(listed[name], entry, name);
    }
  });

  it("take every image from the stack's registry, and the same ones", async () => {
    const moved = await renderCharts("prod", { config: { ...seaweed, ...mirrored } });
    for (const own of rendered.get("prod on SeaweedFS")!) {
      const images = findImages(moved.find(({ name }) => name === own.name)!.objects);
      const expected = findImages(own.objects).map((image) => imageFrom(registry, image));
      assert.deepEqual(images, [...new Set(expected)].sort(), own.release);
    }
  });

  it("keep their pods on the system pool, with requests, limits and a safe context", () => {
    const problems = [...rendered].flatMap(([name, releases]) =>
      releases.flatMap(({ release, objects }) =>
        objects
          .flatMap((object) => podProblems(object, name !== "local"))
          .map((problem) => `${release} ${problem}`),
      ),
    );
    const expected = Object.keys(known).filter(
      (problem) => isWhole() || problems.includes(problem),
    );
    assert.deepEqual([...new Set(problems)].sort(), expected.sort());
  });
});

const noSeccomp = "the chart has no key for it; the namespace enforces baseline";
const writesBesideItsDisk = "not tried: it writes outside the volumes that its chart mounts";

/** What is left as it is, and why. */
const known: Record<string, string> = {
  "knative-operator Deployment/knative-operator knative-operator has no seccomp profile": noSeccomp,
  "knative-operator Deployment/operator-webhook operator-webhook has no seccomp profile": noSeccomp,
  ...Object.fromEntries(
    [
      "kube-prometheus-stack Deployment/kube-prometheus-stack-grafana grafana",
      "kube-prometheus-stack Deployment/kube-prometheus-stack-grafana grafana-sc-dashboard",
      "kube-prometheus-stack Deployment/kube-prometheus-stack-grafana grafana-sc-datasources",
      "seaweedfs Deployment/seaweedfs-s3 seaweedfs",
      "seaweedfs StatefulSet/seaweedfs-filer seaweedfs",
      "seaweedfs StatefulSet/seaweedfs-master seaweedfs",
      "seaweedfs StatefulSet/seaweedfs-volume seaweedfs",
    ].map((container) => [`${container} can write to its image`, writesBesideItsDisk]),
  ),
};

/** Images by chart, without those that the program names in the chart's values. */
function imagesByChart(releases: RenderedRelease[]): ChartImages {
  const all: ChartImages = {};
  for (const { archive, objects, named } of releases) {
    const { name, version } = /^(?<name>.+?)-(?<version>v?\d.*)\.tgz$/.exec(archive)!.groups!;
    const images = findImages(objects).filter((image) => !named.includes(image));
    const before = all[name!]?.images ?? [];
    all[name!] = { version: version!, images: [...new Set([...before, ...images])].sort() };
  }
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function podProblems(object: ChartObject, pooled: boolean): string[] {
  const pod = object.spec?.template?.spec;
  if (!["DaemonSet", "Deployment", "Job", "StatefulSet"].includes(object.kind)) {
    return [];
  }
  const place = `${object.kind}/${object.metadata.name}`;
  const problems: string[] = [];
  if (pooled && object.kind !== "DaemonSet") {
    const onPool =
      pod.nodeSelector?.["mlplatform.dev/pool"] === "system" ||
      JSON.stringify(pod.affinity?.nodeAffinity ?? "").includes('"mlplatform.dev/pool"');
    if (!onPool) {
      problems.push(`${place} runs on any pool`);
    }
    if (!pod.tolerations?.some(({ key }: any) => key === "CriticalAddonsOnly")) {
      problems.push(`${place} does not tolerate the taint of the system pool`);
    }
  }
  for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
    const { name, resources, securityContext = {} } = container;
    const { requests, limits } = resources ?? {};
    if (!requests?.cpu || !requests.memory) {
      problems.push(`${place} ${name} has no requests`);
    }
    if (!limits?.memory) {
      problems.push(`${place} ${name} has no memory limit`);
    }
    if (securityContext.allowPrivilegeEscalation !== false) {
      problems.push(`${place} ${name} may escalate`);
    }
    if (!securityContext.capabilities?.drop?.includes("ALL")) {
      problems.push(`${place} ${name} keeps capabilities`);
    }
    if (!securityContext.seccompProfile && !pod.securityContext?.seccompProfile) {
      problems.push(`${place} ${name} has no seccomp profile`);
    }
    if (securityContext.readOnlyRootFilesystem !== true) {
      problems.push(`${place} ${name} can write to its image`);
    }
  }
  return problems;
}
