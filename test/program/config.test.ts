import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { checkConfig } from "../../program/loadConfig";

const root = resolve(__dirname, "../..");

/** A stack file's own settings, without their namespace. */
function settingsOf(stack: string): Record<string, any> {
  const { config } = parse(readFileSync(resolve(root, `Pulumi.${stack}.yaml`), "utf8"));
  return Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith("mlplatform:"))
      .map(([key, value]) => [key.slice("mlplatform:".length), value]),
  );
}

function problemsOf(stack: string, change: (settings: Record<string, any>) => void): string[] {
  const settings = settingsOf(stack);
  change(settings);
  const result = checkConfig(settings);
  return "problems" in result
    ? result.problems.map(({ key, problem }) => `${key}: ${problem}`)
    : [];
}

/** [stack, change, every message that it gives] */
type Row = [string, (settings: Record<string, any>) => void, string[]];

const rows: Record<string, Row> = {
  "a key that nobody knows": [
    "local",
    (s) => (s.domian = "x"),
    ["domian: is not a known key. Remove it, or correct its spelling."],
  ],
  "a nested key that nobody knows": [
    "dev",
    (s) => (s.aks.cpuPool.maxcount = 3),
    ["aks.cpuPool.maxcount: is not a known key. Remove it, or correct its spelling."],
  ],
  "a required key left out": [
    "local",
    (s) => delete s.owner,
    ["owner: is missing. Set it to a string."],
  ],
  "a number in quotes": [
    "dev",
    (s) => (s.ray.cpuQuota = "32"),
    ['ray.cpuQuota: must be a number, got "32". Write a number without quotes.'],
  ],
  "a fraction where a count is meant": [
    "dev",
    (s) => (s.aks.cpuPool.maxCount = 2.5),
    ["aks.cpuPool.maxCount: must be a int, got 2.5. Write a number without quotes."],
  ],
  "a boolean in quotes": [
    "local",
    (s) => (s.protectData = "no"),
    ['protectData: must be a boolean, got "no". Write a boolean.'],
  ],
  "an unknown mode of admission": [
    "prod",
    (s) => (s.admission = "block"),
    ['admission: must be one of deny, warn, got "block". Pick one.'],
  ],
  "a domain with a scheme": [
    "local",
    (s) => (s.domain = "https://ml.example.com"),
    [
      "domain: must be a DNS name in lower case such as ml.example.com, got " +
        '"https://ml.example.com". Correct it.',
    ],
  ],
  "an unknown kind of store": [
    "local",
    (s) => (s.dataLake.kind = "ceph"),
    ['dataLake.kind: must be one of minio, seaweedfs, azureBlob, got "ceph". Pick one.'],
  ],
  "MinIO on three servers": [
    "local",
    (s) => (s.dataLake.replicas = 3),
    [
      "dataLake.replicas: must be 1, or 4 and more for erasure coding, got 3. MinIO has no " +
        "layout of 2 or 3 servers.",
    ],
  ],
  "Azure Blob, which has no keys by consumer": [
    "dev",
    (s) => (s.dataLake.kind = "azureBlob"),
    [
      'dataLake.kind: cannot give each consumer a key of its own yet, got "azureBlob". ' +
        "Choose minio or seaweedfs.",
    ],
  ],
  "a Flexible Server without Azure": [
    "local",
    (s) => (s.mlflow.database = "azureFlexibleServer"),
    [
      "mlflow.database: is azureFlexibleServer, but the stack has no aks. Choose " +
        "cloudNativePg, or set aks.",
    ],
  ],
  "a cluster to create and one to use": [
    "dev",
    (s) => (s.kubernetes = { context: "kind" }),
    [
      "kubernetes: is set together with aks. Keep aks to create a cluster, or kubernetes to " +
        "use one.",
    ],
  ],
  "no cluster at all": [
    "local",
    (s) => delete s.kubernetes,
    [
      "aks: is missing, and so is kubernetes. Set aks to create a cluster, or kubernetes to " +
        "use one.",
    ],
  ],
  "a GPU quota without a GPU pool": [
    "dev",
    (s) => delete s.aks.gpuPool,
    ["ray.gpuQuota: is 1, but aks has no gpuPool. Add one, or set 0."],
  ],
  "public models without tokens": [
    "prod",
    (s) => delete s.serving.jwt,
    [
      "serving.jwt: is missing, but models are reachable from the internet. Set jwt, or " +
        "serving.internalLoadBalancer: true.",
    ],
  ],
  "an issuer that is no URL": [
    "prod",
    (s) => (s.serving.jwt.issuer = "login"),
    ['serving.jwt.issuer: must be a URL such as https://example.com, got "login". Correct it.'],
  ],
  "no audience": [
    "prod",
    (s) => (s.serving.jwt.audiences = []),
    ["serving.jwt.audiences: must be a list of at least 1 entry, got []. Raise it."],
  ],
  "an administrator group by name": [
    "dev",
    (s) => (s.aks.adminGroupObjectIds = ["platform-admins"]),
    [
      "aks.adminGroupObjectIds[0]: must be a GUID such as " +
        '00000000-0000-0000-0000-000000000000, got "platform-admins". Correct it.',
    ],
  ],
  "a retention of no days": [
    "local",
    (s) => (s.observability.logRetentionDays = 0),
    ["observability.logRetentionDays: must be at least 1, got 0. Raise it."],
  ],
  "too many database instances": [
    "prod",
    (s) => (s.mlflow.databaseInstances = 12),
    ["mlflow.databaseInstances: must be at most 9, got 12. Lower it."],
  ],
  "an image without a version": [
    "local",
    (s) => (s.images = { mlflow: "ghcr.io/acme/mlflow" }),
    [
      "images.mlflow: must be an image by digest (name@sha256:…) or exact tag (name:1.2.3), " +
        'got "ghcr.io/acme/mlflow". Correct it.',
    ],
  ],
  "an image that nobody knows": [
    "local",
    (s) => (s.images = { mlfow: "ghcr.io/acme/mlflow:1.0.0" }),
    ["images.mlfow: is not a known key. Remove it, or correct its spelling."],
  ],
  "a registry with a scheme": [
    "prod",
    (s) => (s.images = { registry: "https://acme.azurecr.io" }),
    [
      "images.registry: must be a registry, with a path if images live under one, such as " +
        'acme.azurecr.io/mirror, got "https://acme.azurecr.io". Correct it.',
    ],
  ],
  "a registry that ends with a slash": [
    "prod",
    (s) => (s.images = { registry: "acme.azurecr.io/" }),
    [
      "images.registry: must be a registry, with a path if images live under one, such as " +
        'acme.azurecr.io/mirror, got "acme.azurecr.io/". Correct it.',
    ],
  ],
  "an unknown source of charts": [
    "prod",
    (s) => (s.charts = { source: "ftp" }),
    ['charts.source: must be one of upstream, mirror, directory, got "ftp". Pick one.'],
  ],
  "a mirror of charts without an address": [
    "prod",
    (s) => (s.charts = { source: "mirror" }),
    ["charts.url: is missing, but charts.source is mirror. Set it."],
  ],
  "a mirror of charts with a bare host": [
    "prod",
    (s) => (s.charts = { source: "mirror", url: "acme.azurecr.io/charts" }),
    [
      "charts.url: must be an address such as oci://registry.example.com/charts or " +
        'https://charts.example.com, got "acme.azurecr.io/charts". Correct it.',
    ],
  ],
  "a directory of charts without a path": [
    "prod",
    (s) => (s.charts = { source: "directory" }),
    ["charts.path: is missing, but charts.source is directory. Set it."],
  ],
  "a mirror of charts with a path": [
    "prod",
    (s) => (s.charts = { source: "mirror", url: "oci://acme.azurecr.io/charts", path: "charts" }),
    [
      "charts.path: is set, but charts.source is mirror. Set charts.source: directory, or " +
        "remove this.",
    ],
  ],
  "an address of charts that nothing reads": [
    "prod",
    (s) => (s.charts = { url: "oci://acme.azurecr.io/charts" }),
    [
      "charts.url: is set, but charts.source is upstream. Set charts.source: mirror, or " +
        "remove this.",
    ],
  ],
  "two projects of one name": [
    "prod",
    (s) => (s.projects[1].name = "churn"),
    ['projects[1].name: is taken by another project, got "churn". Choose another.'],
  ],
  "a project that wants more than there is": [
    "dev",
    (s) => (s.projects[0].cpuQuota = 64),
    [
      "projects[0].cpuQuota: must be at most ray.cpuQuota (32), got 64. Lower it, or raise " +
        "ray.cpuQuota.",
    ],
  ],
  "a repository without an organization": [
    "dev",
    (s) => delete s.github,
    ["projects[0].github: is set, but the stack has no github.owner. Set it, or remove this."],
  ],
  "pods that overlap the network": [
    "dev",
    (s) => (s.aks.network.podCidr = "10.10.0.0/16"),
    [
      "aks.network.podCidr: must not overlap `network.vnetCidr` (10.10.0.0/16), got " +
        '"10.10.0.0/16". Choose a range that no other uses.',
    ],
  ],
  "a subnet outside the network": [
    "dev",
    (s) => (s.aks.network.nodeSubnetCidr = "10.99.0.0/20"),
    [
      "aks.network.nodeSubnetCidr: must lie in `network.vnetCidr` (10.10.0.0/16), got " +
        '"10.99.0.0/20". Move it into the virtual network, or widen the virtual network.',
    ],
  ],
  "a burstable system pool": [
    "dev",
    (s) => (s.aks.systemPool.vmSize = "Standard_B4ms"),
    [
      "aks.systemPool.vmSize: must not be a burstable (B-series) size in a system pool, got " +
        '"Standard_B4ms". Use a size such as Standard_D4ds_v5.',
    ],
  ],
  "a GPU pool without GPUs": [
    "dev",
    (s) => (s.aks.gpuPool.vmSize = "Standard_D8ds_v5"),
    [
      'aks.gpuPool.vmSize: must have a GPU in the GPU pool, got "Standard_D8ds_v5". Use a ' +
        "size such as Standard_NC24ads_A100_v4, or move the pool to cpuPool.",
    ],
  ],
  "a user pool that never reaches zero": [
    "dev",
    (s) => (s.aks.cpuPool.minCount = 1),
    [
      "aks.cpuPool.minCount: must be 0 in a user pool, got 1. Set 0: pools of work start " +
        "empty and grow as pods ask.",
    ],
  ],
  "a Kubernetes that AKS has dropped": [
    "dev",
    (s) => (s.aks.kubernetesVersion = "1.30"),
    [
      'aks.kubernetesVersion: must be 1.34 to 1.36, which AKS supports, got "1.30". Choose ' +
        "one of these, or widen the range in checkAksPlatform.ts when AKS does.",
    ],
  ],
  "a public API server for everyone": [
    "dev",
    (s) => delete s.aks.authorizedIpRanges,
    [
      "aks.authorizedIpRanges: must name at least one range of a public API server, got []. " +
        "Name the public ranges of people and runners, or set `privateCluster`.",
    ],
  ],
  "a budget from the middle of a month": [
    "dev",
    (s) => (s.aks.budget.startDate = "2026-12-15"),
    [
      'aks.budget.startDate: must be the first day of a month, got "2026-12-15". Write it as ' +
        "2026-12-01: Azure's monthly budgets start with a month.",
    ],
  ],
  "a project name that no namespace can have": [
    "dev",
    (s) => (s.projects[0].name = "Churn_Model"),
    [
      'projects[0].name: is not a DNS label: "Churn_Model". Use lower-case letters, digits ' +
        "and single hyphens inside, a letter first.",
    ],
  ],
  "several problems at once": [
    "dev",
    (s) => {
      s.domain = "ML";
      s.ray.gpuQuota = -1;
      s.aks.tier = "Gold";
    },
    [
      'domain: must be a DNS name in lower case such as ml.example.com, got "ML". Correct it.',
      'aks.tier: must be one of Free, Standard, Premium, got "Gold". Pick one.',
      "ray.gpuQuota: must be at least 0, got -1. Raise it.",
    ],
  ],
};

describe("configuration", () => {
  for (const stack of ["local", "dev", "prod"]) {
    it(`accepts Pulumi.${stack}.yaml`, () => {
      assert.deepEqual(
        problemsOf(stack, () => undefined),
        [],
      );
    });
  }

  for (const [name, [stack, change, expected]] of Object.entries(rows)) {
    it(`refuses ${name}`, () => {
      assert.deepEqual(problemsOf(stack, change), expected);
    });
  }

  it("declares every key in Pulumi.yaml with a type and a description", () => {
    const { config } = parse(readFileSync(resolve(root, "Pulumi.yaml"), "utf8"));
    const known = new Set<string>();
    const everything = checkConfig(Object.fromEntries(Object.keys(config).map((k) => [k, null])));
    assert.ok("problems" in everything);
    for (const { key, problem } of everything.problems) {
      assert.doesNotMatch(problem, /not a known key/, `${key} is declared but unknown`);
      known.add(key);
    }
    for (const [key, declaration] of Object.entries<any>(config)) {
      assert.ok(declaration.type, `${key} has no type`);
      assert.ok(declaration.description, `${key} has no description`);
    }
  });
});
