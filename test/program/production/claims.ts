import assert from "node:assert/strict";
import { platformLabels } from "@mlplatform/contracts/platformLabels";
import type { PreviewResource } from "../../../preview/engine/programRun";
import { secretMark } from "../../../preview/engine/programRun";
import { readAlerts, readDashboards } from "../../monitoring/shippedMonitoring";
import { selects } from "../../cluster/labelSelector";
import { ofKind } from "./workloads";

type Bag = Record<string, any>;

/** The objects of a stack, by kind and name in the cluster. */
export class Platform {
  constructor(private readonly resources: PreviewResource[]) {}

  /** Inputs of every object of a kind. */
  all(kind: string): Bag[] {
    return ofKind(this.resources, kind);
  }

  /** Inputs of the object of a kind and name. Throws where there is none, or more than one. */
  one(kind: string, name: string): Bag {
    const found = this.all(kind).filter(({ metadata }) => metadata.name === name);
    assert.equal(found.length, 1, `${kind} ${name}`);
    return found[0]!;
  }

  /** Values of a Helm release, by the release's name. */
  values(release: string): Bag {
    return this.release(release).values as Bag;
  }

  /** Names of all Helm releases. */
  releases(): string[] {
    return this.resources
      .filter(({ type }) => type === "kubernetes:helm.sh/v3:Release")
      .map(({ inputs }) => String(inputs["name"]));
  }

  /** Namespace and values of a Helm release. */
  release(name: string): Bag {
    const found = this.resources.filter(
      ({ type, inputs }) =>
        type === "kubernetes:helm.sh/v3:Release" && (inputs as Bag).name === name,
    );
    assert.equal(found.length, 1, `release ${name}`);
    return found[0]!.inputs as Bag;
  }
}

/** Something that holds for production as a whole. */
export interface Claim {
  name: string;
  check: (platform: Platform) => void;
}

