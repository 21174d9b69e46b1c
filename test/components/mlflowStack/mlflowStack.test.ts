import assert from "node:assert/strict";
import {
  trackingAuthentication,
  trackingServerEnvironment,
} from "@mlplatform/contracts/trackingServer";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { NodePoolKind, S3Addressing } from "../../../components/connections";
import { skuTier } from "../../../components/mlflowStack/flexibleServer";
import { MlflowStack } from "../../../components/mlflowStack/mlflowStack";
import { MlflowDatabase, type MlflowStackArgs } from "../../../components/mlflowStack/args";
import { mlflowStackProblems } from "../../../components/mlflowStack/problems";
import { operatorValues, pluginValues } from "../../../components/mlflowStack/postgresOperator";
import { clusterSpec, objectStoreSpec } from "../../../components/mlflowStack/postgresSpecs";
import {
  allowedHosts,
  databaseUri,
  serverArguments,
} from "../../../components/mlflowStack/serverSettings";
import { anywhere, placementOn } from "../../../components/kubernetes/placement";
import { upstreamsOrSkip } from "../../upstreams/upstreamsOrSkip";
import { PublishedCharts, unknownValues } from "../chartValues";
import { CrdSchemas } from "../crdSchemas";
import { azure, lakeConnection, trackingConnection } from "../connections";
import { plainSecrets } from "../plainSecrets";
import { record, type RecordOptions, type Recording } from "../recorder";

const outputs: RecordOptions["outputs"] = (type, name) => {
  if (type === "random:index/randomPassword:RandomPassword") {
    return { result: `secret-of-${name}` };
  }
  if (type === "azure-native:dbforpostgresql:Server") {
    return { fullyQualifiedDomainName: "db.private.postgres.database.azure.com" };
  }
  return {};
};
const passwords = ["secret-of-"];

const lake = lakeConnection();
const defaults: MlflowStackArgs = {
  lake,
  image: "mlflow:1.0.0",
  postgresImage: "postgresql:17.6",
  charts: {
    cloudNativePg: { chart: "cloudnative-pg", version: "0.29.0" },
    barmanCloud: { chart: "plugin-barman-cloud", version: "0.7.0" },
  },
};
const onAzure = { database: MlflowDatabase.AzureFlexibleServer, azure, tags: { owner: "ml" } };

const stack = async (args: Partial<MlflowStackArgs> = {}, options: RecordOptions = {}) => {
  let component: MlflowStack | undefined;
  const recording = await record(
    () => {
      const provider = new k8s.Provider("cluster", { kubeconfig: "{}" });
      component = new MlflowStack(
        "mlflow",
        { ...defaults, ...args },
        { providers: { kubernetes: provider } },
      );
    },
    { outputs, ...options },
  );
  return { recording, component: component! };
};

const valueOf = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));
const custom = (recording: Recording, kind: string) =>
  recording.resources.filter((r) => r.type.endsWith(`:${kind}`) && r.inputs.kind === kind);
const server = (recording: Recording) =>
  recording.one("kubernetes:apps/v1:Deployment", "mlflow-server").inputs.spec;

