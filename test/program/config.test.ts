import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { checkConfig } from "../../program/problems";
import { settingsOf as componentSettings } from "../../program/settings";
import { normalizeDataLake } from "../../components/dataLake/normalize";
import { normalizeMlflowStack } from "../../components/mlflowStack/normalize";
import { schema } from "../../program/schema";

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

/** GiB that the components of accepted settings give the lake and MLflow's database. */
function storageOf(settings: Record<string, any>) {
  const result = checkConfig(settings);
  assert.ok("config" in result, JSON.stringify(result));
  const { dataLake, mlflow } = componentSettings(result.config);
  return {
    lake: normalizeDataLake(dataLake).storageGiB,
    database: normalizeMlflowStack(mlflow).databaseStorageGiB,
  };
}

function withoutTokens(settings: Record<string, any>): void {
  delete settings.access.oidc;
  for (const { access } of settings.projects) {
    delete access.callers;
  }
}

/** [stack, change, every message that it gives] */
type Row = [string, (settings: Record<string, any>) => void, string[]];

const rows: Record<string, Row> = {
  "a key that nobody knows": [
    "local",
    (s) => (s.domian = "x"),
    ["domian: is not a known key. Remove it, or correct its spelling."],
  ],
  "registries that are none, and a priority of the cluster's own": [
    "prod",
    (s) => {
      s.policies.registries = ["ghcr.io/acme", "https://ghcr.io", "ghcr.io/Acme"];
      s.policies.priorityClasses = ["nightly", "system-node-critical"];
    },
    [
      "policies.registries[1]: must be a registry, with a path if images live under one, " +
        'got "https://ghcr.io". Write e.g. acme.azurecr.io/mirror.',
      "policies.registries[2]: must be a registry, with a path if images live under one, " +
        'got "ghcr.io/Acme". Write e.g. acme.azurecr.io/mirror.',
      "policies.priorityClasses[1]: must not be one of the cluster's own, got " +
        '"system-node-critical". Make a PriorityClass for the projects.',
    ],
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
    [
      "aks.cpuPool.maxCount: must be a whole number of nodes from 1 to 1000, got 2.5. Set " +
        "the most nodes that you would pay for.",
    ],
  ],
  "a boolean in quotes": [
    "local",
    (s) => (s.protectData = "no"),
    ['protectData: must be true or false, got "no". Write one of them without quotes.'],
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
      "domain: must be a lower-case DNS name of at least two labels and at most 190 " +
        'characters, got "https://ml.example.com". Write e.g. ml.example.com.',
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
      "dataLake.replicas: must be 1 or 4 to 16 for MinIO, got 3. An erasure set needs four " +
        "servers and holds sixteen.",
    ],
  ],
  "Azure Blob, which has no keys by consumer": [
    "dev",
    (s) => (s.dataLake.kind = "azureBlob"),
    [
      "dataLake.kind: must be one that can give each consumer a key of its own, got " +
        '"azureBlob". Choose minio or seaweedfs.',
    ],
  ],
  "a Flexible Server without Azure": [
    "local",
    (s) => (s.mlflow.database = "azureFlexibleServer"),
    [
      'mlflow.database: must be cloudNativePg without aks, got "azureFlexibleServer". Choose ' +
        "cloudNativePg, or set aks.",
      "mlflow.databaseStorageGiB: must be a disk size of Azure, got 5. Use one of 32, 64, " +
        "128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32767.",
      "mlflow.backupRetentionDays: must be a whole number of days from 7 to 35, got 3. " +
        "Choose a number in that range.",
    ],
  ],
  "a cluster to create and one to use": [
    "dev",
    (s) => (s.kubernetes = { context: "kind" }),
    [
      'kubernetes: must be absent with aks, got "kind". Keep aks to create a cluster, or ' +
        "kubernetes to use one.",
    ],
  ],
  "no cluster at all": [
    "local",
    (s) => delete s.kubernetes,
    [
      "aks: must be set where kubernetes is not, got nothing. Set aks to create a cluster, " +
        "or kubernetes to use one.",
    ],
  ],
  "a GPU quota without a GPU pool": [
    "dev",
    (s) => delete s.aks.gpuPool,
    ["ray.gpuQuota: must be 0 without aks.gpuPool, got 1. Add the pool, or set 0."],
  ],
  "public models without tokens": [
    "prod",
    withoutTokens,
    [
      "serving.internalLoadBalancer: must not be false without `oidc`, or `allowedIpRanges` " +
        "narrower than the internet, got false. Models would answer anyone; set one of " +
        "them, or keep the address private.",
    ],
  ],
  "an issuer that is no URL": [
    "prod",
    (s) => (s.access.oidc.issuer = "login"),
    [
      'access.oidc.issuer: must be an https URL without a user, got "login". Copy it from the ' +
        "issuer's own page.",
    ],
  ],
  "no audience": [
    "prod",
    (s) => (s.access.oidc.audiences = []),
    [
      "access.oidc.audiences: must name at least one audience, got []. Any token of the " +
        "issuer would pass; give the client id of the models' app registration.",
    ],
  ],
  "no audience of models": [
    "prod",
    (s) => (s.access.oidc.modelAudiences = []),
    [
      "access.oidc.modelAudiences: must name at least one audience, got []. Any token of the " +
        "issuer would pass; give the client id of the models' app registration.",
    ],
  ],
  "an administrator group by name": [
    "dev",
    (s) => (s.access.administrators = ["platform-admins"]),
    [
      "access.administrators[0]: must be the object id of a Microsoft Entra group, got " +
        '"platform-admins". Use the id that `az ad group show --group NAME --query id` prints.',
    ],
  ],
  "administrators where they were before": [
    "dev",
    (s) => (s.aks.adminGroupObjectIds = s.access.administrators),
    ["aks.adminGroupObjectIds: is access.administrators now. Write its value there."],
  ],
  "an issuer where it was before": [
    "prod",
    (s) => (s.serving.jwt = s.access.oidc),
    ["serving.jwt: is access.oidc now. Write its value there."],
  ],
  "members where they were before": [
    "local",
    (s) => (s.projects[0].members = ["growth"]),
    ["projects[0].members: is projects[0].access.members now. Write its value there."],
  ],
  "a cluster on Azure that nobody administers": [
    "dev",
    (s) => delete s.access.administrators,
    [
      "access.administrators: must name at least one group with aks, got []. Name a Microsoft " +
        "Entra group: local accounts are off, so nobody else gets in.",
    ],
  ],
  "administrators who are a group of Kubernetes": [
    "local",
    (s) => (s.access = { administrators: ["system:masters"] }),
    [
      "access.administrators[0]: must not be a group of Kubernetes itself, got " +
        '"system:masters". Name a group of the team.',
    ],
  ],
  "a role that nobody knows": [
    "local",
    (s) => (s.projects[0].access = { member: ["growth"] }),
    ["projects[0].access.member: is not a known key. Remove it, or correct its spelling."],
  ],
  "viewers by a name on Azure": [
    "dev",
    (s) => (s.projects[0].access.viewers = ["auditors"]),
    [
      "projects[0].access.viewers[0]: must be the object id of a Microsoft Entra group, got " +
        '"auditors". Use the id that `az ad group show --group NAME --query id` prints.',
    ],
  ],
  "callers that are everybody": [
    "dev",
    (s) => (s.projects[0].access.callers = ["churn.call", "*", "churn.*"]),
    [1, 2].map(
      (index) =>
        `projects[0].access.callers[${index}]: must not begin or end with a star, got ` +
        `"${index === 1 ? "*" : "churn.*"}". Name each one: a star would let in groups that ` +
        "nobody thought of.",
    ),
  ],
  "callers whom nobody tells apart": [
    "local",
    (s) => (s.projects[0].access = { callers: ["shop"] }),
    [
      'projects[0].access.callers: must be absent without access.oidc, got ["shop"]. Set ' +
        "access.oidc: without tokens, nobody is told from anybody.",
    ],
  ],
  "a claim inside of a claim": [
    "prod",
    (s) => (s.access.oidc.groupsClaim = "realm_access[roles]"),
    [
      "access.oidc.groupsClaim: must be the name of a claim without spaces and brackets, got " +
        '"realm_access[roles]". Have the issuer put the groups into a claim of their own, e.g. ' +
        "groups.",
    ],
  ],
  "keys of an issuer that anyone between could change": [
    "prod",
    (s) => (s.access.oidc.jwksUri = "http://login.northwind.dev/keys"),
    [
      "access.oidc.jwksUri: must be an https URL without a user, got " +
        '"http://login.northwind.dev/keys". Copy it from the issuer\'s own page.',
    ],
  ],
  "a retention of no days": [
    "local",
    (s) => (s.observability.logRetentionDays = 0),
    [
      "observability.logRetentionDays: must be a whole number of days from 1 to 3650, got 0. " +
        "Leave it out for the default.",
    ],
  ],
  "too many database instances": [
    "prod",
    (s) => (s.mlflow.databaseInstances = 12),
    [
      "mlflow.databaseInstances: must be a whole number of instances from 1 to 9, got 12. " +
        "Choose a number in that range.",
    ],
  ],
  "an image without a version": [
    "local",
    (s) => (s.images = { mlflow: "ghcr.io/acme/mlflow" }),
    [
      'images.mlflow: must be an image by digest or exact tag, got "ghcr.io/acme/mlflow". ' +
        "Write name@sha256:… or name:1.2.3.",
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
      "images.registry: must be a registry, with a path if images live under one, got " +
        '"https://acme.azurecr.io". Write e.g. acme.azurecr.io/mirror.',
    ],
  ],
  "a runner of two labels": [
    "dev",
    (s) => (s.github.runner = "self-hosted, linux"),
    [
      'github.runner: must be the label of a runner, got "self-hosted, linux". Write the label ' +
        "of a runner of your own whose address aks.authorizedIpRanges names.",
    ],
  ],
  "a runner without a label": [
    "dev",
    (s) => (s.github.runner = ""),
    [
      'github.runner: must be the label of a runner, got "". Write the label of a runner of your ' +
        "own whose address aks.authorizedIpRanges names.",
    ],
  ],
  "a registry that ends with a slash": [
    "prod",
    (s) => (s.images = { registry: "acme.azurecr.io/" }),
    [
      "images.registry: must be a registry, with a path if images live under one, got " +
        '"acme.azurecr.io/". Write e.g. acme.azurecr.io/mirror.',
    ],
  ],
  "a prefix of images that nodes have already": [
    "local",
    (s) => (s.images = { preloaded: true, prefix: "ghcr.io/acme" }),
    [
      'images.prefix: must be absent with images.preloaded, got "ghcr.io/acme". Remove it where ' +
        "the nodes have the images, or preloaded where they pull them.",
    ],
  ],
  "a prefix with a version": [
    "prod",
    (s) => (s.images = { prefix: "ghcr.io/acme/mlplatform:latest" }),
    [
      "images.prefix: must be a registry, with a path if images live under one, got " +
        '"ghcr.io/acme/mlplatform:latest". Write e.g. acme.azurecr.io/mirror.',
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
    ["charts.url: must be set with charts.source mirror, got nothing. Say where the mirror is."],
  ],
  "a mirror of charts with a bare host": [
    "prod",
    (s) => (s.charts = { source: "mirror", url: "acme.azurecr.io/charts" }),
    [
      "charts.url: must be the address of a registry or a chart repository, without a user, got " +
        '"acme.azurecr.io/charts". Write e.g. oci://registry.example.com/charts or ' +
        "https://charts.example.com.",
    ],
  ],
  "a directory of charts without a path": [
    "prod",
    (s) => (s.charts = { source: "directory" }),
    [
      "charts.path: must be set with charts.source directory, got nothing. Say where the " +
        "directory is.",
    ],
  ],
  "a mirror of charts with a path": [
    "prod",
    (s) => (s.charts = { source: "mirror", url: "oci://acme.azurecr.io/charts", path: "charts" }),
    [
      'charts.path: must be absent with charts.source mirror, got "charts". Set ' +
        "charts.source: directory, or remove this.",
    ],
  ],
  "an address of charts that nothing reads": [
    "prod",
    (s) => (s.charts = { url: "oci://acme.azurecr.io/charts" }),
    [
      "charts.url: must be absent with charts.source upstream, got " +
        '"oci://acme.azurecr.io/charts". Set charts.source: mirror, or remove this.',
    ],
  ],
  "two projects of one name": [
    "prod",
    (s) => (s.projects[1].name = "churn"),
    ['projects[1].name: must differ from every other project\'s, got "churn". Choose another.'],
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
    [
      'projects[0].github: must be absent without github.owner, got "churn-dev". Set ' +
        "github.owner, or remove this.",
    ],
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
        "one of these, or widen the range in aksPlatform/problems.ts when AKS does.",
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
      'projects[0].name: must be a DNS label, got "Churn_Model". Use lower-case letters, ' +
        "digits and single hyphens inside, a letter first.",
    ],
  ],
  "a domain that leaves models no room": [
    "local",
    (s) => (s.domain = `${"m.".repeat(91)}test`),
    [
      "domain: must be a lower-case DNS name of at least two labels and at most 190 " +
        `characters, got "${`models.${"m.".repeat(91)}test`.slice(0, 118)}…. Write e.g. ` +
        "ml.example.com.",
    ],
  ],
  "a domain of the cluster's own Services": [
    "local",
    (s) => (s.domain = "churn.svc.cluster.local"),
    [
      'domain: must not be one of the cluster\'s own, got "churn.svc.cluster.local". Write a ' +
        "name in a domain that you own.",
    ],
  ],
  "a size that is a word of JavaScript": [
    "dev",
    (s) => (s.aks.cpuPool.vmSize = "constructor"),
    [
      "aks.cpuPool.vmSize: must be a size listed in components/aksPlatform/vmSizes.ts, got " +
        '"constructor". Near names are Standard_B4ms, Standard_B8ms, Standard_B16ms. ' +
        "To add a size, add its row with the figures of Azure's size page.",
    ],
  ],
  "a pool without bounds, and nothing that follows from it": [
    "dev",
    (s) => (s.aks.cpuPool.maxCount = 1e9),
    [
      "aks.cpuPool.maxCount: must be a whole number of nodes from 1 to 1000, got 1000000000. " +
        "Set the most nodes that you would pay for.",
    ],
  ],
  "a Kubernetes version with a leading zero": [
    "dev",
    (s) => (s.aks.kubernetesVersion = "1.035"),
    [
      'aks.kubernetesVersion: must be a minor version, got "1.035". Write 1.35: Azure picks ' +
        "the patch and keeps raising it.",
    ],
  ],
  "a project of nobody": [
    "local",
    (s) => (s.projects[0].owner = " "),
    [
      "projects[0].owner: must be 1 to 256 characters without line breaks, and not blank, got " +
        '" ". Name the team that owns it.',
    ],
  ],
  "an account of two lines": [
    "local",
    (s) => (s.projects[0].costCenter = "cc\n1"),
    [
      "projects[0].costCenter: must be 1 to 256 characters without line breaks, and not blank, " +
        'got "cc\\n1". Give the account that pays.',
    ],
  ],
  "reviewers by a number that is no id": [
    "prod",
    (s) => (s.projects[0].github.reviewerTeamIds = [0, 1.5]),
    [
      "projects[0].github.environments[1].reviewerTeamIds[0]: must be an id, got 0. GitHub's " +
        "are whole numbers above 0.",
      "projects[0].github.environments[1].reviewerTeamIds[1]: must be an id, got 1.5. GitHub's " +
        "are whole numbers above 0.",
    ],
  ],
  "a member group without a name": [
    "local",
    (s) => (s.projects[0].access = { members: [" "] }),
    ['projects[0].access.members[0]: must not be blank, got " ". Fill it in, or remove it.'],
  ],
  "one group of Azure in two spellings": [
    "dev",
    (s) =>
      (s.projects[0].access.members = [
        "abcdef00-0000-0000-0000-000000000000",
        "ABCDEF00-0000-0000-0000-000000000000",
      ]),
    [
      "projects[0].access.members[1]: must be named once, got " +
        '"abcdef00-0000-0000-0000-000000000000". Remove the repeat.',
    ],
  ],
  "a storage class that Kubernetes would refuse": [
    "local",
    (s) => (s.storageClass = "Premium SSD"),
    [
      'storageClass: must be a Kubernetes object name, got "Premium SSD". Use lower-case ' +
        "letters, digits, hyphens and dots, a letter or digit first and last.",
    ],
  ],
  "public models for the whole internet": [
    "prod",
    (s) => {
      withoutTokens(s);
      s.serving.allowedIpRanges = ["203.0.113.0/24", "0.0.0.0/1", "128.0.0.0/1"];
    },
    [
      "serving.internalLoadBalancer: must not be false without `oidc`, or `allowedIpRanges` " +
        "narrower than the internet, got false. Models would answer anyone; set one of them, " +
        "or keep the address private.",
    ],
  ],
  "an audience without a name": [
    "prod",
    (s) => (s.access.oidc.audiences = [""]),
    ['access.oidc.audiences[0]: must not be blank, got "". Fill it in, or remove it.'],
  ],
  "a redaction path that the table can't read": [
    "local",
    (s) => (s.observability.inferenceRedaction = [{ path: "$instances", action: "drop" }]),
    [
      "observability.inferenceRedaction[0].path: must be a JSON path to a value, got " +
        '"$instances". ' +
        "Write one such as $.instances[*].email.",
    ],
  ],
  "a database size that Azure does not sell": [
    "dev",
    (s) => (s.mlflow = { databaseSku: "Standard_B; DROP" }),
    [
      "mlflow.databaseSku: must be a B, D or E size such as Standard_D2ds_v5, got " +
        '"Standard_B; DROP". Flexible servers have no others.',
    ],
  ],
  "a password in an address, without repeating it": [
    "dev",
    (s) => {
      s.charts = { source: "mirror", url: "https://reader:s3cret@charts.example.com" };
      s.github.baseUrl = "https://s3cret@github.example.com/";
    },
    [
      "github.baseUrl: must be a URL without a user, got " +
        '"https://…@github.example.com/". Write it as https://github.example.com/.',
      "charts.url: must be the address of a registry or a chart repository, without a user, got " +
        '"https://…@charts.example.com". Write e.g. oci://registry.example.com/charts or ' +
        "https://charts.example.com.",
    ],
  ],
  "a kubeconfig as a map, without repeating it": [
    "local",
    (s) => (s.kubernetes.kubeconfig = { users: [{ user: { token: "s3cret" } }] }),
    ["kubernetes.kubeconfig: must be a string, got a value that is not shown. Put it in quotes."],
  ],
  "a kubeconfig as a text, without repeating it": [
    "local",
    (s) => (s.kubernetes.kubeconfig = "users:\n- user: { token: s3cret }\n"),
    [
      "kubernetes.kubeconfig: must be the path of a file, got a value that is not shown. Write " +
        "the kubeconfig to a file.",
    ],
  ],
  "a kubeconfig in place of the cluster, without repeating it": [
    "local",
    (s) => (s.kubernetes = "users: [{ user: { token: s3cret } }]"),
    [
      "kubernetes: must be a map of keys, got a value that is not shown. Write its keys below " +
        "it, indented.",
    ],
  ],
  "a cluster without a context": [
    "local",
    (s) => (s.kubernetes.context = ""),
    ['kubernetes.context: must not be blank, got "". Fill it in, or remove it.'],
  ],
  "a long value, of which it shows the beginning": [
    "local",
    (s) => (s.environment = "e".repeat(5000)),
    [
      "environment: must be 1-63 letters, digits, '.', '_' or '-', with a letter or digit " +
        `first and last, got "${"e".repeat(118)}…. Write e.g. ml-platform: it becomes a tag of ` +
        "every resource.",
    ],
  ],
  "everything that is missing, rules between keys included": [
    "local",
    (s) => {
      for (const key of Object.keys(s)) {
        delete s[key];
      }
      s.mlflow = { database: "azureFlexibleServer" };
    },
    [
      "environment: is missing. Set it to a string.",
      "owner: is missing. Set it to a string.",
      "costCenter: is missing. Set it to a string.",
      "domain: is missing. Set it to a string.",
      "aks: must be set where kubernetes is not, got nothing. Set aks to create a cluster, or " +
        "kubernetes to use one.",
      'mlflow.database: must be cloudNativePg without aks, got "azureFlexibleServer". Choose ' +
        "cloudNativePg, or set aks.",
      "ray: is missing. Set it to a map of keys.",
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
      "domain: must be a lower-case DNS name of at least two labels and at most 190 " +
        'characters, got "ML". Write e.g. ml.example.com.',
      'aks.tier: must be one of Free, Standard, Premium, got "Gold". Pick one.',
      "ray.gpuQuota: must be a whole number of GPUs from 0 to 10000, got -1. Set it to what " +
        "the node pools can hold.",
    ],
  ],
};

