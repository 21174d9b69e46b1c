import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { NodePoolKind } from "../../../components/connections";
import { placementOn } from "../../../components/kubernetes/placement";
import { clusterQueueSpec, flavorSpec, queuedPools } from "../../../components/rayStack/queue";
import { RayStack } from "../../../components/rayStack/rayStack";
import {
  kuberayValues,
  kueueConfiguration,
  kueueValues,
} from "../../../components/rayStack/values";
import { record, type Recording } from "../recorder";
import { cluster, rayArgs } from "../servingMesh/servingFixtures";

const release = "kubernetes:helm.sh/v3:Release";
const flavorType = "kubernetes:kueue.x-k8s.io/v1beta2:ResourceFlavor";
const queueType = "kubernetes:kueue.x-k8s.io/v1beta2:ClusterQueue";
const monitorType = "kubernetes:monitoring.coreos.com/v1:PodMonitor";
const daemonSetType = "kubernetes:apps/v1:DaemonSet";

describe("RayStack", () => {
  describe("with spot and GPUs", () => {
    let recording: Recording;
    let queueName: string;
    before(async () => {
      recording = await record(() => {
        const ray = new RayStack("ray", {
          ...rayArgs,
          gpuQuota: 4,
          spot: true,
          gpuDevicePluginImage: "nvcr.example.com/k8s-device-plugin@sha256:1",
        });
        ray.clusterQueue.apply((name) => (queueName = name));
      });
    });

    it("registers these resources and no others", () => {
      const names = recording.resources.map(({ type, name }) => `${type} ${name}`).sort();
      assert.deepEqual(names, [
        "kubernetes:apps/v1:DaemonSet ray-device-plugin",
        "kubernetes:core/v1:Namespace ray-gpu-device-plugin",
        "kubernetes:core/v1:Namespace ray-kuberay-system",
        "kubernetes:core/v1:Namespace ray-kueue-system",
        "kubernetes:helm.sh/v3:Release ray-kuberay",
        "kubernetes:helm.sh/v3:Release ray-kueue",
        "kubernetes:kueue.x-k8s.io/v1beta2:ClusterQueue ray-queue",
        "kubernetes:kueue.x-k8s.io/v1beta2:ResourceFlavor ray-flavor-cpu",
        "kubernetes:kueue.x-k8s.io/v1beta2:ResourceFlavor ray-flavor-gpu",
        "kubernetes:kueue.x-k8s.io/v1beta2:ResourceFlavor ray-flavor-spot",
        "kubernetes:monitoring.coreos.com/v1:PodMonitor ray-monitor-head",
        "kubernetes:monitoring.coreos.com/v1:PodMonitor ray-monitor-worker",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy ray-device-plugin-ingress",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy ray-kuberay-ingress",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy ray-kueue-ingress",
        "mlplatform:index:RayStack ray",
      ]);
    });

    it("is the parent of all its resources", () => {
      const component = recording.one("mlplatform:index:RayStack");
      const strays = recording.resources.filter(
        (r) => r !== component && r.parent !== component.urn,
      );
      assert.deepEqual(
        strays.map((r) => r.name),
        [],
      );
    });

    it("installs the KubeRay operator from its chart", () => {
      assert.deepEqual(recording.one(release, "ray-kuberay").inputs, {
        name: "kuberay-operator",
        namespace: "kuberay-system",
        chart: "kuberay-operator",
        version: "1.2.3",
        repositoryOpts: { repo: "https://charts.example.com" },
        atomic: true,
        timeout: 600,
        compat: "true",
        values: kuberayValues({ replicas: 1, monitoringNamespace: "observability" }),
      });
    });

    it("makes the queue only after Kueue and its flavors", () => {
      const kueue = recording.one(release, "ray-kueue");
      for (const flavor of recording.all(flavorType)) {
        assert.ok(flavor.dependencies.includes(kueue.urn), flavor.name);
      }
      const { dependencies } = recording.one(queueType);
      for (const flavor of recording.all(flavorType)) {
        assert.ok(dependencies.includes(flavor.urn), flavor.name);
      }
    });

    it("returns the name of the queue", () => {
      assert.equal(recording.one(queueType).inputs.metadata.name, "mlplatform");
      assert.equal(queueName, "mlplatform");
    });

    it("gives the spot and GPU flavors the taints of their pools, so that jobs must opt in", () => {
      assert.deepEqual(recording.one(flavorType, "ray-flavor-spot").inputs.spec, {
        nodeLabels: { "mlplatform.dev/pool": "spot" },
        nodeTaints: [
          { key: "kubernetes.azure.com/scalesetpriority", value: "spot", effect: "NoSchedule" },
        ],
      });
      assert.deepEqual(recording.one(flavorType, "ray-flavor-gpu").inputs.spec, {
        nodeLabels: { "mlplatform.dev/pool": "gpu" },
        nodeTaints: [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }],
      });
    });

    it("runs the device plugin on the GPU pool and nowhere else", () => {
      const { spec } = recording.one(daemonSetType).inputs.spec.template;
      assert.deepEqual(spec.nodeSelector, { "mlplatform.dev/pool": "gpu" });
      assert.deepEqual(spec.tolerations, placementOn(NodePoolKind.Gpu).tolerations);
      assert.equal(spec.containers[0].image, "nvcr.example.com/k8s-device-plugin@sha256:1");
    });

    it("lets no namespace but the device plugin's run privileged pods", () => {
      const levels = recording
        .all("kubernetes:core/v1:Namespace")
        .map(({ inputs: { metadata } }) => [
          metadata.name,
          metadata.labels["pod-security.kubernetes.io/enforce"],
          metadata.labels["app.kubernetes.io/part-of"],
        ]);
      assert.deepEqual(levels.sort(), [
        ["gpu-device-plugin", "privileged", "mlplatform"],
        ["kuberay-system", "restricted", "mlplatform"],
        ["kueue-system", "restricted", "mlplatform"],
      ]);
    });

    it("reads only ports that pods declare", () => {
      // KubeRay's own (ray-operator/controllers/ray, default ports), and the offloader's of the
      // project template.
      const declared: Record<string, string[]> = {
        head: ["client", "dashboard", "gcs-server", "log-offloader", "metrics", "serve"],
        worker: ["log-offloader", "metrics"],
      };
      const monitors = recording.all(monitorType);
      assert.equal(monitors.length, 2);
      for (const { inputs } of monitors) {
        const { selector, podMetricsEndpoints } = inputs.spec;
        const ports = declared[selector.matchLabels["ray.io/node-type"]]!;
        for (const { port } of podMetricsEndpoints) {
          assert.ok(ports.includes(port), `${inputs.metadata.name} reads ${port}`);
        }
      }
    });

    it("labels Ray's series with the cluster, as Ray's dashboards select them", () => {
      const { spec } = recording.one(monitorType, "ray-monitor-head").inputs;
      assert.deepEqual(spec.selector, { matchLabels: { "ray.io/node-type": "head" } });
      assert.deepEqual(
        spec.podMetricsEndpoints.map((e: any) => [e.port, e.relabelings[0].targetLabel]),
        [
          ["metrics", "ray_io_cluster"],
          ["log-offloader", "ray_io_cluster"],
        ],
      );
    });
  });

  it("runs no device plugin unless an image is given", async () => {
    const recording = await record(() => new RayStack("ray", { ...rayArgs, gpuQuota: 1 }));
    assert.equal(recording.all(daemonSetType).length, 0);
  });

  it("passes the operators' placement and extra values on to both charts", async () => {
    const placement = placementOn(NodePoolKind.System);
    const recording = await record(
      () =>
        new RayStack("ray", {
          ...rayArgs,
          placement,
          helmValues: { kuberay: { replicas: 3 }, kueue: { enableKueueViz: true } },
        }),
    );
    const kuberay = recording.one(release, "ray-kuberay").inputs.values;
    const kueue = recording.one(release, "ray-kueue").inputs.values;
    assert.equal(kuberay.replicas, 3);
    assert.deepEqual(kuberay.nodeSelector, placement.nodeSelector);
    assert.equal(kueue.enableKueueViz, true);
    assert.deepEqual(kueue.controllerManager.tolerations, placement.tolerations);
  });

  it("installs into two clusters from one program, each by its own provider", async () => {
    const recording = await record(() => {
      for (const name of ["east", "west"]) {
        new RayStack(`ray-${name}`, rayArgs, { providers: { kubernetes: cluster(name) } });
      }
    });
    for (const name of ["east", "west"]) {
      const component = recording.one("mlplatform:index:RayStack", `ray-${name}`);
      const children = recording.resources.filter((r) => r.parent === component.urn);
      assert.equal(children.length, 10);
      for (const child of children) {
        assert.match(child.provider, new RegExp(`providers:kubernetes::${name}::`), child.name);
      }
    }
  });

  it("previews the same resources before anything exists", async () => {
    const program = () => new RayStack("ray", { ...rayArgs, gpuQuota: 4, spot: true });
    const names = ({ resources }: Recording) => resources.map((r) => r.urn).sort();
    assert.deepEqual(names(await record(program, { preview: true })), names(await record(program)));
  });

  it("reports every wrong number at once, with the value and the remedy", async () => {
    await assert.rejects(
      record(() => new RayStack("ray", { ...rayArgs, cpuQuota: 0, gpuQuota: -1, replicas: 1.5 })),
      (error: unknown) => {
        assert.ok(pulumi.InputPropertiesError.isInstance(error));
        assert.deepEqual(
          error.errors.map((e) => e.reason),
          [
            'RayStack "ray": `cpuQuota` must be a whole number of vCPU from 1 to 100000, got ' +
              "0. Set it to what the node pools can hold.",
            'RayStack "ray": `gpuQuota` must be a whole number of GPUs from 0 to 10000, got ' +
              "-1. Set it to what the node pools can hold.",
            'RayStack "ray": `replicas` must be a whole number of pods from 1 to 5, got 1.5. ' +
              "Choose a number in that range.",
          ],
        );
        return true;
      },
    );
  });
});