describe("MlflowStack's server", () => {
  it("starts with users, proxied artifacts and no address in its arguments", async () => {
    const { recording } = await stack({ host: "mlflow.example.com" });
    const [container] = server(recording).template.spec.containers;
    assert.deepEqual(container.command, ["mlflow"]);
    assert.equal(container.args[0], "server");
    assert.deepEqual(container.args, serverArguments("lake", "mlflow.example.com"));
    assert.deepEqual(container.envFrom, [
      { secretRef: { name: "mlflow-server" } },
      { secretRef: { name: "lake-credentials" } },
    ]);
    const env = Object.fromEntries(container.env.map((v: any) => [v.name, v.value]));
    assert.equal(env.MLFLOW_S3_ENDPOINT_URL, lake.endpoint);
    assert.equal(env.AWS_DEFAULT_REGION, "us-east-1");
    assert.equal(env.MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE, "path");
    assert.equal(env.MLFLOW_AUTH_CONFIG_PATH, "/etc/mlflow/auth.ini");
    for (const [name, value] of Object.entries(trackingServerEnvironment)) {
      assert.equal(env[name], value);
    }
  });

  it("takes the tokens of projects' training pods, by the API server's keys and its own token", async () => {
    const { recording } = await stack();
    const settings = recording.one("kubernetes:core/v1:ConfigMap", "mlflow-sign-in");
    const folder = "/var/run/secrets/kubernetes.io/serviceaccount";
    assert.deepEqual(JSON.parse(settings.inputs.data["sign-in.json"]), {
      pods: {
        jwksUri: "https://kubernetes.default.svc/openid/v1/jwks",
        caFile: `${folder}/ca.crt`,
        tokenFile: `${folder}/token`,
        audiences: ["mlflow"],
        serviceAccounts: ["training"],
      },
    });
    // Another name for other settings: the server starts anew.
    assert.equal(settings.inputs.metadata.name, undefined);
    const deployment = recording.one("kubernetes:apps/v1:Deployment", "mlflow-server");
    assert.ok(deployment.dependencies.includes(settings.urn));
    const { containers, volumes } = deployment.inputs.spec.template.spec;
    const mounts = containers[0].volumeMounts.map(({ name, mountPath }: any) => [name, mountPath]);
    assert.deepEqual(mounts.slice(2), [
      ["sign-in", "/etc/mlflow-sign-in"],
      ["cluster", folder],
    ]);
    const { sources } = volumes.find(({ name }: any) => name === "cluster").projected;
    assert.deepEqual(
      sources.map((source: any) => Object.keys(source)[0]),
      ["serviceAccountToken", "configMap"],
    );
  });

  it("takes the tokens of people, whose groups are what tokens say", async () => {
    const people = {
      oidc: { issuer: "https://id.example.com", jwksUri: "https://id.example.com/keys" },
      administrators: ["ABCDEF00-0000-0000-0000-000000000000"],
      projects: { churn: { viewers: ["Analysts"], callers: ["shop"] }, pricing: {} },
    };
    const oidc = { ...people.oidc, audiences: ["mlplatform"] };
    const { recording } = await stack({ people: { ...people, oidc } });
    const settings = recording.one("kubernetes:core/v1:ConfigMap", "mlflow-sign-in").inputs;
    const nobody = { viewers: [], approvers: [], members: [], administrators: [] };
    assert.deepEqual(JSON.parse(settings.data["sign-in.json"]).people, {
      ...oidc,
      groupsClaim: "groups",
      administrators: ["abcdef00-0000-0000-0000-000000000000"],
      projects: { churn: { ...nobody, viewers: ["Analysts"] }, pricing: nobody },
    });
  });

  it("upgrades both databases before it starts", async () => {
    const { recording } = await stack();
    const [migrate] = server(recording).template.spec.initContainers;
    assert.deepEqual(migrate.command, ["python", "-m", "mlplatform.migrate"]);
    assert.deepEqual(migrate.envFrom, [{ secretRef: { name: "mlflow-server" } }]);
  });

  it("runs without root or a writable image, in both containers", async () => {
    const { recording } = await stack({ placement: placementOn(NodePoolKind.System) });
    const pod = server(recording).template.spec;
    assert.equal(pod.securityContext.runAsNonRoot, true);
    assert.equal(pod.automountServiceAccountToken, false);
    assert.deepEqual(pod.nodeSelector, { "mlplatform.dev/pool": "system" });
    for (const container of [...pod.initContainers, ...pod.containers]) {
      assert.equal(container.securityContext.readOnlyRootFilesystem, true);
      assert.deepEqual(container.securityContext.capabilities, { drop: ["ALL"] });
      assert.deepEqual(container.volumeMounts[0], { name: "tmp", mountPath: "/tmp" });
    }
  });

  it("keeps one of several servers up through a drain, and has no budget for one alone", async () => {
    const budget = async (replicas: number) =>
      (await stack({ replicas })).recording
        .all("kubernetes:policy/v1:PodDisruptionBudget")
        .map((r) => r.inputs.spec.maxUnavailable);
    assert.deepEqual(await budget(1), []);
    assert.deepEqual(await budget(3), [1]);
  });

  it("keeps each secret in the Secret that needs it", async () => {
    const { recording } = await stack();
    const data = (name: string) => {
      const secret = recording.one("kubernetes:core/v1:Secret", name);
      assert.ok(secret.secretInputs.has("stringData"));
      return secret.inputs.stringData;
    };
    const host = "mlflow-db-rw.mlflow.svc.cluster.local:5432";
    const login = "postgresql+psycopg://mlflow:secret-of-mlflow-database";
    assert.deepEqual(data("mlflow-server"), {
      MLFLOW_BACKEND_STORE_URI: `${login}@${host}/mlflow?sslmode=require`,
      MLFLOW_AUTH_DATABASE_URI: `${login}@${host}/mlflow_auth?sslmode=require`,
      MLFLOW_FLASK_SERVER_SECRET_KEY: "secret-of-mlflow-session",
      MLFLOW_CRYPTO_KEK_PASSPHRASE: "secret-of-mlflow-gateway",
      MLP_METRICS_TOKEN: "secret-of-mlflow-metrics",
    });
    assert.deepEqual(data("mlflow-metrics"), { token: "secret-of-mlflow-metrics" });
    assert.deepEqual(data("mlflow-admin"), {
      MLFLOW_TRACKING_USERNAME: "admin",
      MLFLOW_TRACKING_PASSWORD: "secret-of-mlflow-admin",
    });
    assert.equal(
      data("mlflow-auth-config")["auth.ini"],
      trackingAuthentication(
        `${login}@${host}/mlflow_auth?sslmode=require`,
        "secret-of-mlflow-admin",
      ),
    );
    const admin = recording.one("random:index/randomPassword:RandomPassword", "mlflow-admin");
    assert.ok(admin.inputs.length >= 12);
  });

  it("may touch only the artifacts of the lake", async () => {
    const { recording } = await stack();
    const policy = recording.one("kubernetes:core/v1:ConfigMap", "mlflow-artifacts-policy").inputs;
    const statements = JSON.parse(policy.data["policy.json"]).Statement;
    const resources = statements
      .filter(({ Effect }: any) => Effect === "Allow")
      .map((s: any) => s.Resource);
    assert.deepEqual(resources, [
      ["arn:aws:s3:::lake"],
      ["arn:aws:s3:::lake"],
      ["arn:aws:s3:::lake"],
      ["arn:aws:s3:::lake/artifacts/*"],
    ]);
  });

  it("returns where its pods answer, the administrator's Secret and an image for Jobs", async () => {
    const { component } = await stack();
    assert.deepEqual(
      await valueOf(component.connection),
      trackingConnection({ clientImage: "mlflow:1.0.0" }),
    );
  });

  it("is scraped with a token for its metrics alone, and not at all where monitors are off", async () => {
    const [monitor] = custom((await stack()).recording, "ServiceMonitor");
    assert.deepEqual(monitor!.inputs.spec.endpoints, [
      {
        port: "http",
        path: "/metrics",
        authorization: { type: "Bearer", credentials: { name: "mlflow-metrics", key: "token" } },
      },
    ]);
    const { recording } = await stack({ enableMonitors: false });
    const kinds = recording.resources.map((r) => r.inputs.kind);
    assert.equal(kinds.includes("ServiceMonitor") || kinds.includes("PodMonitor"), false);
  });
});

