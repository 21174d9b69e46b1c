import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type ConfigProblem, checkAcrossKeys, describeIssues } from "./problems";
import { ChartOrigin, missingArchives } from "./charts";
import { chartsOf, settingsOf } from "./settings";
import { type ImageName, images, kubernetesVersion } from "./versions";
import { AksTier, KubeLogin, RegistrySku } from "../components/aksPlatform/args";
import { LakeKind } from "../components/connections";
import { MlflowDatabase } from "../components/mlflowStack/args";
import { RedactionAction, RedactionPart } from "../components/observabilityStack/args";
import { AdmissionMode } from "../policy/admission";

const count = (least: number, most: number) => z.number().int().min(least).max(most);
const matching = (pattern: RegExp, expected: string) => z.string().regex(pattern, expected);
const hostName = matching(
  /^(?=.{4,200}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
  "must be a DNS name in lower case such as ml.example.com",
);
const guid = matching(
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  "must be a GUID such as 00000000-0000-0000-0000-000000000000",
);
const address = matching(/^[^@\s]+@[^@\s]+\.[^@\s]+$/, "must be a mail address");
const label = matching(
  /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
  "must be 1-63 letters, digits, '.', '_' or '-', and begin and end with a letter or digit",
);

const registry = matching(
  /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/,
  "must be a registry, with a path if images live under one, such as acme.azurecr.io/mirror",
);
const image = matching(
  /^[^\s@]+(:[\w.-]+|@sha256:[0-9a-f]{64})$/,
  "must be an image by digest (name@sha256:…) or exact tag (name:1.2.3)",
);
const optionalImages = Object.fromEntries(
  Object.keys(images).map((name) => [name, image.optional()]),
) as Record<ImageName, z.ZodOptional<typeof image>>;

const nodePool = z.strictObject({
  vmSize: z.string(),
  minCount: count(0, 1000),
  maxCount: count(1, 1000),
  zones: z.array(z.enum(["1", "2", "3"])).optional(),
  osDiskGiB: count(30, 2048).optional(),
});

const aks = z.strictObject({
  location: matching(/^[a-z0-9]+$/, "must be an Azure region such as westeurope"),
  tier: z.enum(AksTier).optional(),
  kubernetesVersion: z.string().default(kubernetesVersion),
  network: z.strictObject({
    vnetCidr: z.string(),
    nodeSubnetCidr: z.string(),
    databaseSubnetCidr: z.string(),
    endpointSubnetCidr: z.string(),
    podCidr: z.string(),
    serviceCidr: z.string(),
    dnsServiceIp: z.string(),
  }),
  authorizedIpRanges: z.array(z.string()).optional(),
  privateCluster: z.boolean().optional(),
  adminGroupObjectIds: z.array(guid).min(1),
  systemPool: nodePool,
  cpuPool: nodePool.optional(),
  gpuPool: nodePool.optional(),
  spotPool: nodePool.optional(),
  registrySku: z.enum(RegistrySku).optional(),
  zoneRedundantRegistry: z.boolean().optional(),
  logRetentionDays: count(30, 730).optional(),
  auditArchiveDays: count(30, 3650).optional(),
  kubeLogin: z.enum(KubeLogin).optional(),
  budget: z.strictObject({
    monthlyAmount: z.number().positive(),
    contactEmails: z.array(address).min(1),
    startDate: z.string(),
  }),
});

const project = z.strictObject({
  name: z.string(),
  owner: label,
  costCenter: label.optional(),
  members: z.array(guid).default([]),
  cpuQuota: count(1, 100_000),
  memoryQuotaGiB: count(1, 1_000_000),
  gpuQuota: count(0, 10_000).default(0),
  github: z
    .strictObject({
      repository: z.string(),
      create: z.boolean().default(true),
      reviewerTeamIds: z.array(z.number().int().positive()).default([]),
    })
    .optional(),
});

/** The configuration of a stack; each key is declared and described in `Pulumi.yaml`. */
const schema = z.strictObject({
  environment: label,
  owner: label,
  costCenter: label,
  domain: hostName,
  storageClass: z.string().optional(),
  protectData: z.boolean().default(true),
  admission: z.enum(AdmissionMode).default(AdmissionMode.Warn),
  aks: aks.optional(),
  kubernetes: z.strictObject({ kubeconfig: z.string().optional(), context: z.string() }).optional(),
  dataLake: z
    .strictObject({
      kind: z.enum(LakeKind).default(LakeKind.Minio),
      replicas: count(1, 32).default(1),
      storageGiB: count(1, 65_536).default(50),
      rawLogRetentionDays: count(1, 3650).default(90),
    })
    .prefault({}),
  mlflow: z
    .strictObject({
      database: z.enum(MlflowDatabase).default(MlflowDatabase.CloudNativePg),
      databaseInstances: count(1, 9).default(1),
      databaseStorageGiB: count(1, 16_384).default(10),
      databaseSku: z.string().optional(),
      backupRetentionDays: count(1, 365).default(14),
      replicas: count(1, 20).default(1),
    })
    .prefault({}),
  ray: z.strictObject({
    cpuQuota: count(1, 100_000),
    memoryQuotaGiB: count(1, 1_000_000),
    gpuQuota: count(0, 10_000).default(0),
    replicas: count(1, 5).default(1),
  }),
  serving: z
    .strictObject({
      replicas: count(1, 20).default(1),
      internalLoadBalancer: z.boolean().default(true),
      skipLoadBalancer: z.boolean().default(false),
      allowedIpRanges: z.array(z.string()).optional(),
      acme: z
        .strictObject({
          email: address,
          server: z.url().optional(),
          dnsZone: hostName,
          dnsResourceGroup: z.string(),
          dnsSubscriptionId: guid,
          dnsClientId: guid,
        })
        .optional(),
      jwt: z
        .strictObject({ issuer: z.url(), jwksUri: z.url(), audiences: z.array(z.string()).min(1) })
        .optional(),
    })
    .prefault({}),
  observability: z
    .strictObject({
      metricsRetentionDays: count(1, 730).default(15),
      metricsStorageGiB: count(1, 16_384).default(50),
      logRetentionDays: count(1, 3650).default(30),
      inferenceReplicas: count(1, 50).default(2),
      inferenceBufferGiB: count(1, 4096).default(10),
      inferenceRetentionDays: count(1, 36_500).optional(),
      inferenceRetentionByNamespace: z.record(label, count(1, 36_500)).default({}),
      inferenceRedaction: z
        .array(
          z.strictObject({
            namespace: label.optional(),
            inferenceService: label.optional(),
            part: z.enum(RedactionPart).optional(),
            path: matching(/^\$./, "must be a JSON path such as $.instances[*].email"),
            action: z.enum(RedactionAction),
          }),
        )
        .default([]),
      replicas: count(1, 5).default(1),
    })
    .prefault({}),
  projects: z.array(project).default([]),
  github: z.strictObject({ owner: label, baseUrl: z.url().optional() }).optional(),
  charts: z
    .strictObject({
      source: z.enum(ChartOrigin).default(ChartOrigin.Upstream),
      url: matching(
        /^(oci|https?):\/\/[^\s/]+(\/[^\s?#]*)?$/,
        "must be an address such as oci://registry.example.com/charts or " +
          "https://charts.example.com",
      ).optional(),
      path: z.string().optional(),
    })
    .prefault({}),
  images: z.strictObject({ registry: registry.optional(), ...optionalImages }).prefault({}),
});

/** A stack's configuration, checked and with its defaults. */
export type CheckedConfig = z.infer<typeof schema>;

/**
 * Reads and checks the whole configuration of the stack.
 *
 * @returns what each component is given
 * @throws pulumi.RunError naming every problem at once: key, value seen, remedy.
 */
export function loadConfig() {
  const result = checkConfig(ownSettings());
  const problems = "config" in result ? checkArchives(result.config) : result.problems;
  if ("config" in result && problems.length === 0) {
    return settingsOf(result.config);
  }
  const lines = problems.map(({ key, problem }) => `  ${key}: ${problem}`);
  const many = lines.length === 1 ? "1 problem" : `${lines.length} problems`;
  throw new pulumi.RunError(`Pulumi.${pulumi.getStack()}.yaml has ${many}:\n${lines.join("\n")}`);
}

/** Looks whether a folder of charts holds those that the stack installs. */
function checkArchives(config: CheckedConfig): ConfigProblem[] {
  const missing = missingArchives(config.charts, chartsOf(config));
  if (missing.length === 0) {
    return [];
  }
  const problem =
    `"${config.charts.path}" has no ${missing.join(", ")}. Fetch them by \`helm pull\`; \`mlp ` +
    `versions\` shows from where.`;
  return [{ key: "charts.path", problem }];
}

/** Checks settings by key without their namespace. Returns every problem, or the configuration. */
export function checkConfig(
  settings: Record<string, unknown>,
): { problems: ConfigProblem[] } | { config: CheckedConfig } {
  const parsed = schema.safeParse(settings, { reportInput: true });
  if (!parsed.success) {
    return { problems: describeIssues(parsed.error.issues, settings) };
  }
  const problems = checkAcrossKeys(parsed.data);
  return problems.length > 0 ? { problems } : { config: parsed.data };
}

/**
 * The project's own keys; lists, maps and booleans decoded as the CLI encodes them. An empty value
 * counts as left out: Pulumi asks for a default of each optional key.
 */
function ownSettings(): Record<string, unknown> {
  const prefix = `${pulumi.getProject()}:`;
  return Object.fromEntries(
    Object.entries(pulumi.runtime.allConfig())
      .filter(([key]) => key.startsWith(prefix))
      .filter(([, value]) => value !== "" && value !== "{}")
      .map(([key, value]) => [key.slice(prefix.length), decode(value)]),
  );
}

function decode(value: string): unknown {
  if (value === "true" || value === "false") {
    return value === "true";
  }
  return /^[[{]/.test(value) ? JSON.parse(value) : value;
}
