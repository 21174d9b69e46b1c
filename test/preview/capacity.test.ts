import assert from "node:assert/strict";
import { computeCapacity } from "../../preview/capacity/computeCapacity";
import { parseGiB, parseQuantity } from "../../preview/capacity/quantity";
import { type PreviewResource, unknownMark } from "../../preview/engine/programRun";
import { cluster, registered, testSizes, userPool } from "./registered";

const release = (chart: string, values: object) =>
  registered("kubernetes:helm.sh/v3:Release", chart, { chart, values });
const disksOf = (resource: PreviewResource) =>
  computeCapacity([cluster(), resource], testSizes)
    .disks.slice(1)
    .map(({ owner, gib, zero, full, storageClass }) => ({ owner, gib, zero, full, storageClass }));

describe("capacity: quantities", () => {
  const rows: [unknown, number | undefined, number | undefined][] = [
    ["500m", 0.5, 0.5 / 2 ** 30],
    [2, 2, 2 / 2 ** 30],
    ["1Gi", 2 ** 30, 1],
    ["512Mi", 2 ** 29, 0.5],
    ["1.5Ti", 1.5 * 2 ** 40, 1536],
    ["10G", 1e10, 1e10 / 2 ** 30],
    ["1e3", 1000, 1000 / 2 ** 30],
    [unknownMark, undefined, undefined],
    ["-1", undefined, undefined],
    ["12 Gi", undefined, undefined],
    [undefined, undefined, undefined],
  ];
  for (const [text, base, gib] of rows) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.equal(parseQuantity(text), base);
      assert.equal(parseGiB(text), gib);
    });
  }
});

describe("capacity: nodes of an owned cluster", () => {
  const pools = [
    cluster(),
    userPool("cpu", { vmSize: "Standard_D8ds_v5", maxCount: 10 }),
    userPool("gpu", { vmSize: "Standard_NC24ads_A100_v4", maxCount: 2 }),
    userPool("spot", { vmSize: "Standard_D8ds_v5", maxCount: 5, scaleSetPriority: "Spot" }),
  ];

  it("adds up the system pool inside the cluster and the pools beside it", () => {
    const { nodes, ownsNodes, requests } = computeCapacity(pools, testSizes);
    assert.equal(ownsNodes, true);
    assert.equal(requests, undefined);
    assert.deepEqual(nodes.zero, { nodes: 2, vCpus: 8, memoryGiB: 32, gpus: 0 });
    assert.deepEqual(nodes.full, {
      nodes: 20,
      vCpus: 12 + 80 + 48 + 40,
      memoryGiB: 48 + 320 + 440 + 160,
      gpus: 2,
    });
  });

  it("keeps each pool apart and marks spot", () => {
    const { pools: counted } = computeCapacity(pools, testSizes);
    assert.deepEqual(
      counted.map(({ name, spot, full }) => [name, spot, full.nodes]),
      [
        ["system", false, 3],
        ["cpu", false, 10],
        ["gpu", false, 2],
        ["spot", true, 5],
      ],
    );
  });

  it("takes the fixed count of a pool without an autoscaler", () => {
    const fixed = userPool("fixed", {
      vmSize: "Standard_D8ds_v5",
      enableAutoScaling: false,
      count: 4,
    });
    const { pools: counted } = computeCapacity([cluster(), fixed], testSizes);
    assert.deepEqual([counted[1]!.zero.nodes, counted[1]!.full.nodes], [4, 4]);
  });

  it("counts managed system disks with the nodes, and no ephemeral ones", () => {
    const { disks } = computeCapacity(pools, testSizes);
    assert.deepEqual(disks, [
      {
        owner: "node pool system",
        kind: "nodeDisk",
        storageClass: "Premium_LRS",
        gib: 128,
        zero: 2,
        full: 3,
      },
    ]);
  });

  it("names a size that it does not know, and a count that is unknown", () => {
    const { uncounted, pools: counted } = computeCapacity(
      [
        userPool("odd", { vmSize: "Standard_Z9", maxCount: 1 }),
        userPool("late", { vmSize: "Standard_D8ds_v5", maxCount: unknownMark }),
        cluster({ nodeProvisioningProfile: { mode: "Auto" } }),
      ],
      testSizes,
    );
    assert.deepEqual(
      counted.map(({ name }) => name),
      ["system"],
    );
    assert.deepEqual(uncounted, [
      "node pool odd: vCPUs and memory of Standard_Z9 are not in components/aksPlatform/vmSizes.ts",
      "node pool late: its node count is not known before an update",
      "ManagedCluster core: nodes that auto-provisioning adds",
    ]);
  });
});