describe("MlflowStack on CloudNativePG", () => {
  it("makes the cluster after the operator, its plugin, the password and the archive", async () => {
    const { recording } = await stack({ databaseInstances: 3 });
    const [cluster] = custom(recording, "Cluster");
    assert.deepEqual(
      cluster!.inputs.spec,
      clusterSpec({
        image: "postgresql:17.6",
        instances: 3,
        storageGiB: 32,
        placement: anywhere,
      }),
    );
    const needed = [
      recording.one("kubernetes:helm.sh/v3:Release", "mlflow-cloudnative-pg"),
      recording.one("kubernetes:helm.sh/v3:Release", "mlflow-barman-cloud"),
      recording.one("kubernetes:core/v1:Secret", "mlflow-database"),
      custom(recording, "ObjectStore")[0]!,
    ];
    for (const { urn } of needed) {
      assert.ok(cluster!.dependencies.includes(urn), urn);
    }
  });

  it("archives to the lake with a key of its own and the retention asked for", async () => {
    const { recording } = await stack({ backupRetentionDays: 35 });
    const [store] = custom(recording, "ObjectStore");
    const { spec } = store!.inputs;
    assert.equal(spec.retentionPolicy, "35d");
    assert.equal(spec.configuration.destinationPath, "s3://backups/mlflow");
    assert.deepEqual(
      spec,
      objectStoreSpec({ ...lake, bucket: "backups", secretName: "backup-credentials" }, 35),
    );
    const [schedule] = custom(recording, "ScheduledBackup");
    assert.equal(schedule!.inputs.spec.schedule.split(" ").length, 6);
    assert.equal(schedule!.inputs.spec.pluginConfiguration.name, "barman-cloud.cloudnative-pg.io");
  });

  it("refuses to back up to a bucket that stands in the host name, before it is too late", () => {
    assert.throws(
      () => objectStoreSpec(lakeConnection({ addressing: S3Addressing.VirtualHost }), 14),
      /`lake` must be addressed by path for the backups of CloudNativePG, got "virtualHost"/,
    );
  });

  it("keeps users in a database apart, and the database when its resource goes", async () => {
    const [database] = custom((await stack()).recording, "Database");
    assert.deepEqual(database!.inputs.spec, {
      name: "mlflow_auth",
      owner: "mlflow",
      cluster: { name: "mlflow-db" },
      databaseReclaimPolicy: "retain",
    });
  });

  it("lets only the server, the replicas and the operator reach the database", async () => {
    const { recording } = await stack();
    const { ingress } = recording.one(
      "kubernetes:networking.k8s.io/v1:NetworkPolicy",
      "mlflow-database",
    ).inputs.spec;
    const instances = { podSelector: { matchLabels: { "cnpg.io/cluster": "mlflow-db" } } };
    assert.deepEqual(ingress[0].from, [
      { podSelector: { matchLabels: { "app.kubernetes.io/name": "mlflow" } } },
      instances,
    ]);
    assert.deepEqual(ingress[1].from, [
      { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "cnpg-system" } } },
      instances,
    ]);
  });

  it("keeps namespace and database when the stack is destroyed, unless told otherwise", async () => {
    for (const protectData of [undefined, false]) {
      const { recording } = await stack({ protectData });
      const kept = recording.resources.filter((r) => r.protect && r.retainOnDelete);
      assert.deepEqual(
        kept.map((r) => r.name).sort(),
        protectData === false ? [] : ["mlflow-database", "mlflow-mlflow", "mlflow-users-database"],
      );
    }
  });

  it("writes only fields that the CRDs know", async function () {
    const schemas = new CrdSchemas(await upstreamsOrSkip(this, "crds"));
    const { recording } = await stack({ databaseInstances: 3, storageClass: "managed-csi" });
    const kinds = [
      "Cluster",
      "Database",
      "ObjectStore",
      "PodMonitor",
      "ScheduledBackup",
      "ServiceMonitor",
    ];
    for (const kind of kinds) {
      const [made] = custom(recording, kind);
      const { apiVersion, metadata, spec } = made!.inputs;
      const validate = schemas.validator(apiVersion, kind)!;
      assert.ok(validate({ apiVersion, kind, metadata, spec }), JSON.stringify(validate.errors));
    }
  });

  it("sets only values that the charts know", async function () {
    const published = new PublishedCharts(await upstreamsOrSkip(this, "charts"));
    const placement = placementOn(NodePoolKind.System);
    const pods = { replicas: 2, enableMonitors: true, placement };
    const charts = {
      "cloudnative-pg": operatorValues(pods),
      "plugin-barman-cloud": pluginValues(pods),
    };
    for (const [name, values] of Object.entries(charts)) {
      assert.deepEqual(unknownValues(values, published.chart(name)!), []);
    }
  });

  it("merges helmValues over the operator's chart and no other", async () => {
    const { recording } = await stack({ helmValues: { replicaCount: 2 } });
    const values = (name: string) =>
      recording.one("kubernetes:helm.sh/v3:Release", name).inputs.values;
    assert.equal(values("mlflow-cloudnative-pg").replicaCount, 2);
    assert.equal(values("mlflow-cloudnative-pg").monitoring.podMonitorEnabled, true);
    assert.equal("replicaCount" in values("mlflow-barman-cloud"), false);
  });
});

