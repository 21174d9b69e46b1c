import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { NodePoolKind, type ServingConnection } from "../../../components/connections";
import { placementOn } from "../../../components/kubernetes/placement";
import { ServingMesh } from "../../../components/servingMesh/servingMesh";
import { record, type Recorded, type Recording } from "../recorder";
import { cluster, lake, servingArgs } from "./servingFixtures";

const release = "kubernetes:helm.sh/v3:Release";
const issuerType = "kubernetes:cert-manager.io/v1:ClusterIssuer";
const certificateType = "kubernetes:cert-manager.io/v1:Certificate";
const knativeType = "kubernetes:operator.knative.dev/v1beta1:KnativeServing";
const runtimeType = "kubernetes:serving.kserve.io/v1alpha1:ClusterServingRuntime";
const jwtType = "kubernetes:security.istio.io/v1:RequestAuthentication";
const policyType = "kubernetes:security.istio.io/v1:AuthorizationPolicy";

const oidc = {
  issuer: "https://login.example.com/t/v2.0",
  jwksUri: "https://login.example.com/t/keys",
  audiences: ["models"],
};

describe("ServingMesh", () => {
  describe("by default", () => {
    let recording: Recording;
    let connection: ServingConnection;
    before(async () => {
      recording = await record(() => {
        const mesh = new ServingMesh("serving", { ...servingArgs, lake });
        mesh.connection.apply((value) => (connection = value));
      });
    });

    it("registers these resources and no others", () => {
      const names = recording.resources.map(({ type, name }) => `${type} ${name}`).sort();
      assert.deepEqual(names, [
        "kubernetes:cert-manager.io/v1:Certificate serving-authority",
        "kubernetes:cert-manager.io/v1:Certificate serving-certificate",
        "kubernetes:cert-manager.io/v1:ClusterIssuer serving-issuer",
        "kubernetes:cert-manager.io/v1:ClusterIssuer serving-root-issuer",
        "kubernetes:core/v1:Namespace serving-cert-manager",
        "kubernetes:core/v1:Namespace serving-istio-system",
        "kubernetes:core/v1:Namespace serving-knative-operator",
        "kubernetes:core/v1:Namespace serving-knative-serving",
        "kubernetes:core/v1:Namespace serving-kserve",
        "kubernetes:helm.sh/v3:Release serving-cert-manager-chart",
        "kubernetes:helm.sh/v3:Release serving-istio-base",
        "kubernetes:helm.sh/v3:Release serving-istio-gateway",
        "kubernetes:helm.sh/v3:Release serving-istiod",
        "kubernetes:helm.sh/v3:Release serving-knative-operator-chart",
        "kubernetes:helm.sh/v3:Release serving-kserve-controller",
        "kubernetes:helm.sh/v3:Release serving-kserve-crd",
        "kubernetes:helm.sh/v3:Release serving-kserve-runtimes",
        "kubernetes:monitoring.coreos.com/v1:PodMonitor serving-monitor-gateway",
        "kubernetes:monitoring.coreos.com/v1:PodMonitor serving-monitor-knative",
        "kubernetes:monitoring.coreos.com/v1:PodMonitor serving-monitor-predictors",
        "kubernetes:monitoring.coreos.com/v1:ServiceMonitor serving-monitor-istiod",
        "kubernetes:monitoring.coreos.com/v1:ServiceMonitor serving-monitor-kserve",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy serving-activator-ingress",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy serving-cert-manager-ingress",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy serving-knative-operator-ingress",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy serving-kserve-ingress",
        "kubernetes:operator.knative.dev/v1beta1:KnativeServing serving-knative",
        "kubernetes:serving.kserve.io/v1alpha1:ClusterServingRuntime serving-model-runtime",
        "mlplatform:index:ServingMesh serving",
      ]);
    });

    it("is the parent of all its resources", () => {
      const component = recording.one("mlplatform:index:ServingMesh");
      const strays = recording.resources.filter(
        (r) => r !== component && r.parent !== component.urn,
      );
      assert.deepEqual(
        strays.map((r) => r.name),
        [],
      );
    });

    it("installs each part after the parts that it needs", () => {
      const of = (name: string): Recorded => recording.resources.find((r) => r.name === name)!;
      const order: [later: string, earlier: string[]][] = [
        ["serving-istiod", ["serving-istio-base"]],
        ["serving-istio-gateway", ["serving-istiod"]],
        ["serving-root-issuer", ["serving-cert-manager-chart"]],
        ["serving-authority", ["serving-root-issuer"]],
        ["serving-issuer", ["serving-authority"]],
        ["serving-certificate", ["serving-issuer", "serving-istio-gateway"]],
        [
          "serving-knative",
          ["serving-knative-operator-chart", "serving-istio-gateway", "serving-certificate"],
        ],
        [
          "serving-kserve-controller",
          ["serving-kserve-crd", "serving-knative", "serving-cert-manager-chart"],
        ],
        ["serving-kserve-runtimes", ["serving-kserve-controller"]],
        ["serving-model-runtime", ["serving-kserve-runtimes"]],
      ];
      for (const [later, earlier] of order) {
        for (const name of earlier) {
          assert.ok(of(later).dependencies.includes(of(name).urn), `${later} after ${name}`);
        }
      }
    });

    it("names the gateway's release so that Knative's and KServe's selectors match its pods", () => {
      const { inputs } = recording.one(release, "serving-istio-gateway");
      assert.equal(inputs.name, "istio-ingressgateway");
      assert.equal(inputs.namespace, "istio-system");
    });

    it("keeps the gateway's address private", () => {
      assert.deepEqual(recording.one(release, "serving-istio-gateway").inputs.values.service, {
        type: "LoadBalancer",
        annotations: { "service.beta.kubernetes.io/azure-load-balancer-internal": "true" },
        loadBalancerSourceRanges: [],
      });
    });

    it("puts models and Knative's own hosts under one wildcard certificate", () => {
      const { spec, metadata } = recording.one(certificateType, "serving-certificate").inputs;
      assert.deepEqual(spec.dnsNames, ["*.models.example.com"]);
      assert.equal(metadata.namespace, "istio-system");
      const knative = recording.one(knativeType).inputs.spec;
      assert.equal(
        knative.config.network["domain-template"],
        "{{.Name}}--{{.Namespace}}.{{.Domain}}",
      );
      assert.deepEqual(knative.config.domain, { "models.example.com": "" });
      const kserve = recording.one(release, "serving-kserve-controller").inputs.values.kserve;
      assert.equal(kserve.controller.gateway.domain, "models.example.com");
      assert.equal(
        kserve.controller.gateway.domainTemplate,
        "{{ .Name }}--{{ .Namespace }}.{{ .IngressDomain }}",
      );
    });

    it("serves HTTPS with that certificate and redirects HTTP to it", () => {
      const { servers } =
        recording.one(knativeType).inputs.spec.ingress.istio["knative-ingress-gateway"];
      const { secretName } = recording.one(certificateType, "serving-certificate").inputs.spec;
      assert.deepEqual(servers, [
        {
          port: { name: "http", number: 80, protocol: "HTTP" },
          hosts: ["*"],
          tls: { httpsRedirect: true },
        },
        {
          port: { name: "https", number: 443, protocol: "HTTPS" },
          hosts: ["*"],
          tls: { mode: "SIMPLE", credentialName: secretName },
        },
      ]);
    });

    it("signs by an authority of the cluster's own", () => {
      assert.deepEqual(recording.one(issuerType, "serving-issuer").inputs.spec, {
        ca: { secretName: "mlplatform-ca" },
      });
      assert.equal(recording.one(certificateType, "serving-authority").inputs.spec.isCA, true);
    });

    it("writes Knative's configuration as strings only, as its webhooks demand", () => {
      const { config } = recording.one(knativeType).inputs.spec;
      for (const [section, entries] of Object.entries<Record<string, unknown>>(config)) {
        for (const [key, value] of Object.entries(entries)) {
          assert.equal(typeof value, "string", `${section}.${key}`);
        }
      }
    });

    it("scales to zero and counts requests", () => {
      const { config } = recording.one(knativeType).inputs.spec;
      assert.equal(config.autoscaler["enable-scale-to-zero"], "true");
      assert.equal(config.autoscaler["max-scale"], "10");
      assert.equal(config.autoscaler["max-scale-limit"], "100");
      assert.equal(config.deployment["queue-sidecar-memory-limit"], "256Mi");
      assert.equal(config.observability["request-metrics-protocol"], "prometheus");
    });

    it("downloads models from the lake by default", () => {
      const { s3 } = recording.one(release, "serving-kserve-controller").inputs.values.kserve
        .storage;
      assert.deepEqual(s3, {
        accessKeyIdName: "AWS_ACCESS_KEY_ID",
        secretAccessKeyName: "AWS_SECRET_ACCESS_KEY",
        useAnonymousCredential: "false",
        endpoint: "minio.data-lake.svc.cluster.local:9000",
        region: "us-east-1",
        useHttps: "0",
        useVirtualBucket: "false",
        verifySSL: "0",
      });
    });

    it("runs MLflow models on a server without privileges", () => {
      const { metadata, spec } = recording.one(runtimeType).inputs;
      assert.equal(metadata.name, "mlplatform-mlflow");
      assert.deepEqual(spec.supportedModelFormats, [
        { name: "mlflow", version: "3", autoSelect: true, priority: 2 },
      ]);
      assert.deepEqual(spec.protocolVersions, ["v1", "v2"]);
      const [container] = spec.containers;
      assert.equal(container.name, "kserve-container");
      assert.equal(container.image, servingArgs.modelServerImage);
      assert.deepEqual(container.securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        capabilities: { drop: ["ALL"] },
        seccompProfile: { type: "RuntimeDefault" },
      });
    });

    it("leaves MLflow models to that server alone", () => {
      const { servingruntime } = recording.one(release, "serving-kserve-runtimes").inputs.values
        .kserve;
      assert.equal(servingruntime.enabled, true);
      assert.deepEqual(servingruntime.mlserver, { disabled: true });
    });

    it("asks for no token without an issuer", () => {
      assert.equal(recording.all(jwtType).length + recording.all(policyType).length, 0);
    });

    it("returns where models are served", () => {
      assert.deepEqual(connection, {
        ingressHost: "models.example.com",
        gateway: "knative-serving/knative-ingress-gateway",
        gatewayNamespace: "istio-system",
        jwtIssuer: "",
      });
    });
  });

  describe("on a public address with tokens", () => {
    let recording: Recording;
    before(async () => {
      recording = await record(
        () =>
          new ServingMesh("serving", {
            ...servingArgs,
            oidc,
            internalLoadBalancer: false,
            allowedIpRanges: ["198.51.100.0/24"],
            replicas: 3,
            placement: placementOn(NodePoolKind.System),
            acme: {
              email: "ops@example.com",
              dnsZone: "example.com",
              dnsResourceGroup: "dns",
              dnsSubscriptionId: "00000000-0000-0000-0000-000000000001",
              dnsClientId: "00000000-0000-0000-0000-000000000002",
            },
          }),
      );
    });

    it("lets through of itself what Knative asks of a new route, and nothing else", () => {
      assert.deepEqual(recording.one(policyType).inputs.spec, {
        selector: { matchLabels: { istio: "ingressgateway" } },
        action: "ALLOW",
        rules: [
          {
            to: [{ operation: { methods: ["GET"], paths: ["/healthz"] } }],
            when: [{ key: "request.headers[K-Network-Probe]", values: ["probe"] }],
          },
        ],
      });
    });

    it("believes tokens of the issuer for the models' audience, in one header", () => {
      assert.deepEqual(recording.one(jwtType).inputs.spec.jwtRules, [
        {
          ...oidc,
          fromHeaders: [{ name: "Authorization", prefix: "Bearer " }],
          forwardOriginalToken: true,
        },
      ]);
    });

    it("opens the load balancer to the allowed ranges alone", () => {
      assert.deepEqual(recording.one(release, "serving-istio-gateway").inputs.values.service, {
        type: "LoadBalancer",
        annotations: {},
        loadBalancerSourceRanges: ["198.51.100.0/24"],
      });
    });

    it("proves the wildcard by DNS with a federated identity, so that no key is stored", () => {
      const { acme } = recording.one(issuerType, "serving-issuer").inputs.spec;
      assert.equal(acme.server, "https://acme-v02.api.letsencrypt.org/directory");
      assert.deepEqual(acme.solvers[0].dns01.azureDNS.managedIdentity, {
        clientID: "00000000-0000-0000-0000-000000000002",
      });
      const { podLabels } = recording.one(release, "serving-cert-manager-chart").inputs.values;
      assert.deepEqual(podLabels, { "azure.workload.identity/use": "true" });
      assert.equal(recording.all(certificateType, "serving-authority").length, 0);
    });

    it("runs three of each part on the system pool", () => {
      const values = (name: string) => recording.one(release, name).inputs.values;
      assert.equal(values("serving-cert-manager-chart").webhook.replicaCount, 3);
      assert.equal(values("serving-istiod").autoscaleMin, 3);
      assert.deepEqual(values("serving-istio-gateway").podDisruptionBudget, { minAvailable: 1 });
      const { spec } = recording.one(knativeType).inputs;
      assert.deepEqual(spec["high-availability"], { replicas: 3 });
      assert.ok(spec.workloads.length > 0);
      for (const workload of spec.workloads) {
        assert.deepEqual(workload.nodeSelector, { "mlplatform.dev/pool": "system" });
      }
    });
  });

  it("asks for no load balancer where the cluster hands out none", async () => {
    const recording = await record(
      () => new ServingMesh("serving", { ...servingArgs, skipLoadBalancer: true }),
    );
    const { service } = recording.one(release, "serving-istio-gateway").inputs.values;
    assert.deepEqual(service, { type: "ClusterIP" });
  });

  it("names Knative's images where they are given, the sidecar of every model among them", async () => {
    const knativeImages = { activator: "acme.io/activator:1", "queue-proxy": "acme.io/queue:1" };
    const { spec } = (
      await record(() => new ServingMesh("serving", { ...servingArgs, knativeImages }))
    ).one(knativeType).inputs;
    assert.deepEqual(spec.registry, { override: knativeImages });
    assert.equal(spec.config.deployment["queue-sidecar-image"], "acme.io/queue:1");

    const plain = await record(() => new ServingMesh("serving", servingArgs));
    assert.equal(plain.one(knativeType).inputs.spec.registry, undefined);
    assert.ok(!("queue-sidecar-image" in plain.one(knativeType).inputs.spec.config.deployment));
  });

  it("merges extra values last", async () => {
    const recording = await record(
      () =>
        new ServingMesh("serving", {
          ...servingArgs,
          helmValues: { istiod: { meshConfig: { accessLogFile: "" } } },
        }),
    );
    const { meshConfig } = recording.one(release, "serving-istiod").inputs.values;
    assert.deepEqual(meshConfig, {
      enablePrometheusMerge: true,
      accessLogFile: "",
      accessLogEncoding: "JSON",
    });
  });

  it("installs into two clusters from one program, each by its own provider", async () => {
    const recording = await record(() => {
      for (const name of ["east", "west"]) {
        new ServingMesh(`serving-${name}`, servingArgs, {
          providers: { kubernetes: cluster(name) },
        });
      }
    });
    for (const name of ["east", "west"]) {
      const component = recording.one("mlplatform:index:ServingMesh", `serving-${name}`);
      const children = recording.resources.filter((r) => r.parent === component.urn);
      assert.equal(children.length, 28);
      for (const child of children) {
        assert.match(child.provider, new RegExp(`providers:kubernetes::${name}::`), child.name);
      }
    }
  });

  it("previews the same resources, and knows the connection before anything exists", async () => {
    let host: string | undefined;
    const program = () => {
      const mesh = new ServingMesh("serving", { ...servingArgs, oidc });
      mesh.connection.apply(({ ingressHost }) => (host = ingressHost));
    };
    const names = ({ resources }: Recording) => resources.map((r) => r.urn).sort();
    const preview = names(await record(program, { preview: true }));
    assert.equal(host, "models.example.com");
    assert.deepEqual(preview, names(await record(program)));
  });
});

