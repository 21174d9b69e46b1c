import { z } from "zod";
import { placed, reference, resourceGroupName, resourceId, tags } from "./shapes";

// PostgreSQL Flexible Server in a subnet, at API version 2025-08-01. Sources: the concepts pages of
// https://learn.microsoft.com/azure/postgresql/flexible-server on compute, storage,
// networking-private, high-availability and backup.

const switched = z.enum(["Enabled", "Disabled"]);
/** Sizes of the disk in GiB. */
const diskSizes = [32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32767];
/** Names that Azure keeps, and PostgreSQL's own prefix. */
const reservedLogin =
  /^(azure_superuser|azure_pg_admin|admin|administrator|root|guest|public|pg_.*)$/;
/** Letter of the series by tier. */
const series: Record<string, RegExp> = {
  Burstable: /^Standard_B\d/,
  GeneralPurpose: /^Standard_D\d/,
  MemoryOptimized: /^Standard_E\d/,
};

const server = z
  .strictObject({
    ...placed,
    administratorLogin: z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,62}$/)
      .refine((login) => !reservedLogin.test(login), "is a name that Azure keeps"),
    administratorLoginPassword: z.literal("[secret]"),
    authConfig: z.strictObject({
      activeDirectoryAuth: switched,
      passwordAuth: switched,
      // The SDK sends what was left out as empty text.
      tenantId: z.literal(""),
    }),
    availabilityZone: z.literal(""),
    backup: z.strictObject({
      backupRetentionDays: z.int().min(7).max(35),
      geoRedundantBackup: switched,
    }),
    highAvailability: z.strictObject({
      mode: z.enum(["Disabled", "SameZone", "ZoneRedundant"]),
      standbyAvailabilityZone: z.literal(""),
    }),
    network: z.strictObject({
      delegatedSubnetResourceId: resourceId("network"),
      // Azure's own says Microsoft.Network; the engine in memory names the SDK's module.
      privateDnsZoneArmResourceId: resourceId("(?:network|privatedns)"),
      publicNetworkAccess: z.literal("Disabled"),
    }),
    sku: z.strictObject({ name: z.string(), tier: z.enum(Object.keys(series)) }),
    storage: z.strictObject({
      autoGrow: switched,
      storageSizeGB: z.int().refine((size) => diskSizes.includes(size), "is no size of a disk"),
    }),
    version: z.enum(["13", "14", "15", "16", "17", "18"]),
  })
  .refine(({ sku }) => series[sku.tier]!.test(sku.name), {
    path: ["sku", "tier"],
    message: "does not fit the series of the size",
  })
  .refine(
    ({ sku, highAvailability }) => sku.tier !== "Burstable" || highAvailability.mode === "Disabled",
    {
      path: ["highAvailability", "mode"],
      message: "needs a tier above Burstable",
    },
  )
  .refine(
    ({ authConfig }) =>
      [authConfig.passwordAuth, authConfig.activeDirectoryAuth].includes("Enabled"),
    { path: ["authConfig"], message: "lets nobody in" },
  );

/** Every input of the managed database. */
export const databaseInputs: Record<string, z.ZodType> = {
  "azure-native:dbforpostgresql:Server": server,
  "azure-native:dbforpostgresql:Database": z.strictObject({
    charset: z.literal("UTF8"),
    collation: z.string().regex(/^[a-z]{2}_[A-Z]{2}\.utf8$/),
    databaseName: z.string().regex(/^[a-zA-Z_][\w-]{0,62}$/),
    resourceGroupName,
    serverName: z.string(),
  }),
  "azure-native:privatedns:PrivateZone": z.strictObject({
    location: z.literal("global"),
    // A server in a subnet takes no zone with another end.
    privateZoneName: z.string().regex(/^[a-z0-9-]+\.private\.postgres\.database\.azure\.com$/),
    resourceGroupName,
    tags,
  }),
  "azure-native:privatedns:VirtualNetworkLink": z.strictObject({
    location: z.literal("global"),
    privateZoneName: z.string(),
    registrationEnabled: z.literal(false),
    resourceGroupName,
    tags,
    virtualNetwork: reference("network"),
  }),
};

/** Names of servers are hosts: 3 to 63 lower-case letters, digits and inner hyphens. */
export const serverName = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
