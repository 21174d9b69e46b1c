import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { NodePoolKind, S3Addressing } from "../../../components/connections";
import { RedactionAction, RedactionPart } from "../../../components/observabilityStack/args";
import { ObservabilityStack } from "../../../components/observabilityStack/observabilityStack";
import {
  alloyValues,
  lokiValues,
  prometheusValues,
} from "../../../components/observabilityStack/values";
import { placementOn } from "../../../components/kubernetes/placement";
import { makeRedactor } from "../../../workloads/inferenceTable/intake/redaction";
import { inferenceTableConnection } from "../connections";
import { record, type Recorded, type Recording } from "../recorder";
import { cluster, lake, observabilityArgs } from "../servingMesh/servingFixtures";

const release = "kubernetes:helm.sh/v3:Release";
const secretType = "kubernetes:core/v1:Secret";
const statefulSetType = "kubernetes:apps/v1:StatefulSet";
const policyType = "kubernetes:networking.k8s.io/v1:NetworkPolicy";
const accessType = "mlplatform:index:LakeAccess";
const budgetType = "kubernetes:policy/v1:PodDisruptionBudget";
const ruleType = "kubernetes:monitoring.coreos.com/v1:PrometheusRule";
const configMapType = "kubernetes:core/v1:ConfigMap";

const componentFolder = resolve(__dirname, "../../../components/observabilityStack");

/** What the random provider computes. */
function outputs(type: string): Record<string, unknown> {
  return type === "random:index/randomPassword:RandomPassword" ? { result: "generated" } : {};
}