describe("MlflowStack on Azure Database for PostgreSQL", () => {
  it("puts the server in the delegated subnet after its zone is linked", async () => {
    const { recording } = await stack(onAzure);
    const made = recording.one("azure-native:dbforpostgresql:Server");
    assert.deepEqual(made.inputs.network, {
      delegatedSubnetResourceId: "/vnet/database",
      privateDnsZoneArmResourceId: "mlflow-database-id",
      publicNetworkAccess: "Disabled",
    });
    const zone = recording.one("azure-native:privatedns:PrivateZone").inputs;
    assert.equal(zone.privateZoneName, "mlflow.private.postgres.database.azure.com");
    const link = recording.one("azure-native:privatedns:VirtualNetworkLink");
    assert.ok(made.dependencies.includes(link.urn));
    assert.deepEqual(made.inputs.tags, { owner: "ml" });
  });

  it("signs in by password, marked secret, over TLS", async () => {
    const { recording } = await stack(onAzure);
    const made = recording.one("azure-native:dbforpostgresql:Server");
    assert.ok(made.secretInputs.has("administratorLoginPassword"));
    const { passwordAuth, activeDirectoryAuth } = made.inputs.authConfig;
    assert.deepEqual([passwordAuth, activeDirectoryAuth], ["Enabled", "Disabled"]);
    const { stringData } = recording.one("kubernetes:core/v1:Secret", "mlflow-server").inputs;
    assert.equal(
      stringData.MLFLOW_BACKEND_STORE_URI,
      "postgresql+psycopg://mlflow:secret-of-mlflow-database@db.private.postgres.database.azure.com:5432/mlflow?sslmode=require",
    );
  });

  it("has both databases, and nothing of CloudNativePG", async () => {
    const { recording } = await stack(onAzure);
    const databases = recording.all("azure-native:dbforpostgresql:Database");
    assert.deepEqual(
      databases.map((r) => [r.inputs.databaseName, r.protect]),
      [
        ["mlflow", true],
        ["mlflow_auth", true],
      ],
    );
    assert.equal(recording.all("kubernetes:helm.sh/v3:Release").length, 0);
  });

  it("stands by in another zone for two instances, on a size that can", async () => {
    const { recording } = await stack({ ...onAzure, databaseInstances: 2 });
    const { inputs } = recording.one("azure-native:dbforpostgresql:Server");
    assert.equal(inputs.highAvailability.mode, "ZoneRedundant");
    assert.deepEqual(inputs.sku, { name: "Standard_D2ds_v5", tier: "GeneralPurpose" });
  });

  for (const [sku, tier] of [
    ["Standard_B2s", "Burstable"],
    ["Standard_D4ds_v5", "GeneralPurpose"],
    ["Standard_E4ds_v5", "MemoryOptimized"],
  ] as const) {
    it(`files ${sku} under ${tier}`, () => {
      assert.equal(skuTier(sku), tier);
    });
  }
});

