import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  type ChartImages,
  chartImagesFile,
  readChartImages,
} from "../../charts/images/chartImages";
import { findImages } from "../../charts/images/findImages";
import { previewStack } from "../../preview/engine/previewStack";
import { platformLabels } from "@mlplatform/contracts/platformLabels";
import { type LabelSelector, selects } from "../cluster/labelSelector";
import { blockingWebhooks, type Creation, isAsked, vitalResources } from "./blockingWebhooks";
import { allowedDisruptions } from "./disruptions";
import { archiveName, chartName } from "../../program/charts";
import { imageFrom } from "../../components/kubernetes/imageName";
import { everyChart } from "../../program/versions";
import {
  type ChartObject,
  chartArchives,
  type RenderedRelease,
  renderCharts,
} from "./renderCharts";
import { deployable } from "../preview/deployable";

const registry = "registry.northwind.dev/mirror";
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

  it("hold up no pod and no Job outside of the projects while a webhook is down", async () => {
    const asked = new Set<string>();
    for (const [name, stack, config] of variants) {
      const objects = rendered.get(name)!.flatMap(inItsNamespace);
      const webhooks = blockingWebhooks(objects);
      assert.ok(webhooks.length >= 10, `${name}: ${webhooks.length} webhooks`);
      for (const { what, creation } of await vitalCreations(stack, config, objects)) {
        for (const webhook of webhooks.filter((one) => isAsked(one, creation))) {
          asked.add(`${webhook.name} about ${what}`);
        }
      }
    }
    assert.deepEqual([...asked].sort(), Object.keys(mayHoldUp));
  });

  it("let a node be drained: every budget allows an eviction", () => {
    for (const [name, releases] of rendered) {
      for (const { release, objects } of releases) {
        for (const { metadata, spec } of ofKind(objects, "PodDisruptionBudget")) {
          const pods = leastPods(objects, spec.selector);
          const budget = { ...spec, name: metadata.name, pods };
          assert.ok(
            allowedDisruptions(budget) >= 1,
            `${name}: ${release} ${JSON.stringify(budget)}`,
          );
        }
      }
    }
  });
});

/** Webhooks that may hold a pod or a Job of the platform up, and why. */
const mayHoldUp: Record<string, string> = {
  "object.sidecar-injector.istio.io about pods of Deployment/istio-ingressgateway":
    "the gateway's pods ask for the proxy that istiod puts into them, and are nothing without it",
};

const ofKind = (objects: ChartObject[], ...kinds: string[]) =>
  objects.filter(({ kind }) => kinds.includes(kind));

const inItsNamespace = ({ namespace, objects }: RenderedRelease): ChartObject[] =>
  objects.map((object) => ({ ...object, metadata: { namespace, ...object.metadata } }));

/**
 * What is created in each namespace that is not a project's: something of every kind, and the
 * workloads that charts and program put there.
 */
async function vitalCreations(
  stack: string,
  config: Record<string, string>,
  objects: ChartObject[],
): Promise<{ what: string; creation: Creation }[]> {
  const root = resolve(__dirname, "../..");
  const { result } = await previewStack({
    projectDir: root,
    stack,
    config: { ...deployable(stack), ...config },
    mode: "up",
  });
  const own = result.resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ name, inputs }) => {
      const object = inputs as unknown as ChartObject;
      return { ...object, metadata: { ...object.metadata, name: object.metadata?.name ?? name } };
    });
  const namespaces = new Map<string, Record<string, string>>(
    [
      { metadata: { name: "default", labels: {} } },
      { metadata: { name: "kube-system", labels: {} } },
      ...ofKind(own, "Namespace"),
    ]
      .filter(({ metadata }: any) => !(platformLabels.project in metadata.labels))
      .map(({ metadata: { name, labels } }: any) => [
        name,
        { "kubernetes.io/metadata.name": name, ...labels },
      ]),
  );
  const anything = [...namespaces].flatMap(([namespace, namespaceLabels]) =>
    Object.entries(vitalResources).flatMap(([group, resources]) =>
      resources.map((resource) => ({
        what: `${resource} in ${namespace}`,
        creation: { group, resource, labels: {}, namespaceLabels },
      })),
    ),
  );
  const workloads = [...own, ...objects].flatMap((object) => {
    const { apiVersion, kind, metadata, spec } = object as Record<string, any>;
    const namespaceLabels = namespaces.get(metadata?.namespace);
    const template = spec?.jobTemplate?.spec.template ?? spec?.template;
    const resource = `${kind}s`.toLowerCase();
    const group = String(apiVersion).split("/")[0]!;
    if (namespaceLabels === undefined || !vitalResources[group]?.includes(resource)) {
      return [];
    }
    const place = `${kind}/${metadata.name}`;
    const labels = metadata.labels ?? {};
    const podLabels = template.metadata?.labels ?? {};
    return [
      { what: place, creation: { group, resource, labels, namespaceLabels } },
      {
        what: `pods of ${place}`,
        creation: { group: "", resource: "pods", labels: podLabels, namespaceLabels },
      },
    ];
  });
  assert.ok(workloads.length >= 30, `${stack}: ${workloads.length} workloads`);
  return [...anything, ...workloads];
}

/** Pods under a selector while nothing is busy. */
function leastPods(objects: ChartObject[], selector: LabelSelector): number {
  const counts = ofKind(objects, "Deployment", "StatefulSet")
    .filter(({ spec }) => selects(selector, spec.template.metadata.labels))
    .map(({ kind, metadata, spec }) => {
      const scaler = ofKind(objects, "HorizontalPodAutoscaler").find(
        ({ spec: { scaleTargetRef: target } }) =>
          target.kind === kind && target.name === metadata.name,
      );
      return scaler?.spec.minReplicas ?? spec.replicas ?? 1;
    });
  // The Prometheus operator makes their pods, with these labels.
  const operated = ofKind(objects, "Prometheus", "Alertmanager")
    .filter(({ kind, metadata: { name } }) =>
      selects(selector, {
        "app.kubernetes.io/name": kind.toLowerCase(),
        [kind === "Prometheus" ? "operator.prometheus.io/name" : "alertmanager"]: name,
      }),
    )
    .map(({ spec }) => spec.replicas ?? 1);
  return [...counts, ...operated].reduce((sum, count) => sum + count, 0);
}

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