describe("capacity: disks", () => {
  it("multiplies the claims of a StatefulSet by its replicas", () => {
    const set = registered("kubernetes:apps/v1:StatefulSet", "minio", {
      spec: {
        replicas: 4,
        volumeClaimTemplates: [
          {
            spec: {
              storageClassName: "managed-csi-premium",
              resources: { requests: { storage: "256Gi" } },
            },
          },
        ],
      },
    });
    assert.deepEqual(disksOf(set), [
      {
        owner: "StatefulSet minio",
        gib: 256,
        zero: 4,
        full: 4,
        storageClass: "managed-csi-premium",
      },
    ]);
  });

  it("counts data and write-ahead log of every PostgreSQL instance", () => {
    const postgres = registered("kubernetes:postgresql.cnpg.io/v1:Cluster", "mlflow", {
      spec: { instances: 3, storage: { size: "20Gi" }, walStorage: { size: "5Gi" } },
    });
    assert.deepEqual(
      disksOf(postgres).map(({ owner, gib, full }) => [owner, gib, full]),
      [
        ["Cluster mlflow (data)", 20, 3],
        ["Cluster mlflow (write-ahead log)", 5, 3],
      ],
    );
  });

  it("counts a standby's copy of a managed database", () => {
    const server = registered("azure-native:dbforpostgresql:Server", "mlflow", {
      storage: { storageSizeGB: 64 },
      highAvailability: { mode: "ZoneRedundant" },
    });
    assert.deepEqual(
      disksOf(server).map(({ gib, full }) => [gib, full]),
      [[64, 2]],
    );
  });

  const charts: [string, string, object, [string, number, number][]][] = [
    [
      "Prometheus by replicas and shards, and Alertmanager",
      "kube-prometheus-stack",
      {
        prometheus: {
          prometheusSpec: {
            replicas: 2,
            shards: 2,
            storageSpec: {
              volumeClaimTemplate: { spec: { resources: { requests: { storage: "50Gi" } } } },
            },
          },
        },
        alertmanager: {
          alertmanagerSpec: {
            storage: {
              volumeClaimTemplate: { spec: { resources: { requests: { storage: "2Gi" } } } },
            },
          },
        },
      },
      [
        ["Release kube-prometheus-stack (Prometheus)", 50, 4],
        ["Release kube-prometheus-stack (Alertmanager)", 2, 1],
      ],
    ],
    ["no Prometheus volume without a template", "kube-prometheus-stack", {}, []],
    [
      "a monolithic Loki by its replicas",
      "loki",
      { singleBinary: { replicas: 1, persistence: { size: "20Gi" } } },
      [["Release loki (singleBinary)", 20, 1]],
    ],
    [
      "no volume of a Loki without persistence",
      "loki",
      { singleBinary: { replicas: 1, persistence: { enabled: false } } },
      [],
    ],
    [
      "the scalable Loki's writers and backends at the chart's defaults",
      "loki",
      { deploymentMode: "SimpleScalable", write: { replicas: 2 } },
      [
        ["Release loki (write)", 10, 2],
        ["Release loki (backend)", 10, 3],
      ],
    ],
    [
      "SeaweedFS claims, and none of its host paths",
      "seaweedfs",
      {
        master: { replicas: 1, data: { type: "persistentVolumeClaim", size: "4Gi" } },
        volume: { replicas: 3, dataDirs: [{ type: "persistentVolumeClaim", size: "100Gi" }] },
        filer: { data: { type: "hostPath" } },
      },
      [
        ["Release seaweedfs (master)", 4, 1],
        ["Release seaweedfs (volume)", 100, 3],
      ],
    ],
    ["nothing of a chart without volumes", "cert-manager", {}, []],
  ];
  for (const [claim, chart, values, expected] of charts) {
    it(`counts ${claim}`, () => {
      assert.deepEqual(
        disksOf(release(chart, values)).map(({ owner, gib, full }) => [owner, gib, full]),
        expected,
      );
    });
  }

  it("reads the chart's name off an OCI address", () => {
    const kueue = registered("kubernetes:helm.sh/v3:Release", "queue", {
      chart: "oci://registry.example/charts/kueue",
    });
    assert.deepEqual(computeCapacity([cluster(), kueue], testSizes).uncounted, []);
  });

  it("names what it cannot count instead of guessing", () => {
    const { uncounted, disks } = computeCapacity(
      [
        cluster(),
        release("mystery", {}),
        release("loki", { deploymentMode: "Distributed" }),
        registered("kubernetes:core/v1:PersistentVolumeClaim", "scratch", {
          spec: { resources: { requests: { storage: unknownMark } } },
        }),
      ],
      testSizes,
    );
    assert.equal(disks.length, 1);
    assert.deepEqual(uncounted, [
      "Release mystery: volumes of the chart mystery are its own",
      "Release loki: volumes of Loki's deployment mode Distributed are its chart's",
      "PersistentVolumeClaim scratch: size or number of its volumes is not known before an update",
    ]);
  });
});