describe("MlflowStack on either database", () => {
  for (const args of [{}, onAzure]) {
    const kind = "database" in args ? "Azure" : "CloudNativePG";
    it(`puts no password in a plain input on ${kind}`, async () => {
      const { recording } = await stack(args);
      assert.deepEqual(plainSecrets(recording, passwords), []);
    });

    it(`keeps every child on ${kind} below the component and on its provider`, async () => {
      const { recording } = await stack(args);
      const component = recording.one("mlplatform:index:MlflowStack").urn;
      const accesses = recording.all("mlplatform:index:LakeAccess").map((r) => r.urn);
      for (const child of recording.resources.filter((r) => r.name.startsWith("mlflow-"))) {
        assert.ok([component, ...accesses].includes(child.parent), child.urn);
        if (child.type.startsWith("kubernetes:")) {
          assert.match(child.provider, /::cluster::/);
        }
      }
    });

    it(`previews the same children as an update makes on ${kind}`, async () => {
      const names = async (preview: boolean) =>
        (await stack(args, { preview })).recording.resources.map((r) => r.urn).sort();
      assert.deepEqual(await names(true), await names(false));
    });
  }

  it("gives two stacks of one program different names", async () => {
    const recording = await record(
      () => {
        new MlflowStack("first", defaults);
        new MlflowStack("second", { ...defaults, ...onAzure });
      },
      { outputs },
    );
    const urns = recording.resources.map((r) => r.urn);
    assert.equal(new Set(urns).size, urns.length);
  });
});