describe("ObservabilityStack", () => {
  describe("by default", () => {
    let recording: Recording;
    const returned: Record<string, unknown> = {};
    before(async () => {
      recording = await record(
        () => {
          const stack = new ObservabilityStack("observability", observabilityArgs);
          stack.inferenceTable.apply((table) => (returned.inferenceTable = table));
          stack.grafanaUrl.apply((url) => (returned.grafana = url));
        },
        { outputs },
      );
    });

    const ofComponent = (): Recorded[] => {
      const { urn } = recording.one("mlplatform:index:ObservabilityStack");
      return recording.resources.filter((r) => r.parent === urn);
    };

    it("is the parent of these resources and no others", () => {
      const names = ofComponent()
        .map(({ type, name }) => `${type} ${name}`)
        .sort();
      assert.deepEqual(names, [
        "kubernetes:apps/v1:StatefulSet observability-inference-table-server",
        "kubernetes:batch/v1:CronJob observability-log-keeper",
        "kubernetes:core/v1:ConfigMap observability-dashboard-inferenceTable",
        "kubernetes:core/v1:ConfigMap observability-dashboard-logs",
        "kubernetes:core/v1:ConfigMap observability-dashboard-ray",
        "kubernetes:core/v1:ConfigMap observability-dashboard-services",
        "kubernetes:core/v1:ConfigMap observability-dashboard-serving",
        "kubernetes:core/v1:Namespace observability-observability",
        "kubernetes:core/v1:Namespace observability-observability-agents",
        "kubernetes:core/v1:Secret observability-grafana-admin",
        "kubernetes:core/v1:Secret observability-inference-table-ingest-key",
        "kubernetes:core/v1:Service observability-inference-table-service",
        "kubernetes:helm.sh/v3:Release observability-alloy",
        "kubernetes:helm.sh/v3:Release observability-loki",
        "kubernetes:helm.sh/v3:Release observability-prometheus",
        "kubernetes:monitoring.coreos.com/v1:PodMonitor observability-lake-monitor",
        "kubernetes:monitoring.coreos.com/v1:PrometheusRule observability-alerts-inferenceTable",
        "kubernetes:monitoring.coreos.com/v1:PrometheusRule observability-alerts-lake",
        "kubernetes:monitoring.coreos.com/v1:PrometheusRule observability-alerts-logs",
        "kubernetes:monitoring.coreos.com/v1:PrometheusRule observability-alerts-mlflow",
        "kubernetes:monitoring.coreos.com/v1:PrometheusRule observability-alerts-ray",
        "kubernetes:monitoring.coreos.com/v1:PrometheusRule observability-alerts-serving",
        "kubernetes:monitoring.coreos.com/v1:ServiceMonitor observability-inference-table-monitor",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy observability-inference-table-ingress",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy observability-ingress-agents",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy observability-ingress-logs",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy observability-ingress-within",
        "kubernetes:policy/v1:PodDisruptionBudget observability-inference-table-budget",
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole observability-dashboard-reader",
        "mlplatform:index:LakeAccess observability-inference-lake",
        "mlplatform:index:LakeAccess observability-keeper-lake",
        "mlplatform:index:LakeAccess observability-loki-lake",
        "random:index/randomPassword:RandomPassword observability-grafana-password",
        "random:index/randomPassword:RandomPassword observability-inference-table-ingest-key",
      ]);
    });

    it("keeps what holds data when the stack is destroyed, and nothing else", () => {
      const kept = ofComponent().filter((r) => r.protect || r.retainOnDelete);
      assert.deepEqual(kept.map((r) => [r.name, r.protect, r.retainOnDelete]).sort(), [
        // What a model is served with stays right.
        ["observability-inference-table-ingest-key", true, true],
        ["observability-inference-table-server", true, true],
        ["observability-observability", true, true],
      ]);
    });

    it("generates Grafana's password as a secret and hands the chart only the Secret's name", () => {
      const secret = recording.one(secretType, "observability-grafana-admin");
      assert.ok(secret.secretInputs.has("stringData"));
      assert.deepEqual(secret.inputs.stringData, {
        "admin-user": "admin",
        "admin-password": "generated",
      });
      const { values } = recording.one(release, "observability-prometheus").inputs;
      assert.equal(values.grafana.admin.existingSecret, secret.inputs.metadata.name);
      assert.doesNotMatch(JSON.stringify(values), /generated/);
    });

    it("puts no key of the lake into a plain input", () => {
      const leaks = recording.resources.filter((r) =>
        Object.entries(r.inputs).some(
          ([key, value]) =>
            !r.secretInputs.has(key) && JSON.stringify(value ?? null).includes('"generated"'),
        ),
      );
      assert.deepEqual(
        leaks.map((r) => r.name),
        [],
      );
    });

    it("grants each workload its own part of the lake", () => {
      const grants = recording
        .all(accessType)
        .map((r) => [
          r.inputs.lake.bucket,
          r.inputs.grants[0].prefix,
          r.inputs.secretName,
          r.inputs.namespace,
        ]);
      assert.deepEqual(grants.sort(), [
        ["lake", "inferences/", "inference-table-lake", "observability"],
        ["lake", "raylogs/", "log-keeper-lake", "observability"],
        ["loki", "", "loki-lake", "observability"],
      ]);
    });

    it("runs the inference table with its keys by reference and its state on a disk", () => {
      const { spec } = recording.one(statefulSetType).inputs;
      const [container] = spec.template.spec.containers;
      const fromSecret = (key: string) => ({
        name: key,
        valueFrom: { secretKeyRef: { name: "inference-table-lake", key } },
      });
      assert.deepEqual(container.env, [
        { name: "MLP_LAKE_BUCKET", value: "lake" },
        { name: "MLP_LAKE_ENDPOINT", value: "http://minio.data-lake.svc.cluster.local:9000" },
        { name: "MLP_LAKE_REGION", value: "us-east-1" },
        { name: "MLP_LAKE_ADDRESSING", value: "path" },
        fromSecret("AWS_ACCESS_KEY_ID"),
        fromSecret("AWS_SECRET_ACCESS_KEY"),
        { name: "MLP_STATE_DIR", value: "/state" },
        { name: "MLP_PORT", value: "8080" },
        { name: "MLP_LOG_MIB", value: "7168" },
        { name: "MLP_REPLICAS", value: "2" },
        {
          name: "MLP_REPLICA",
          valueFrom: {
            fieldRef: { fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']" },
          },
        },
        { name: "MLP_INGEST_KEY", valueFrom: { secretKeyRef: { key: "key" } } },
      ]);
      assert.equal(spec.replicas, 2);
      assert.deepEqual(spec.persistentVolumeClaimRetentionPolicy, {
        whenDeleted: "Retain",
        whenScaled: "Retain",
      });
      const [claim] = spec.volumeClaimTemplates;
      assert.equal(claim.spec.resources.requests.storage, "10Gi");
      const mount = container.volumeMounts.find((m: any) => m.mountPath === "/state");
      assert.equal(mount.name, claim.metadata.name);
    });

    it("runs the inference table without privileges", () => {
      const { spec } = recording.one(statefulSetType).inputs.spec.template;
      assert.equal(spec.securityContext.runAsNonRoot, true);
      assert.equal(spec.automountServiceAccountToken, false);
      assert.deepEqual(spec.containers[0].securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    });

    it("lets nobody but model pods and Prometheus reach the inference table", () => {
      const { spec } = recording.one(policyType, "observability-inference-table-ingress").inputs;
      assert.deepEqual(spec, {
        podSelector: { matchLabels: { "app.kubernetes.io/name": "inference-table" } },
        policyTypes: ["Ingress"],
        ingress: [
          {
            from: [
              {
                namespaceSelector: { matchLabels: { "app.kubernetes.io/part-of": "mlplatform" } },
                podSelector: {
                  matchExpressions: [
                    { key: "serving.kserve.io/inferenceservice", operator: "Exists" },
                  ],
                },
              },
              { podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } } },
            ],
            ports: [{ protocol: "TCP", port: 8080 }],
          },
        ],
      });
      const within = recording.one(policyType, "observability-ingress-within").inputs.spec;
      assert.deepEqual(within.podSelector.matchExpressions, [
        { key: "app.kubernetes.io/name", operator: "NotIn", values: ["inference-table"] },
      ]);
    });

    it("answers on port 80 under the name that projects' loggers post to", () => {
      const { metadata, spec } = recording.one("kubernetes:core/v1:Service").inputs;
      assert.deepEqual(spec.ports, [{ name: "http", port: 80, targetPort: "http" }]);
      assert.equal(metadata.namespace, "observability");
      assert.deepEqual(returned, {
        inferenceTable: inferenceTableConnection(),
        grafana: "http://kube-prometheus-stack-grafana.observability.svc.cluster.local",
      });
    });

    it("runs the log keeper every hour, one at a time", () => {
      const { spec } = recording.one("kubernetes:batch/v1:CronJob").inputs;
      assert.equal(spec.schedule, "17 * * * *");
      assert.equal(spec.concurrencyPolicy, "Forbid");
      const [container] = spec.jobTemplate.spec.template.spec.containers;
      assert.deepEqual(container.args, ["keeper"]);
      assert.equal(container.image, observabilityArgs.logKeeperImage);
    });

    it("confines privileges to the namespace of the agents", () => {
      const levels = recording
        .all("kubernetes:core/v1:Namespace")
        .map(({ inputs: { metadata } }) => [
          metadata.name,
          metadata.labels["pod-security.kubernetes.io/enforce"],
        ]);
      assert.deepEqual(levels.sort(), [
        ["observability", "restricted"],
        ["observability-agents", "privileged"],
      ]);
      const { values } = recording.one(release, "observability-prometheus").inputs;
      assert.equal(values["prometheus-node-exporter"].namespaceOverride, "observability-agents");
      assert.equal(
        recording.one(release, "observability-alloy").inputs.namespace,
        "observability-agents",
      );
    });

    it("installs everything with a monitor after the chart that brings their CRDs", () => {
      const prometheus = recording.one(release, "observability-prometheus");
      const monitored = [
        ...recording.all("kubernetes:monitoring.coreos.com/v1:PodMonitor"),
        ...recording.all("kubernetes:monitoring.coreos.com/v1:ServiceMonitor"),
        ...recording.all(ruleType),
        recording.one(release, "observability-loki"),
      ];
      for (const { name, dependencies } of monitored) {
        assert.ok(dependencies.includes(prometheus.urn), name);
      }
    });
  });

  it(
    "gives the inference table its rules of redaction as a file, with a key of its own, and " +
      "its retention",
    async () => {
      const inferenceRedaction = [
        { namespace: "models", path: "$..ssn", action: RedactionAction.Hash },
        { part: RedactionPart.Metadata, path: "$.Authorization", action: RedactionAction.Drop },
      ];
      const recording = await record(
        () =>
          new ObservabilityStack("observability", {
            ...observabilityArgs,
            inferenceRedaction,
            inferenceRetentionDays: 400,
            inferenceRetentionByNamespace: { models: 30, churn: 90 },
          }),
        { outputs },
      );
      const rules = recording.one(configMapType, "observability-inference-table-redaction");
      assert.deepEqual(JSON.parse(rules.inputs.data["redaction.json"]), inferenceRedaction);
      const { template } = recording.one(statefulSetType).inputs.spec;
      const [container] = template.spec.containers;
      const named = new Map(container.env.map((each: any) => [each.name, each]));
      assert.equal((named.get("MLP_REDACTION_FILE") as any).value, "/redaction/redaction.json");
      assert.equal((named.get("MLP_REDACTION_KEY") as any).valueFrom.secretKeyRef.key, "key");
      assert.equal((named.get("MLP_RETENTION_DAYS") as any).value, "400");
      assert.equal((named.get("MLP_RETENTION") as any).value, "models=30,churn=90");
      assert.ok(
        container.volumeMounts.some(
          (each: any) => each.mountPath === "/redaction" && each.readOnly,
        ),
      );
      assert.match(template.metadata.annotations["mlplatform.dev/redaction"], /^[0-9a-f]{16}$/);
      makeRedactor(
        rules.inputs.data["redaction.json"],
        "the service reads what the component writes",
      );
    },
  );

  it("runs a single inference table pod without a budget, which would block every drain", async () => {
    const recording = await record(
      () => new ObservabilityStack("observability", { ...observabilityArgs, inferenceReplicas: 1 }),
    );
    assert.equal(recording.all(budgetType).length, 0);
    const { spec } = recording.one(statefulSetType).inputs.spec.template;
    assert.equal(spec.topologySpreadConstraints, undefined);
  });

  it("can be destroyed with its data when asked to", async () => {
    const recording = await record(
      () => new ObservabilityStack("observability", { ...observabilityArgs, protectData: false }),
    );
    assert.deepEqual(
      recording.resources.filter((r) => r.protect || r.retainOnDelete),
      [],
    );
  });

  it("lets the gateway reach Grafana only under a public name", async () => {
    let url: string | undefined;
    const recording = await record(() => {
      const stack = new ObservabilityStack("observability", {
        ...observabilityArgs,
        grafanaHost: "grafana.example.com",
      });
      stack.grafanaUrl.apply((value) => (url = value));
    });
    assert.equal(url, "https://grafana.example.com");
    assert.deepEqual(
      recording.one(policyType, "observability-ingress-grafana").inputs.spec.ingress,
      [
        {
          from: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "istio-system" } },
            },
          ],
          ports: [{ protocol: "TCP", port: 3000 }],
        },
      ],
    );
  });

  it("installs into two clusters from one program, each by its own provider", async () => {
    const recording = await record(() => {
      for (const name of ["east", "west"]) {
        new ObservabilityStack(`observability-${name}`, observabilityArgs, {
          providers: { kubernetes: cluster(name) },
        });
      }
    });
    for (const name of ["east", "west"]) {
      const own = recording.resources.filter(
        (r) =>
          r.name.startsWith(`observability-${name}`) && r.custom && !r.type.startsWith("random:"),
      );
      assert.ok(own.length > 20);
      for (const child of own) {
        assert.match(child.provider, new RegExp(`providers:kubernetes::${name}::`), child.name);
      }
    }
  });

  it("previews the same resources before anything exists", async () => {
    const program = () => new ObservabilityStack("observability", observabilityArgs);
    const names = ({ resources }: Recording) => resources.map((r) => r.urn).sort();
    assert.deepEqual(names(await record(program, { preview: true })), names(await record(program)));
  });

  it("reports every wrong number at once, with the value and the remedy", async () => {
    await assert.rejects(
      record(
        () =>
          new ObservabilityStack("observability", {
            ...observabilityArgs,
            logRetentionDays: 0,
            inferenceBufferGiB: 2.5,
          }),
      ),
      (error: unknown) => {
        assert.ok(pulumi.InputPropertiesError.isInstance(error));
        assert.deepEqual(
          error.errors.map((e) => e.reason),
          [
            'ObservabilityStack "observability": `logRetentionDays` must be a whole number ' +
              "of days from 1 to 3650, got 0. Leave it out for the default.",
            'ObservabilityStack "observability": `inferenceBufferGiB` must be a whole number ' +
              "of GiB from 1 to 4096, got 2.5. Leave it out for the default.",
          ],
        );
        return true;
      },
    );
  });
});