/** What production promises beyond its single workloads. */
export const claims: Claim[] = [
  {
    name: "archives PostgreSQL to the lake all the time, backs it up daily, and keeps 35 days",
    check: (platform) => {
      const { spec } = platform.one("Cluster", "mlflow-db");
      const [archiver] = spec.plugins;
      assert.equal(archiver.isWALArchiver, true);
      const store = platform.one("ObjectStore", archiver.parameters.barmanObjectName);
      assert.equal(store.spec.retentionPolicy, "35d");
      assert.match(store.spec.configuration.destinationPath, /^s3:\/\/backups\/mlflow$/);
      const backup = platform.one("ScheduledBackup", "mlflow-db-daily").spec;
      assert.equal(backup.cluster.name, "mlflow-db");
      assert.equal(backup.pluginConfiguration.name, archiver.name);
      // Six fields, seconds first.
      assert.match(backup.schedule, /^\d+ \d+ \d+ \* \* \*$/);
    },
  },
  {
    name: "keeps three instances of PostgreSQL apart, of which a commit waits for two",
    check: (platform) => {
      const { spec } = platform.one("Cluster", "mlflow-db");
      assert.equal(spec.instances, 3);
      assert.equal(spec.postgresql.synchronous.number, 1);
      assert.equal(spec.affinity.enablePodAntiAffinity, true);
      const keys = spec.topologySpreadConstraints.map(({ topologyKey }: Bag) => topologyKey);
      assert.ok(keys.includes("topology.kubernetes.io/zone"));
      assert.ok(spec.resources.requests.memory && spec.resources.limits.memory);
    },
  },
  {
    name: "answers models over TLS only, with a certificate for every host",
    check: (platform) => {
      const { spec } = platform.one("KnativeServing", "knative-serving");
      const servers = spec.ingress.istio["knative-ingress-gateway"].servers as Bag[];
      const [plain, secure] = servers;
      assert.equal(servers.length, 2);
      assert.deepEqual(plain!["tls"], { httpsRedirect: true });
      const { credentialName } = secure!["tls"];
      const certificate = platform
        .all("Certificate")
        .find(({ spec: { secretName } }) => secretName === credentialName)!;
      // The gateway reads the Secret from the namespace of its own pods.
      assert.equal(
        certificate["metadata"].namespace,
        platform.release("istio-ingressgateway").namespace,
      );
      const [domain] = Object.keys(spec.config.domain);
      assert.deepEqual(certificate["spec"].dnsNames, [`*.${domain}`]);
      assert.equal(platform.values("kserve").kserve.controller.gateway.urlScheme, "https");
    },
  },
  {
    name: "asks every request for a token of a known issuer and audience, with a project's claim",
    check: (platform) => {
      const { spec } = platform.one("RequestAuthentication", "model-tokens");
      const gateway = { matchLabels: { istio: "ingressgateway" } };
      assert.deepEqual(spec.selector, gateway);
      for (const rule of spec.jwtRules) {
        assert.match(rule.issuer, /^https:/);
        assert.match(rule.jwksUri, /^https:/);
        assert.ok(rule.audiences.length > 0);
      }
      const policies = platform.all("AuthorizationPolicy").map((policy) => policy["spec"]);
      const projects = platform
        .all("Namespace")
        .filter(({ metadata }) => platformLabels.project in metadata.labels);
      // One lets probes through, and one a project its callers: nothing else is allowed.
      assert.equal(policies.length, projects.length + 1);
      for (const { selector, action, rules } of policies) {
        assert.deepEqual([selector, action], [gateway, "ALLOW"]);
        for (const { from, to, when } of rules) {
          assert.ok(to[0].operation.paths?.[0] === "/healthz" || from[0].source.requestPrincipals);
          assert.ok(when[0].values.length > 0);
        }
      }
    },
  },
  {
    name: "asks for a user on every page of MLflow",
    check: (platform) => {
      const { spec } = platform.one("Deployment", "mlflow");
      const [server] = spec.template.spec.containers;
      assert.ok(server.args.includes("--app-name=basic-auth"));
      assert.ok(server.args.some((argument: string) => argument.startsWith("--allowed-hosts=")));
      const auth = spec.template.spec.volumes.find(({ name }: Bag) => name === "auth");
      const secret = platform.one("Secret", auth.secret.secretName);
      assert.equal(JSON.stringify(secret.stringData).includes(secretMark), true);
    },
  },
  {
    name: "bounds how far, how long and with what a model scales, and lets it go to zero",
    check: (platform) => {
      const { config } = platform.one("KnativeServing", "knative-serving").spec;
      assert.equal(config.autoscaler["enable-scale-to-zero"], "true");
      const [most, limit] = ["max-scale", "max-scale-limit"].map((key) =>
        Number(config.autoscaler[key]),
      );
      assert.ok(most! > 0 && most! <= limit!);
      assert.ok(Number(config.defaults["max-revision-timeout-seconds"]) <= 600);
      for (const resource of ["cpu", "memory"]) {
        assert.ok(config.deployment[`queue-sidecar-${resource}-request`]);
        assert.ok(config.deployment[`queue-sidecar-${resource}-limit`]);
      }
      const runtime = platform.one("ClusterServingRuntime", "mlplatform-mlflow").spec;
      for (const { resources } of runtime.containers) {
        assert.ok(resources.limits.cpu && resources.limits.memory);
      }
      const { resources } = platform.values("kserve").kserve.controller;
      assert.ok(resources.limits.memory);
    },
  },
  {
    name: "names Istio's gateway as Knative and KServe look for it",
    check: (platform) => {
      // The chart labels the pods `istio: ingressgateway` from this name.
      const { namespace } = platform.release("istio-ingressgateway");
      assert.equal(namespace, "istio-system");
      const { ingress, config } = platform.one("KnativeServing", "knative-serving").spec;
      assert.deepEqual(ingress.istio["knative-ingress-gateway"].selector, {
        istio: "ingressgateway",
      });
      assert.equal(config.network["ingress-class"], "istio.ingress.networking.knative.dev");
      const { ingressGateway } = platform.values("kserve").kserve.controller.gateway;
      assert.equal(ingressGateway.gateway, "knative-serving/knative-ingress-gateway");
    },
  },
  {
    name: "monitors every part: by an object of its own, or by a value of its chart",
    check: (platform) => {
      for (const [kind, name] of ownMonitors) {
        assert.ok(hasMonitor(kind, name)(platform), name);
      }
      assert.deepEqual(platform.releases().sort(), Object.keys(releaseMonitors).sort());
      for (const [release, how] of Object.entries(releaseMonitors)) {
        assert.ok(typeof how === "string" || how(platform), release);
      }
    },
  },
  {
    name: "asks in dashboards and alerts for jobs that a monitor makes",
    check: (platform) => {
      const ofPods = platform
        .all("PodMonitor")
        .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
      const ofServices = platform.all("ServiceMonitor").flatMap(({ metadata, spec }) =>
        platform
          .all("Service")
          .filter(
            (service) =>
              service["metadata"].namespace === metadata.namespace &&
              selects(spec.selector, service["metadata"].labels ?? {}),
          )
          .map((service) => String(service["metadata"].name)),
      );
      // The chart's ServiceMonitor selects its one Service, which has the release's name.
      const made = [...ofPods, ...ofServices, "kuberay-operator"];
      const asked = [
        ...readAlerts().map(({ expr }) => expr),
        ...readDashboards().flatMap(({ panels }) =>
          panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
        ),
      ].flatMap((expr) => [...expr.matchAll(/\bjob="([^"]+)"/g)].map(([, job]) => job!));
      assert.ok(asked.length > 0);
      assert.deepEqual(
        asked.filter((job) => !made.includes(job)),
        [],
      );
    },
  },
  {
    name: "ships dashboards and alerts as objects of their files",
    check: (platform) => {
      assert.ok(platform.all("PrometheusRule").length >= 3);
      const dashboards = platform
        .all("ConfigMap")
        .filter(({ metadata }) => metadata.labels?.["grafana_dashboard"] === "1");
      assert.ok(dashboards.length >= 2);
    },
  },
];

const hasMonitor = (kind: string, name: string) => (platform: Platform) =>
  platform.one(kind, name)["spec"].selector !== undefined;

/** Monitors that the program writes itself. */
const ownMonitors: [kind: string, name: string][] = [
  ["PodMonitor", "data-lake"],
  ["ServiceMonitor", "inference-table"],
  ["ServiceMonitor", "mlflow"],
  ["PodMonitor", "mlflow-db"],
  ["PodMonitor", "ray-head"],
  ["PodMonitor", "ray-worker"],
  ["PodMonitor", "predictors"],
  ["PodMonitor", "knative"],
];

/** How each Helm release is monitored: by a value, by an object of ours, or why not at all. */
const releaseMonitors: Record<string, ((platform: Platform) => boolean) | string> = {
  "kube-prometheus-stack": (platform) =>
    platform.values("kube-prometheus-stack")["prometheus"].serviceMonitor?.selfMonitor !== false,
  loki: (platform) => platform.values("loki")["monitoring"].serviceMonitor.enabled,
  alloy: (platform) => platform.values("alloy")["serviceMonitor"].enabled,
  "kuberay-operator": (platform) =>
    platform.values("kuberay-operator")["metrics"].serviceMonitor.enabled,
  kueue: (platform) => platform.values("kueue")["enablePrometheus"],
  "cert-manager": (platform) =>
    platform.values("cert-manager")["prometheus"].servicemonitor.enabled,
  "cloudnative-pg": (platform) => platform.values("cloudnative-pg")["monitoring"].podMonitorEnabled,
  istiod: hasMonitor("ServiceMonitor", "istiod"),
  "istio-ingressgateway": hasMonitor("PodMonitor", "gateway"),
  kserve: hasMonitor("ServiceMonitor", "kserve"),
  "istio-base": "brings kinds only",
  "kserve-crd": "brings kinds only",
  "kserve-runtime-configs": "brings runtimes, whose pods are monitored as predictors",
  "knative-operator": "works while it installs; what it installs is monitored",
  "plugin-barman-cloud": "has no metrics; PostgreSQL's own tell how old the last archive is",
};