describe("Settings of the MLflow server", () => {
  it("admits the names of the Service, the pod's address, port forwarding and the public host", () => {
    assert.deepEqual(allowedHosts("mlflow.example.com"), [
      "mlflow",
      "mlflow:5000",
      "mlflow.mlflow",
      "mlflow.mlflow:5000",
      "mlflow.mlflow.svc",
      "mlflow.mlflow.svc:5000",
      "mlflow.mlflow.svc.cluster.local",
      "mlflow.mlflow.svc.cluster.local:5000",
      "$(POD_IP):5000",
      "localhost",
      "localhost:*",
      "127.0.0.1",
      "127.0.0.1:*",
      "mlflow.example.com",
    ]);
    assert.equal(allowedHosts().includes("mlflow.example.com"), false);
  });

  it("allows another origin only where there is a public host", () => {
    const origins = (host?: string) =>
      serverArguments("lake", host).filter((argument) => argument.startsWith("--cors"));
    assert.deepEqual(origins(), []);
    assert.deepEqual(origins("m.example.com"), ["--cors-allowed-origins=https://m.example.com"]);
  });

  it("serves artifacts from the bucket it is given, a workspace a project", () => {
    const given = serverArguments("team-lake");
    for (const argument of [
      "--app-name=basic-auth",
      "--enable-workspaces",
      "--serve-artifacts",
      "--artifacts-destination=s3://team-lake/artifacts",
    ]) {
      assert.ok(given.includes(argument), argument);
    }
  });

  for (const [source, isMade] of [
    ["models:/m-0123456789abcdef", true],
    ["runs:/6aa64599ce704b5cb0d38237fbbe34a1/model", true],
    ["mlflow-artifacts:/workspaces/churn/1/models/m-1/artifacts", true],
    ["prompt-template", true],
    ["s3://lake/artifacts/workspaces/pricing/1", false],
    ["file:///etc", false],
    ["/etc", false],
    ["mlflow-artifacts://other-host/workspaces/pricing/1", false],
    ["http://127.0.0.1:9000/lake", false],
    ["prompt-template/../s3://lake", false],
  ] as const) {
    it(`${isMade ? "makes" : "makes no"} version of a model from ${source}`, () => {
      const pattern = trackingServerEnvironment.MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX;
      assert.equal(new RegExp(pattern).test(source), isMade);
    });
  }

  it("escapes what a URL and an ini file would read otherwise", () => {
    const uri = databaseUri({
      host: "db",
      database: "mlflow",
      user: "mlflow",
      password: "p@ss/word",
      sslMode: "require",
    });
    assert.equal(uri, "postgresql+psycopg://mlflow:p%40ss%2Fword@db:5432/mlflow?sslmode=require");
    const ini = trackingAuthentication(uri, "50%");
    assert.match(ini, /^database_uri = postgresql\+psycopg:\/\/mlflow:p%%40ss%%2Fword@/m);
    assert.match(ini, /^admin_password = 50%%$/m);
    assert.match(ini, /^default_permission = NO_PERMISSIONS$/m);
    assert.match(ini, /^authorization_function = mlplatform\.gate:authenticate$/m);
  });

  for (const [storageGiB, wal] of [
    [5, "2Gi"],
    [32, "8Gi"],
    [65, "17Gi"],
  ] as const) {
    it(`gives ${storageGiB} GiB of data ${wal} for WAL`, () => {
      const spec: any = clusterSpec({ image: "p", instances: 1, storageGiB, placement: anywhere });
      assert.deepEqual(spec.storage, { size: `${storageGiB}Gi` });
      assert.deepEqual(spec.walStorage, { size: wal });
    });
  }
});