describe("Kueue's queue", () => {
  const settings = {
    cpuQuota: 8,
    memoryQuotaGiB: 32,
    gpuQuota: 0,
    spot: false,
    pooledNodes: true,
  };
  const table: [claim: string, change: Partial<typeof settings>, pools: string[]][] = [
    ["offers the CPU pool alone by default", {}, ["cpu"]],
    ["offers spot before the CPU pool", { spot: true }, ["spot", "cpu"]],
    ["offers the GPU pool last", { gpuQuota: 1 }, ["cpu", "gpu"]],
    ["offers all three in the order of cost", { gpuQuota: 1, spot: true }, ["spot", "cpu", "gpu"]],
  ];
  for (const [claim, change, pools] of table) {
    it(claim, () => assert.deepEqual(queuedPools({ ...settings, ...change }), pools));
  }

  it("covers GPUs with the GPU flavor alone, so that no other flavor can admit one", () => {
    const spec: any = clusterQueueSpec({ ...settings, gpuQuota: 2 }, (pool) => pool);
    assert.deepEqual(spec.resourceGroups, [
      {
        coveredResources: ["cpu", "memory", "nvidia.com/gpu"],
        flavors: [
          {
            name: "cpu",
            resources: [
              { name: "cpu", nominalQuota: "8" },
              { name: "memory", nominalQuota: "32Gi" },
              { name: "nvidia.com/gpu", nominalQuota: "0" },
            ],
          },
          {
            name: "gpu",
            resources: [
              { name: "cpu", nominalQuota: "8" },
              { name: "memory", nominalQuota: "32Gi" },
              { name: "nvidia.com/gpu", nominalQuota: "2" },
            ],
          },
        ],
      },
    ]);
  });

  it("does not cover GPUs without a GPU quota", () => {
    const spec: any = clusterQueueSpec(settings, (pool) => pool);
    assert.deepEqual(spec.resourceGroups[0].coveredResources, ["cpu", "memory"]);
  });

  it("serves only the platform's namespaces", () => {
    assert.deepEqual(clusterQueueSpec(settings, (pool) => pool).namespaceSelector, {
      matchLabels: { "app.kubernetes.io/part-of": "mlplatform" },
    });
  });

  it("names no nodes where the platform does not own them", () => {
    assert.deepEqual(flavorSpec(NodePoolKind.Gpu, false), {});
  });
});

