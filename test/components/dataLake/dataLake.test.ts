import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { DataLake } from "../../../components/dataLake/dataLake";
import type { DataLakeArgs } from "../../../components/dataLake/args";
import { LakeKind, NodePoolKind } from "../../../components/connections";
import { dataLakeProblems } from "../../../components/dataLake/problems";
import { lifecycleDocument } from "../../../components/dataLake/minioScripts";
import { serverArguments } from "../../../components/dataLake/minioStatefulSet";
import { seaweedTimeToLive } from "../../../components/dataLake/seaweedScripts";
import { seaweedValues } from "../../../components/dataLake/seaweedValues";
import { anywhere, placementOn } from "../../../components/kubernetes/placement";
import { upstreamsOrSkip } from "../../upstreams/upstreamsOrSkip";
import { PublishedCharts, unknownValues } from "../chartValues";
import { azure, lakeConnection } from "../connections";
import { holds, plainSecrets } from "../plainSecrets";
import { record, type RecordOptions, type Recording } from "../recorder";

const password = "generated-password-value";
const outputs: RecordOptions["outputs"] = (type) =>
  type.startsWith("random:") ? { result: type.includes("Password") ? password : "a1b2c3d4" } : {};

const minio: DataLakeArgs = { image: "minio:1.0.0", clientImage: "mc:1.0.0" };
const chart = { chart: "seaweedfs", repository: "https://charts.example.com", version: "4.44.0" };

const lake = (args: Partial<DataLakeArgs> = {}, name = "lake", options: RecordOptions = {}) => {
  let made: DataLake | undefined;
  return record(
    () => {
      const provider = new k8s.Provider("cluster", { kubeconfig: "{}" });
      made = new DataLake(name, { ...minio, ...args }, { providers: { kubernetes: provider } });
    },
    { outputs, ...options },
  ).then((recording) => ({ recording, component: made! }));
};

const valueOf = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));

/** Every custom resource but the provider, for checks over all children. */
const children = (recording: Recording) =>
  recording.resources.filter((r) => r.custom && r.type !== "pulumi:providers:kubernetes");