describe("Replication of the database", () => {
  const spec = (instances: number): any =>
    clusterSpec({ image: "p", instances, storageGiB: 8, placement: anywhere });

  it("makes a commit wait for a standby while one is healthy, and spreads instances over zones", () => {
    assert.deepEqual(spec(3).postgresql.synchronous, {
      method: "any",
      number: 1,
      dataDurability: "preferred",
    });
    const [zone] = spec(3).topologySpreadConstraints;
    assert.equal(zone.topologyKey, "topology.kubernetes.io/zone");
    assert.deepEqual(zone.labelSelector, { matchLabels: { "cnpg.io/cluster": "mlflow-db" } });
  });

  it("asks for no standby of a single instance", () => {
    assert.equal(spec(1).postgresql.synchronous, undefined);
    assert.equal(spec(1).topologySpreadConstraints, undefined);
  });
});

describe("Arguments of MlflowStack", () => {
  const table: [string, Partial<MlflowStackArgs>, string[]][] = [
    ["the defaults", {}, []],
    ["Azure's defaults", onAzure, []],
    [
      "counts out of range",
      { replicas: 0, databaseInstances: 10, backupRetentionDays: 0, databaseStorageGiB: 1.5 },
      [
        "replicas: must be a whole number of servers from 1 to 20, got 0. Choose a number in " +
          "that range.",
        "databaseInstances: must be a whole number of instances from 1 to 9, got 10. Choose " +
          "a number in that range.",
        "databaseStorageGiB: must be a whole number of GiB from 1 to 32767, got 1.5. Choose " +
          "a number in that range.",
        "backupRetentionDays: must be a whole number of days from 1 to 365, got 0. Choose a " +
          "number in that range.",
      ],
    ],
    [
      "a URL for a host",
      { host: "https://mlflow.example.com" },
      [
        "host: must be a host name without scheme and port, got " +
          '"https://mlflow.example.com". Write e.g. mlflow.example.com.',
      ],
    ],
    [
      "Azure's server without Azure",
      { database: MlflowDatabase.AzureFlexibleServer },
      [
        "azure: is required for database azureFlexibleServer, got nothing. Pass " +
          "AksPlatform's azure output.",
      ],
    ],
    [
      "what Azure's server cannot have",
      {
        ...onAzure,
        backupRetentionDays: 36,
        databaseStorageGiB: 50,
        databaseInstances: 2,
        databaseSku: "Standard_B2s",
      },
      [
        "databaseStorageGiB: must be a disk size of Azure, got 50. Use one of 32, 64, 128, " +
          "256, 512, 1024, 2048, 4096, 8192, 16384, 32767.",
        "backupRetentionDays: must be a whole number of days from 7 to 35, got 36. Choose a " +
          "number in that range.",
        'databaseSku: must not be burstable with two instances, got "Standard_B2s". Use a D ' +
          "or E size or one instance.",
      ],
    ],
    [
      "people whom nobody vouches for, and a group of Kubernetes itself",
      {
        people: {
          oidc: { issuer: "http://id.example.com", jwksUri: "https://a/keys", audiences: ["a"] },
          projects: { churn: { viewers: ["system:masters"] } },
        },
      },
      [
        'people.oidc.issuer: must be an https URL without a user, got "http://id.example.com". ' +
          "Copy it from the issuer's own page.",
        "people.projects.churn.viewers[0]: must not be a group of Kubernetes itself, got " +
          '"system:masters". Name a group of the team.',
      ],
    ],
    [
      "a size of another service",
      { ...onAzure, databaseSku: "GP_Gen5_2" },
      [
        'databaseSku: must be a B, D or E size such as Standard_D2ds_v5, got "GP_Gen5_2". ' +
          "Flexible servers have no others.",
      ],
    ],
  ];
  for (const [what, args, expected] of table) {
    it(`${expected.length === 0 ? "accepts" : "refuses"} ${what}`, () => {
      assert.deepEqual(
        mlflowStackProblems("mlflow", { ...defaults, ...args }).map(
          ({ propertyPath, reason }) => `${propertyPath}: ${reason}`,
        ),
        expected,
      );
    });
  }

  it("reports all problems at once, before any child is made", async () => {
    const recording = await record(() => {
      assert.throws(
        () => new MlflowStack("mlflow", { ...defaults, replicas: 0, host: "a b" }),
        (error: pulumi.InputPropertiesError) => error.errors?.length === 2,
      );
    });
    assert.deepEqual(
      recording.resources.filter((r) => r.custom),
      [],
    );
  });
});