/** Paths of a schema's keys that it gives a value where the stack says nothing. */
function defaultsIn(type: any, at: string[] = []): [path: string, value: unknown][] {
  const { def } = type;
  switch (def.type) {
    case "default":
      return [[at.join("."), def.defaultValue], ...defaultsIn(def.innerType, at)];
    case "prefault":
      // An empty section's own keys decide.
      assert.deepEqual(def.defaultValue, {}, at.join("."));
      return defaultsIn(def.innerType, at);
    case "optional":
      return defaultsIn(def.innerType, at);
    case "array":
      return defaultsIn(def.element, at);
    case "object":
      return Object.entries(type.shape).flatMap(([key, inner]) => defaultsIn(inner, [...at, key]));
    default:
      return [];
  }
}

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

  it("takes a date that the CLI hands over as a time for the date", () => {
    const settings = settingsOf("dev");
    settings.aks.budget.startDate = "2026-12-01 00:00:00 +0000 UTC";
    const result = checkConfig(settings);
    assert.ok("config" in result, JSON.stringify(result));
    assert.equal(result.config.aks?.budget.startDate, "2026-12-01");
    assert.deepEqual(
      problemsOf("dev", (s) => (s.aks.budget.startDate = "2026-12-01 10:00:00 +0000 UTC")).length,
      1,
    );
  });

  it("leaves defaults to the components, but for what they are always given", () => {
    assert.deepEqual(defaultsIn(schema), [
      ["admission", "warn"],
      ["aks.kubernetesVersion", "1.35"],
      ["projects", []],
    ]);
  });

  it("has one default of the lake's and the database's disks, whatever their kind", () => {
    const stack = settingsOf("dev");
    delete stack.dataLake.storageGiB;
    for (const kind of ["minio", "seaweedfs"]) {
      stack.dataLake.kind = kind;
      assert.equal(storageOf(stack).lake, 100, kind);
    }
    for (const database of ["cloudNativePg", "azureFlexibleServer"]) {
      stack.mlflow = { database };
      assert.equal(storageOf(stack).database, 32, database);
    }
  });

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
