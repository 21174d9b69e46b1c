import { z } from "zod";
import { ChartOrigin } from "./charts";
import { ownImages } from "./ownImages";
import { type ImageName, kubernetesVersion, upstreamImages } from "./versions";
import { AksTier, KubeLogin, RegistrySku } from "../components/aksPlatform/args";
import { LakeKind } from "../components/connections";
import { MlflowDatabase } from "../components/mlflowStack/args";
import { RedactionAction, RedactionPart } from "../components/observabilityStack/args";
import { AdmissionMode } from "../policy/admission";

// Keys and their types only. What a value may be is said once: by the check of the component that
// takes it, or in problems.ts where no component does. So are defaults: by the component's
// normalize function, or here where no component has one.

// The CLI takes an unquoted date for a time and hands it over as Go prints one.
const date = z.string().transform((text) => text.replace(/ 00:00:00 \+0000 UTC$/, ""));

const nodePool = z.strictObject({
  vmSize: z.string(),
  minCount: z.number(),
  maxCount: z.number(),
  zones: z.array(z.string()).optional(),
  osDiskGiB: z.number().optional(),
});

const aks = z.strictObject({
  location: z.string(),
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
  systemPool: nodePool,
  cpuPool: nodePool.optional(),
  gpuPool: nodePool.optional(),
  spotPool: nodePool.optional(),
  registrySku: z.enum(RegistrySku).optional(),
  zoneRedundantRegistry: z.boolean().optional(),
  logRetentionDays: z.number().optional(),
  auditArchiveDays: z.number().optional(),
  kubeLogin: z.enum(KubeLogin).optional(),
  budget: z.strictObject({
    monthlyAmount: z.number(),
    contactEmails: z.array(z.string()),
    startDate: date.optional(),
  }),
});

const dataLake = z.strictObject({
  kind: z.enum(LakeKind).optional(),
  replicas: z.number().optional(),
  storageGiB: z.number().optional(),
  rawLogRetentionDays: z.number().optional(),
});

const mlflow = z.strictObject({
  database: z.enum(MlflowDatabase).optional(),
  databaseInstances: z.number().optional(),
  databaseStorageGiB: z.number().optional(),
  databaseSku: z.string().optional(),
  backupRetentionDays: z.number().optional(),
  replicas: z.number().optional(),
});

const ray = z.strictObject({
  cpuQuota: z.number(),
  memoryQuotaGiB: z.number(),
  gpuQuota: z.number().optional(),
  replicas: z.number().optional(),
});

const serving = z.strictObject({
  replicas: z.number().optional(),
  internalLoadBalancer: z.boolean().optional(),
  skipLoadBalancer: z.boolean().optional(),
  allowedIpRanges: z.array(z.string()).optional(),
  acme: z
    .strictObject({
      email: z.string(),
      server: z.string().optional(),
      dnsZone: z.string(),
      dnsResourceGroup: z.string(),
      dnsSubscriptionId: z.string(),
      dnsClientId: z.string(),
    })
    .optional(),
});

const observability = z.strictObject({
  metricsRetentionDays: z.number().optional(),
  metricsStorageGiB: z.number().optional(),
  logRetentionDays: z.number().optional(),
  inferenceReplicas: z.number().optional(),
  inferenceBufferGiB: z.number().optional(),
  inferenceRetentionDays: z.number().optional(),
  inferenceRetentionByNamespace: z.record(z.string(), z.number()).optional(),
  inferenceRedaction: z
    .array(
      z.strictObject({
        namespace: z.string().optional(),
        inferenceService: z.string().optional(),
        part: z.enum(RedactionPart).optional(),
        path: z.string(),
        action: z.enum(RedactionAction),
      }),
    )
    .optional(),
  replicas: z.number().optional(),
});

const names = z.array(z.string());

const access = z.strictObject({
  administrators: names.optional(),
  oidc: z
    .strictObject({
      issuer: z.string(),
      jwksUri: z.string(),
      audiences: names,
      modelAudiences: names.optional(),
      groupsClaim: z.string().optional(),
      callersClaim: z.string().optional(),
    })
    .optional(),
});

const project = z.strictObject({
  name: z.string(),
  owner: z.string(),
  costCenter: z.string().optional(),
  access: z
    .strictObject({
      viewers: names.optional(),
      members: names.optional(),
      approvers: names.optional(),
      administrators: names.optional(),
      callers: names.optional(),
    })
    .optional(),
  cpuQuota: z.number(),
  memoryQuotaGiB: z.number(),
  gpuQuota: z.number().optional(),
  github: z
    .strictObject({
      repository: z.string(),
      create: z.boolean().optional(),
      reviewerTeamIds: z.array(z.number()).optional(),
    })
    .optional(),
});

const imageNames = Object.keys({ ...ownImages, ...upstreamImages }) as ImageName[];
const replacedImages = Object.fromEntries(
  imageNames.map((name) => [name, z.string().optional()]),
) as Record<ImageName, z.ZodOptional<z.ZodString>>;

/** The configuration of a stack; each key is declared and described in `Pulumi.yaml`. */
export const schema = z.strictObject({
  environment: z.string(),
  owner: z.string(),
  costCenter: z.string(),
  domain: z.string(),
  storageClass: z.string().optional(),
  protectData: z.boolean().optional(),
  admission: z.enum(AdmissionMode).default(AdmissionMode.Warn),
  access: access.prefault({}),
  policies: z
    .strictObject({
      registries: z.array(z.string()).optional(),
      requireDigests: z.boolean().optional(),
      priorityClasses: z.array(z.string()).optional(),
    })
    .prefault({}),
  aks: aks.optional(),
  kubernetes: z.strictObject({ kubeconfig: z.string().optional(), context: z.string() }).optional(),
  dataLake: dataLake.prefault({}),
  mlflow: mlflow.prefault({}),
  ray,
  serving: serving.prefault({}),
  observability: observability.prefault({}),
  projects: z.array(project).default([]),
  github: z
    .strictObject({
      owner: z.string(),
      baseUrl: z.string().optional(),
      runner: z.string().optional(),
    })
    .optional(),
  charts: z
    .strictObject({
      source: z.enum(ChartOrigin).optional(),
      url: z.string().optional(),
      path: z.string().optional(),
    })
    .prefault({}),
  images: z
    .strictObject({
      registry: z.string().optional(),
      prefix: z.string().optional(),
      preloaded: z.boolean().optional(),
      ...replacedImages,
    })
    .prefault({}),
});

/** A stack's configuration with its keys and types checked. */
export type StackConfig = z.infer<typeof schema>;