describe("DataLake on MinIO", () => {
  it("runs one server on one volume by default", async () => {
    const { recording } = await lake();
    const { spec } = recording.one("kubernetes:apps/v1:StatefulSet").inputs;
    assert.equal(spec.replicas, 1);
    assert.deepEqual(spec.template.spec.containers[0].args, [
      "server",
      "--quiet",
      "--address",
      ":9000",
      "--certs-dir",
      "/tmp/certs",
      "/data",
    ]);
    assert.equal(spec.volumeClaimTemplates[0].spec.resources.requests.storage, "100Gi");
    assert.equal(recording.all("kubernetes:policy/v1:PodDisruptionBudget").length, 0);
  });

  it("makes one erasure set of four servers that loses one at a time", async () => {
    const { recording } = await lake({ replicas: 4 });
    const { spec } = recording.one("kubernetes:apps/v1:StatefulSet").inputs;
    assert.equal(
      spec.template.spec.containers[0].args.at(-1),
      "http://minio-{0...3}.minio-headless.data-lake.svc.cluster.local:9000/data",
    );
    assert.equal(spec.podManagementPolicy, "Parallel");
    const budget = recording.one("kubernetes:policy/v1:PodDisruptionBudget").inputs.spec;
    assert.deepEqual(budget, {
      maxUnavailable: 1,
      selector: { matchLabels: { "app.kubernetes.io/name": "minio" } },
    });
  });

  it("returns the endpoint that its Service answers at", async () => {
    const { recording, component } = await lake();
    assert.deepEqual(
      await valueOf(component.connection),
      lakeConnection({ kind: LakeKind.Minio, clientImage: "mc:1.0.0" }),
    );
    assert.equal(await valueOf(component.namespace), "data-lake");
    const service = recording.one("kubernetes:core/v1:Service", "lake-minio").inputs;
    assert.equal(service.metadata.name, "minio");
    assert.equal(service.metadata.namespace, "data-lake");
    assert.deepEqual(service.spec.ports, [{ name: "s3", port: 9000, targetPort: "s3" }]);
  });

  it("makes the buckets and the expiry of raw logs after the server", async () => {
    const { recording } = await lake({ rawLogRetentionDays: 7 });
    const job = recording.one("kubernetes:batch/v1:Job", "lake-buckets");
    const { containers, restartPolicy } = job.inputs.spec.template.spec;
    assert.equal(restartPolicy, "Never");
    assert.deepEqual(containers[0].env, [
      { name: "LAKE_BUCKETS", value: "lake loki backups" },
      { name: "LAKE_BUCKET", value: "lake" },
    ]);
    assert.deepEqual(containers[0].envFrom, [{ secretRef: { name: "lake-admin" } }]);
    const service = recording.one("kubernetes:core/v1:Service", "lake-minio");
    assert.ok(job.dependencies.includes(service.urn));
    const { data } = recording.one("kubernetes:core/v1:ConfigMap", "lake-lifecycle").inputs;
    assert.deepEqual(JSON.parse(data["lifecycle.json"]), lifecycleDocument(7));
  });

  it("runs without root, privileges, or a writable image", async () => {
    const { recording } = await lake({ placement: placementOn(NodePoolKind.System) });
    for (const type of ["kubernetes:apps/v1:StatefulSet", "kubernetes:batch/v1:Job"]) {
      const pod = recording.one(type).inputs.spec.template.spec;
      assert.equal(pod.automountServiceAccountToken, false);
      assert.equal(pod.securityContext.runAsNonRoot, true);
      assert.deepEqual(pod.securityContext.seccompProfile, { type: "RuntimeDefault" });
      assert.deepEqual(pod.containers[0].securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      assert.deepEqual(pod.nodeSelector, { "mlplatform.dev/pool": "system" });
      assert.equal(pod.tolerations[0].key, "CriticalAddonsOnly");
    }
  });

  it("closes the namespace but for S3 from the platform", async () => {
    const { recording } = await lake();
    const policy = (name: string) =>
      recording.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", name).inputs.spec;
    assert.deepEqual(policy("lake-default-deny"), {
      podSelector: {},
      policyTypes: ["Ingress"],
    });
    assert.deepEqual(policy("lake-minio").ingress, [
      {
        from: [
          { namespaceSelector: { matchLabels: { "app.kubernetes.io/part-of": "mlplatform" } } },
        ],
        ports: [{ protocol: "TCP", port: 9000 }],
      },
    ]);
  });

  it("keeps namespace and servers when the stack is destroyed, unless told otherwise", async () => {
    for (const protectData of [undefined, true, false]) {
      const { recording } = await lake({ protectData });
      const kept = children(recording).filter((r) => r.protect && r.retainOnDelete);
      assert.deepEqual(
        kept.map((r) => r.name).sort(),
        protectData === false ? [] : ["lake-data-lake", "lake-minio"],
      );
    }
  });
});

describe("DataLake on SeaweedFS", () => {
  const seaweed = { kind: LakeKind.SeaweedFs, seaweedfsChart: chart, image: "weed:4.44" };

  it("installs the chart with authentication and volumes, and no data on the host", async () => {
    const { recording } = await lake({ ...seaweed, replicas: 3, storageGiB: 200 });
    const { values, version } = recording.one("kubernetes:helm.sh/v3:Release").inputs;
    assert.equal(version, "4.44.0");
    assert.deepEqual(values.volume.dataDirs, [
      {
        name: "data1",
        type: "persistentVolumeClaim",
        size: "200Gi",
        storageClass: "",
        maxVolumes: 0,
      },
    ]);
    assert.equal(values.s3.enableAuth, true);
    assert.equal(values.master.replicas, 3);
    assert.equal(holds(values, ["hostPath"]), false);
  });

  it("gives the administrator's identity to the gateway only by its Secret", async () => {
    const { recording } = await lake(seaweed);
    const secret = recording.one("kubernetes:core/v1:Secret", "lake-identities");
    assert.ok(secret.secretInputs.has("stringData"));
    const { identities } = JSON.parse(secret.inputs.stringData.seaweedfs_s3_config);
    assert.deepEqual(identities[0].credentials, [{ accessKey: "lakeadmin", secretKey: password }]);
  });

  it("opens masters, volumes and filer to its own namespace only", async () => {
    const { recording } = await lake(seaweed);
    const { ingress } = recording.one(
      "kubernetes:networking.k8s.io/v1:NetworkPolicy",
      "lake-seaweedfs",
    ).inputs.spec;
    assert.deepEqual(ingress[0], { from: [{ podSelector: {} }] });
    assert.deepEqual(ingress[1].ports, [
      { protocol: "TCP", port: 8333 },
      { protocol: "TCP", port: 9327 },
    ]);
  });

  it("merges helmValues last", async () => {
    const { recording } = await lake({ ...seaweed, helmValues: { s3: { replicas: 5 } } });
    const { s3 } = recording.one("kubernetes:helm.sh/v3:Release").inputs.values;
    assert.equal(s3.replicas, 5);
    assert.equal(s3.enableAuth, true);
  });

  it("sets only values that the chart knows", async function () {
    const published = new PublishedCharts(await upstreamsOrSkip(this, "charts"));
    const values = seaweedValues({
      image: "weed:4.44",
      replicas: 3,
      storageGiB: 10,
      storageClass: "managed-csi",
      placement: placementOn(NodePoolKind.System),
    });
    assert.deepEqual(unknownValues(values, published.chart("seaweedfs")!), []);
  });

  for (const [replicas, masters, gateways, placement] of [
    [1, 1, 1, "000"],
    [2, 1, 2, "001"],
    [3, 3, 2, "001"],
  ] as const) {
    it(`spreads ${replicas} volume servers with placement ${placement}`, () => {
      const values: any = seaweedValues({
        image: "weed:4.44",
        replicas,
        storageGiB: 10,
        placement: anywhere,
      });
      assert.equal(values.master.replicas, masters);
      assert.equal(values.s3.replicas, gateways);
      assert.equal(values.filer.replicas, 1);
      assert.equal(values.global.seaweedfs.replicationPlacement, placement);
    });
  }

  for (const [days, text] of [
    [1, "1d"],
    [255, "255d"],
    [256, "37w"],
    [1785, "255w"],
  ] as const) {
    it(`writes ${days} days as ${text}`, () => {
      assert.equal(seaweedTimeToLive(days), text);
    });
  }
});

describe("DataLake on Azure Blob", () => {
  const blob = { kind: LakeKind.AzureBlob, azure, image: "versitygw:1.8.0", tags: { owner: "ml" } };

  it("has no shared key and no public endpoint", async () => {
    const { recording } = await lake(blob);
    const { inputs } = recording.one("azure-native:storage:StorageAccount");
    assert.equal(inputs.accountName, "lakea1b2c3d4");
    assert.equal(inputs.allowSharedKeyAccess, false);
    assert.equal(inputs.allowBlobPublicAccess, false);
    assert.equal(inputs.publicNetworkAccess, "Disabled");
    assert.deepEqual(inputs.networkRuleSet, { defaultAction: "Deny", bypass: "None" });
    assert.equal(inputs.minimumTlsVersion, "TLS1_2");
    assert.deepEqual(inputs.tags, { owner: "ml" });
  });

  it("makes a private container a bucket and expires raw logs", async () => {
    const { recording } = await lake({ ...blob, rawLogRetentionDays: 30 });
    const containers = recording.all("azure-native:storage:BlobContainer");
    assert.deepEqual(
      containers.map((r) => [r.inputs.containerName, r.inputs.publicAccess, r.protect]),
      ["lake", "loki", "backups"].map((bucket) => [bucket, "None", true]),
    );
    const policy = recording.one("azure-native:storage:ManagementPolicy").inputs;
    assert.equal(policy.managementPolicyName, "default");
    assert.deepEqual(policy.policy.rules[0].definition, {
      filters: { blobTypes: ["blockBlob"], prefixMatch: ["lake/raylogs/"] },
      actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 30 } } },
    });
  });

  it("lets only the gateway's ServiceAccount take the identity", async () => {
    const { recording } = await lake(blob);
    const credential = recording.one(
      "azure-native:managedidentity:FederatedIdentityCredential",
    ).inputs;
    assert.equal(credential.subject, "system:serviceaccount:data-lake:versitygw");
    assert.equal(credential.issuer, azure.oidcIssuer);
    assert.deepEqual(credential.audiences, ["api://AzureADTokenExchange"]);
    const role = recording.one("azure-native:authorization:RoleAssignment").inputs;
    assert.equal(role.scope, "lake-account-id");
    assert.match(role.roleDefinitionId, /ba92f5b4-2d11-453d-a403-e96b0029c9fe$/);
    const account = recording.one("kubernetes:core/v1:ServiceAccount").inputs.metadata;
    assert.equal(account.name, "versitygw");
  });

  it("runs the gateway without an account key", async () => {
    const { recording } = await lake({ ...blob, replicas: 2 });
    const { spec } = recording.one("kubernetes:apps/v1:Deployment").inputs;
    assert.equal(spec.template.metadata.labels["azure.workload.identity/use"], "true");
    const names = spec.template.spec.containers[0].env.map((variable: any) => variable.name);
    assert.deepEqual(names, [
      "ROOT_ACCESS_KEY",
      "ROOT_SECRET_KEY",
      "VGW_PORT",
      "VGW_HEALTH",
      "AZ_ACCOUNT_NAME",
    ]);
    assert.equal(recording.all("kubernetes:policy/v1:PodDisruptionBudget").length, 1);
  });

  it("resolves the account's name inside the network before the gateway starts", async () => {
    const { recording } = await lake(blob);
    const endpoint = recording.one("azure-native:network:PrivateEndpoint").inputs;
    assert.deepEqual(endpoint.privateLinkServiceConnections, [
      { name: "blob", privateLinkServiceId: "lake-account-id", groupIds: ["blob"] },
    ]);
    const group = recording.one("azure-native:network:PrivateDnsZoneGroup");
    const gateway = recording.one("kubernetes:apps/v1:Deployment");
    assert.ok(gateway.dependencies.includes(group.urn));
    const link = recording.one("azure-native:privatedns:VirtualNetworkLink");
    assert.ok(group.dependencies.includes(link.urn));
  });
});