describe("ServingMesh's checks", () => {
  const table: [claim: string, change: object, reason: string][] = [
    [
      "refuse a domain of one label",
      { domain: "models" },
      "`domain` must be a lower-case DNS name of at least two labels and at most 190 " +
        'characters, got "models". Write e.g. ml.example.com.',
    ],
    [
      "refuse an address without a prefix length",
      { allowedIpRanges: ["203.0.113.7"] },
      '`allowedIpRanges[0]` must be a CIDR block, got "203.0.113.7". Write a single address ' +
        'as "203.0.113.7/32".',
    ],
    [
      "refuse a prefix longer than the address",
      { allowedIpRanges: ["10.0.0.0/8", "10.0.0.0/33"] },
      '`allowedIpRanges[1]` must be a CIDR block, got "10.0.0.0/33". Write a single address ' +
        'as "203.0.113.7/32".',
    ],
    [
      "refuse keys over plain HTTP",
      { oidc: { ...oidc, jwksUri: "http://login.example.com/keys" } },
      '`oidc.jwksUri` must be an https URL without a user, got "http://login.example.com/keys". Copy it from ' +
        "the issuer's own page.",
    ],
    [
      "refuse tokens for any audience",
      { oidc: { ...oidc, audiences: [] } },
      "`oidc.audiences` must name at least one audience, got []. Any token of the issuer " +
        "would pass; give the client id of the models' app registration.",
    ],
    [
      "refuse a public address that anyone may use",
      { internalLoadBalancer: false },
      "`internalLoadBalancer` must not be false without `oidc`, or `allowedIpRanges` " +
        "narrower than " +
        "the internet, got false. Models would answer anyone; set one of them, or keep " +
        "the address private.",
    ],
    [
      "refuse no pods at all",
      { replicas: 0 },
      "`replicas` must be a whole number of pods from 1 to 20, got 0. Use 2 or more for " +
        "availability.",
    ],
  ];
  for (const [claim, change, reason] of table) {
    it(claim, async () => {
      await assert.rejects(
        record(() => new ServingMesh("serving", { ...servingArgs, ...change })),
        (error: unknown) => {
          assert.ok(pulumi.InputPropertiesError.isInstance(error));
          assert.deepEqual(error.message, `ServingMesh "serving": ${reason}`);
          return true;
        },
      );
    });
  }

  it("accept IPv6 ranges", async () => {
    await record(
      () => new ServingMesh("serving", { ...servingArgs, allowedIpRanges: ["2001:db8::/32"] }),
    );
  });
});