describe("capacity: a cluster that is not the stack's", () => {
  const container = (cpu: string, memory: string) => ({ resources: { requests: { cpu, memory } } });
  const deployment = (name: string, replicas: number, spec: object) =>
    registered("kubernetes:apps/v1:Deployment", name, {
      metadata: { name },
      spec: { replicas, template: { spec } },
    });

  it("sums requests of containers and sidecars by replicas, and no init containers", () => {
    const pod = {
      containers: [container("500m", "1Gi")],
      initContainers: [
        { ...container("250m", "512Mi"), restartPolicy: "Always" },
        container("4", "8Gi"),
      ],
    };
    const { requests, nodes, ownsNodes } = computeCapacity([deployment("a", 2, pod)], testSizes);
    assert.equal(ownsNodes, false);
    assert.equal(nodes.full.nodes, 0);
    assert.deepEqual(requests!.zero, { vCpus: 1.5, memoryGiB: 3, gpus: 0 });
    assert.deepEqual(requests!.full, requests!.zero);
  });

  it("takes autoscalers, model servers and training quota to full load", () => {
    const { requests, uncounted } = computeCapacity(
      [
        deployment("gate", 1, { containers: [container("1", "1Gi")] }),
        registered("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "gate", {
          spec: { maxReplicas: 3, scaleTargetRef: { kind: "Deployment", name: "gate" } },
        }),
        registered("kubernetes:serving.kserve.io/v1beta1:InferenceService", "churn", {
          spec: {
            predictor: {
              minReplicas: 0,
              maxReplicas: 2,
              model: { resources: { requests: { cpu: "2", memory: "4Gi" } } },
            },
          },
        }),
        registered("kubernetes:kueue.x-k8s.io/v1beta2:ClusterQueue", "all", {
          spec: {
            resourceGroups: [
              {
                flavors: [
                  {
                    resources: [
                      { name: "cpu", nominalQuota: 16 },
                      { name: "memory", nominalQuota: "64Gi" },
                      { name: "nvidia.com/gpu", nominalQuota: 1 },
                    ],
                  },
                ],
              },
            ],
          },
        }),
      ],
      testSizes,
    );
    assert.deepEqual(requests!.zero, { vCpus: 1, memoryGiB: 1, gpus: 0 });
    assert.deepEqual(requests!.full, { vCpus: 3 + 4 + 16, memoryGiB: 3 + 8 + 64, gpus: 1 });
    assert.deepEqual(uncounted, []);
  });

  it("names workloads without requests and charts", () => {
    const { requests, uncounted } = computeCapacity(
      [
        deployment("bare", 1, { containers: [{ name: "main" }] }),
        release("kueue", {}),
        release("kserve-crd", {}),
        release("istiod", {}),
      ],
      testSizes,
    );
    assert.equal(requests!.full.vCpus, 0);
    assert.deepEqual(uncounted, [
      "Deployment bare: requests or replicas are not set",
      "pods of the Helm releases, whose charts set their requests: kueue, istiod",
    ]);
  });
});