describe("values of the Ray charts", () => {
  const one = { replicas: 1, monitoringNamespace: "observability" };
  const table: [claim: string, actual: () => unknown, expected: unknown][] = [
    [
      "raise the KubeRay operator's limits above the chart's 100m",
      () => kuberayValues(one).resources,
      { requests: { cpu: "200m", memory: "512Mi" }, limits: { cpu: "1", memory: "1Gi" } },
    ],
    [
      "have Prometheus read the KubeRay operator",
      () => kuberayValues(one).metrics,
      { enabled: true, serviceMonitor: { enabled: true } },
    ],
    ["run the operators anywhere by default", () => kuberayValues(one).nodeSelector, {}],
    [
      "keep one Kueue pod through a drain when there are two",
      () => (kueueValues({ ...one, replicas: 2 }) as any).controllerManager.podDisruptionBudget,
      { enabled: true, minAvailable: 1 },
    ],
    [
      "do not block drains of a single Kueue pod",
      () => (kueueValues(one) as any).controllerManager.podDisruptionBudget.enabled,
      false,
    ],
    [
      "let Prometheus in from the namespace that it runs in",
      () => kueueValues(one).metrics,
      { prometheusNamespace: "observability" },
    ],
    [
      "integrate Kueue with Ray's kinds and nothing else",
      () => JSON.parse(kueueConfiguration()).integrations.frameworks,
      ["ray.io/rayjob", "ray.io/raycluster"],
    ],
    [
      "take back the quota of clusters that got only some of their pods",
      () => JSON.parse(kueueConfiguration()).waitForPodsReady.timeout,
      "20m",
    ],
  ];
  for (const [claim, actual, expected] of table) {
    it(claim, () => assert.deepEqual(actual(), expected));
  }
});