describe("values of the observability charts", () => {
  const metrics = { replicas: 1, retentionDays: 15, storageGiB: 50 };
  const store = {
    bucket: "loki",
    endpoint: lake.endpoint,
    region: "us-east-1",
    pathStyle: lake.addressing === S3Addressing.Path,
    insecure: true,
    secretName: "loki-lake",
  };
  const logs = { replicas: 1, retentionDays: 30, store };
  const prometheus = (change = {}): any => prometheusValues({ ...metrics, ...change });
  const loki = (change = {}): any => lokiValues({ ...logs, ...change });
  const table: [claim: string, actual: () => unknown, expected: unknown][] = [
    [
      "take monitors of all namespaces and releases",
      () => prometheus().prometheus.prometheusSpec.serviceMonitorSelectorNilUsesHelmValues,
      false,
    ],
    [
      "leave a fifth of Prometheus's disk to its log and compaction",
      () => prometheus().prometheus.prometheusSpec.retentionSize,
      "40GiB",
    ],
    [
      "use the cluster's default storage class unless one is named",
      () =>
        prometheus().prometheus.prometheusSpec.storageSpec.volumeClaimTemplate.spec
          .storageClassName,
      undefined,
    ],
    [
      "put Prometheus on the storage class that is named",
      () =>
        prometheus({ storageClass: "fast" }).prometheus.prometheusSpec.storageSpec
          .volumeClaimTemplate.spec.storageClassName,
      "fast",
    ],
    [
      "put Loki on the storage class that is named",
      () => loki({ storageClass: "fast" }).singleBinary.persistence.storageClass,
      "fast",
    ],
    ["switch off what a managed cluster hides", () => prometheus().kubeEtcd, { enabled: false }],
    [
      "place Prometheus on the pool that is given",
      () =>
        prometheus({ placement: placementOn(NodePoolKind.System) }).prometheus.prometheusSpec
          .nodeSelector,
      { "mlplatform.dev/pool": "system" },
    ],
    [
      "tell Grafana its public address",
      () => prometheus({ grafanaHost: "g.example.com" }).grafana["grafana.ini"].server,
      { root_url: "https://g.example.com" },
    ],
    [
      "keep Grafana's sidecars away from Secrets",
      () => prometheus().grafana.sidecar.dashboards.resource,
      "configmap",
    ],
    ["run one Loki for one", () => loki().singleBinary.replicas, 1],
    [
      "run one Loki for two, since two copies need both to write",
      () => loki({ replicas: 2 }).singleBinary.replicas,
      1,
    ],
    [
      "keep three copies from three Lokis on",
      () => loki({ replicas: 3 }).loki.commonConfig.replication_factor,
      3,
    ],
    ["count Loki's retention in hours", () => loki().loki.limits_config.retention_period, "720h"],
    [
      "give Loki its keys by environment, never by value",
      () => [loki().loki.storage.s3.accessKeyId, loki().loki.storage.s3.secretAccessKey],
      ["${AWS_ACCESS_KEY_ID}", "${AWS_SECRET_ACCESS_KEY}"],
    ],
    [
      "run Alloy on nodes with any taint",
      () => (alloyValues("") as any).controller.tolerations,
      [{ operator: "Exists" }],
    ],
  ];
  for (const [claim, actual, expected] of table) {
    it(claim, () => assert.deepEqual(actual(), expected));
  }
});