describe("DataLake of every kind", () => {
  const kinds: Partial<DataLakeArgs>[] = [
    { kind: LakeKind.Minio },
    { kind: LakeKind.SeaweedFs, seaweedfsChart: chart },
    { kind: LakeKind.AzureBlob, azure },
  ];
  for (const args of kinds) {
    it(`puts no key of ${args.kind} in a plain input`, async () => {
      const { recording } = await lake(args);
      assert.deepEqual(plainSecrets(recording, [password]), []);
      const admin = recording.one("kubernetes:core/v1:Secret", "lake-admin");
      assert.equal(admin.inputs.stringData.LAKE_ADMIN_PASSWORD, password);
    });

    it(`parents every child of ${args.kind} to the component and its provider`, async () => {
      const { recording } = await lake(args);
      const component = recording.one("mlplatform:index:DataLake").urn;
      for (const child of children(recording)) {
        assert.equal(child.parent, component, child.name);
        if (child.type.startsWith("kubernetes:")) {
          assert.match(child.provider, /::cluster::/);
        }
      }
    });

    it(`previews ${args.kind} with the same children as an update`, async () => {
      const update = await lake(args);
      const preview = await lake(args, "lake", { preview: true });
      const names = (recording: Recording) =>
        recording.resources.map((r) => `${r.type} ${r.name}`).sort();
      assert.deepEqual(names(preview.recording), names(update.recording));
    });
  }

  it("gives two lakes of one program different names", async () => {
    const recording = await record(
      () => {
        new DataLake("first", { ...minio, replicas: 4 });
        new DataLake("second", { ...minio, kind: LakeKind.AzureBlob, azure });
      },
      { outputs },
    );
    const urns = recording.resources.map((r) => r.urn);
    assert.equal(new Set(urns).size, urns.length);
    for (const child of children(recording)) {
      assert.match(child.name, /^(first|second)-/);
    }
  });
});