describe("files of the ObservabilityStack", () => {
  const files = (folder: string) =>
    readdirSync(join(componentFolder, folder)).map(
      (file) => [file, readFileSync(join(componentFolder, folder, file), "utf8")] as const,
    );
  // Gone since Knative 1.19; dashboards found elsewhere still use them and stay empty.
  const goneSeries =
    /\brevision_(request|app_request)_(count|latencies)|\bactivator_request_|\bautoscaler_(desired|actual)_pods/;

  for (const [file, content] of files("alerts")) {
    it(`gives each alert of ${file} a severity, a summary and a remedy`, () => {
      const { groups } = parse(content);
      assert.ok(groups.length > 0);
      const rules = groups.flatMap((group: any) => group.rules);
      // A rule that records has no reader.
      for (const rule of rules.filter(({ alert }: any) => alert !== undefined)) {
        assert.match(rule.labels.severity, /^(critical|warning|info)$/, rule.alert);
        assert.ok(rule.annotations.summary, rule.alert);
        assert.ok(rule.annotations.description, rule.alert);
      }
      assert.doesNotMatch(content, goneSeries);
    });
  }

  for (const [file, content] of files("dashboards")) {
    it(`has no panel of ${file} without a query on a data source that the stack brings`, () => {
      const dashboard = JSON.parse(content);
      assert.ok(dashboard.panels.length >= 8);
      for (const panel of dashboard.panels) {
        assert.match(panel.datasource.uid, /^(prometheus|loki)$/, panel.title);
        assert.ok(
          panel.targets.every((target: any) => target.expr.length > 0),
          panel.title,
        );
      }
      assert.doesNotMatch(content, goneSeries);
    });
  }

  it("fits each dashboard into a ConfigMap", async () => {
    const recording = await record(
      () => new ObservabilityStack("observability", observabilityArgs),
    );
    const dashboards = recording
      .all(configMapType)
      .filter((r) => r.inputs.metadata.labels?.grafana_dashboard === "1");
    assert.equal(dashboards.length, files("dashboards").length);
    for (const { name, inputs } of dashboards) {
      assert.ok(JSON.stringify(inputs.data).length < 1024 * 1024, name);
    }
  });

  it("names pods in Alloy's configuration as metadata and not as labels", () => {
    const config = readFileSync(join(componentFolder, "config.alloy"), "utf8");
    const dropped = /stage\.label_drop \{\s*values = \[([^\]]*)\]/.exec(config)?.[1];
    for (const label of ["pod", "ray_cluster", "inference_service"]) {
      assert.ok(dropped?.includes(`"${label}"`), label);
    }
  });
});