describe("Arguments of DataLake", () => {
  const table: [string, Partial<DataLakeArgs>, string[]][] = [
    ["the defaults", {}, []],
    ["four servers", { replicas: 4 }, []],
    [
      "two servers",
      { replicas: 2 },
      [
        "replicas: must be 1 or 4 to 16 for MinIO, got 2. An erasure set needs four servers " +
          "and holds sixteen.",
      ],
    ],
    [
      "seventeen servers",
      { replicas: 17 },
      [
        "replicas: must be 1 or 4 to 16 for MinIO, got 17. An erasure set needs four servers " +
          "and holds sixteen.",
      ],
    ],
    [
      "no server and no volume",
      { replicas: 0, storageGiB: 0 },
      [
        "replicas: must be 1 or 4 to 16 for MinIO, got 0. An erasure set needs four servers " +
          "and holds sixteen.",
        "storageGiB: must be a whole number of GiB from 1 to 65536, got 0. Give each server " +
          "a volume.",
      ],
    ],
    [
      "a retention that SeaweedFS cannot count",
      { kind: LakeKind.SeaweedFs, seaweedfsChart: chart, rawLogRetentionDays: 1786 },
      [
        "rawLogRetentionDays: must be a whole number of days from 1 to 1785, got 1786. " +
          "Choose a number in that range.",
      ],
    ],
    ["the same retention on MinIO", { rawLogRetentionDays: 1786 }, []],
    [
      "SeaweedFS without its chart",
      { kind: LakeKind.SeaweedFs },
      ["seaweedfsChart: is required for kind seaweedfs, got nothing. Pass the chart's version."],
    ],
    [
      "Azure Blob without Azure",
      { kind: LakeKind.AzureBlob },
      ["azure: is required for kind azureBlob, got nothing. Pass AksPlatform's azure output."],
    ],
    [
      "values without a chart",
      { helmValues: { a: 1 } },
      ['helmValues: must be absent for kind minio, which has no chart, got ["a"]. Remove them.'],
    ],
    [
      "bucket names that S3 refuses",
      { buckets: ["lake", "Lake", "lake"] },
      [
        'buckets[1]: must be 3–63 lower-case letters, digits and single hyphens, got "Lake". ' +
          "S3 and Azure both take such names.",
        'buckets[2]: must be named once, got "lake". Remove the repeat.',
      ],
    ],
    ["no bucket", { buckets: [] }, ['buckets: must name at least one bucket, got []. Add "lake".']],
  ];
  for (const [what, args, expected] of table) {
    it(`${expected.length === 0 ? "accepts" : "refuses"} ${what}`, () => {
      const problems = dataLakeProblems("lake", { ...minio, ...args });
      assert.deepEqual(
        problems.map(({ propertyPath, reason }) => `${propertyPath}: ${reason}`),
        expected,
      );
    });
  }

  it("reports all problems at once, before any child is made", async () => {
    const recording = await record(() => {
      assert.throws(
        () => new DataLake("lake", { ...minio, replicas: 3, storageGiB: 0 }),
        (error: pulumi.InputPropertiesError) =>
          error.message.split("\n").every((line) => line.startsWith('DataLake "lake": `')) &&
          error.errors?.length === 2,
      );
    });
    assert.deepEqual(children(recording), []);
  });

  it("numbers the servers of an erasure set from zero", () => {
    assert.equal(
      serverArguments(16, "data-lake").at(-1),
      "http://minio-{0...15}.minio-headless.data-lake.svc.cluster.local:9000/data",
    );
  });
});
