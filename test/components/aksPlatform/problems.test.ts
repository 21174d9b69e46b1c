import assert from "node:assert/strict";
import {
  type AksPlatformArgs,
  AksTier,
  type NodePoolArgs,
  RegistrySku,
} from "../../../components/aksPlatform/args";
import { aksPlatformProblems } from "../../../components/aksPlatform/problems";
import { adminGroup, platformArgs } from "./aksPlatformFixture";

type Row = [claim: string, args: AksPlatformArgs, propertyPath: string, reason: string];

const pool = (
  key: "systemPool" | "cpuPool" | "gpuPool" | "spotPool",
  over: Partial<NodePoolArgs>,
) => platformArgs({ [key]: { ...platformArgs()[key], ...over } });
const budget = (over: Partial<AksPlatformArgs["budget"]>) =>
  platformArgs({ budget: { ...platformArgs().budget, ...over } });

const rows: Row[] = [
  [
    "a region by its display name",
    platformArgs({ location: "West Europe" }),
    "location",
    'must be a region\'s short name, got "West Europe". Write it as `az account ' +
      "list-locations` does, such as westeurope.",
  ],
  [
    "a Kubernetes patch version",
    platformArgs({ kubernetesVersion: "1.35.2" }),
    "kubernetesVersion",
    'must be a minor version, got "1.35.2". Write 1.35: Azure picks the patch and keeps ' +
      "raising it.",
  ],
  [
    "a Kubernetes version with a v",
    platformArgs({ kubernetesVersion: "v1.35" }),
    "kubernetesVersion",
    'must be a minor version, got "v1.35". Write 1.35: Azure picks the patch and keeps raising it.',
  ],
  [
    "a Kubernetes version out of support",
    platformArgs({ kubernetesVersion: "1.33" }),
    "kubernetesVersion",
    'must be 1.34 to 1.36, which AKS supports, got "1.33". Choose one of these, or widen the ' +
      "range in aksPlatform/problems.ts when AKS does.",
  ],
  [
    "a Kubernetes version that AKS does not have yet",
    platformArgs({ kubernetesVersion: "1.37" }),
    "kubernetesVersion",
    'must be 1.34 to 1.36, which AKS supports, got "1.37". Choose one of these, or widen the ' +
      "range in aksPlatform/problems.ts when AKS does.",
  ],
  [
    "more nodes than the free tier holds",
    platformArgs({
      tier: AksTier.Free,
      network: { ...platformArgs().network, podCidr: "10.64.0.0/13" },
      spotPool: { vmSize: "Standard_D8ds_v5", minCount: 0, maxCount: 1000 },
    }),
    "tier",
    'holds at most 1000 nodes, and the pools grow to 1039 with upgrade surge, got "Free". ' +
      "Lower the pools' `maxCount`, or choose a higher tier.",
  ],
  [
    "a public API server without ranges",
    platformArgs({ authorizedIpRanges: undefined }),
    "authorizedIpRanges",
    "must name at least one range of a public API server, got []. Name the public ranges of " +
      "people and runners, or set `privateCluster`.",
  ],
  [
    "ranges on a private cluster",
    platformArgs({ privateCluster: true }),
    "authorizedIpRanges",
    'must be absent with `privateCluster`, got ["198.51.100.0/24"]. Remove it: only the ' +
      "virtual network reaches a private API server.",
  ],
  [
    "an authorized range that is no range",
    platformArgs({ authorizedIpRanges: ["198.51.100.0/24", "office"] }),
    "authorizedIpRanges[1]",
    'must be an IPv4 range whose host bits are zero, got "office". Write a range such as ' +
      "198.51.100.0/24, a single address with /32.",
  ],
  [
    "an API server open to everyone",
    platformArgs({ authorizedIpRanges: ["0.0.0.0/0"] }),
    "authorizedIpRanges[0]",
    'must not open the API server to every address, got "0.0.0.0/0". Name the ranges that ' +
      "need it, or set `privateCluster`.",
  ],
  [
    "a private range for a public API server",
    platformArgs({ authorizedIpRanges: ["10.0.0.0/8"] }),
    "authorizedIpRanges[0]",
    'must be public: the API server never sees private ones, got "10.0.0.0/8". Name the ' +
      "public address that the network shows, or set `privateCluster`.",
  ],
  [
    "a cluster without administrators",
    platformArgs({ adminGroupObjectIds: [] }),
    "adminGroupObjectIds",
    "must name at least one group, got []. Name a Microsoft Entra group: local accounts are " +
      "off, so nobody else gets in.",
  ],
  [
    "a group by its name",
    platformArgs({ adminGroupObjectIds: ["ml-admins"] }),
    "adminGroupObjectIds[0]",
    'must be the object id of a group, got "ml-admins". Use the id that `az ad group show ' +
      "--group NAME --query id` prints.",
  ],
  [
    "a group named twice",
    platformArgs({ adminGroupObjectIds: [adminGroup, adminGroup] }),
    "adminGroupObjectIds",
    `must name each group once, got ["${adminGroup}","${adminGroup}"]. Remove the repeated ids.`,
  ],
  [
    "an empty system pool",
    pool("systemPool", { minCount: 0 }),
    "systemPool.minCount",
    "must be a whole number of nodes, 1 or more, got 0. Use 2 or more: the cluster's own " +
      "pods live there.",
  ],
  [
    "a user pool that never empties",
    pool("gpuPool", { minCount: 1 }),
    "gpuPool.minCount",
    "must be 0 in a user pool, got 1. Set 0: pools of work start empty and grow as pods ask.",
  ],
  [
    "a pool whose minimum is above its maximum",
    pool("systemPool", { minCount: 5, maxCount: 3 }),
    "systemPool.maxCount",
    "must be at least `systemPool.minCount` (5), got 3. Raise it to 5 or more.",
  ],
  [
    "a pool that can hold no node",
    pool("spotPool", { maxCount: 0 }),
    "spotPool.maxCount",
    "must be a whole number of nodes from 1 to 1000, got 0. Set the most nodes that you " +
      "would pay for.",
  ],
  [
    "a pool of half a node",
    pool("cpuPool", { maxCount: 2.5 }),
    "cpuPool.maxCount",
    "must be a whole number of nodes from 1 to 1000, got 2.5. Set the most nodes that you " +
      "would pay for.",
  ],
  [
    "a burstable system pool",
    pool("systemPool", { vmSize: "Standard_B4ms" }),
    "systemPool.vmSize",
    'must not be a burstable (B-series) size in a system pool, got "Standard_B4ms". Use a ' +
      "size such as Standard_D4ds_v5.",
  ],
  [
    "a system pool of two vCPU",
    pool("systemPool", { vmSize: "Standard_D2ds_v5" }),
    "systemPool.vmSize",
    'must have at least 4 vCPU and 4 GiB in a system pool, got "Standard_D2ds_v5". Use a ' +
      "size such as Standard_D4ds_v5.",
  ],
  [
    "a burstable spot pool",
    pool("spotPool", { vmSize: "Standard_B8ms" }),
    "spotPool.vmSize",
    "must not be a burstable (B-series) size in a spot pool: Azure sells none, got " +
      '"Standard_B8ms". Use a size such as Standard_D8ds_v5.',
  ],
  [
    "a size in the wrong case",
    pool("cpuPool", { vmSize: "standard_d8ds_v5" }),
    "cpuPool.vmSize",
    'must be spelled as Azure does, got "standard_d8ds_v5". Write Standard_D8ds_v5.',
  ],
  [
    "a size without its prefix",
    pool("cpuPool", { vmSize: "D8ds_v5" }),
    "cpuPool.vmSize",
    'must start with Standard_, got "D8ds_v5". Write Standard_D8ds_v5.',
  ],
  [
    "an A-series size",
    pool("cpuPool", { vmSize: "Standard_A4_v2" }),
    "cpuPool.vmSize",
    'must not be an A-series size, which AKS advises against, got "Standard_A4_v2". Use a ' +
      "size such as Standard_D4ds_v5.",
  ],
  [
    "a size that is not listed",
    pool("cpuPool", { vmSize: "Standard_D12ds_v5" }),
    "cpuPool.vmSize",
    'must be a size listed in components/aksPlatform/vmSizes.ts, got "Standard_D12ds_v5". ' +
      "Near names are Standard_D16ds_v5, Standard_D2ds_v5, Standard_D32ds_v5. To add a size, " +
      "add its row with the figures of Azure's size page.",
  ],
  [
    "a GPU pool without GPUs",
    pool("gpuPool", { vmSize: "Standard_D8ds_v5" }),
    "gpuPool.vmSize",
    'must have a GPU in the GPU pool, got "Standard_D8ds_v5". Use a size such as ' +
      "Standard_NC24ads_A100_v4, or move the pool to cpuPool.",
  ],
  [
    "GPUs in a pool without the GPU taint",
    pool("spotPool", { vmSize: "Standard_NC4as_T4_v3" }),
    "spotPool.vmSize",
    "must have no GPU in this pool, whose nodes carry no GPU taint, got " +
      '"Standard_NC4as_T4_v3". Use a size such as Standard_D8ds_v5, or move the pool to ' +
      "gpuPool.",
  ],
  [
    "a zone that Azure does not have",
    pool("cpuPool", { zones: ["1", "4"] }),
    "cpuPool.zones",
    'must be different zones out of "1", "2" and "3", got ["1","4"]. Use ["1", "2", "3"], or ' +
      "leave it out in regions without zones.",
  ],
  [
    "a zone named twice",
    pool("systemPool", { zones: ["1", "1"] }),
    "systemPool.zones",
    'must be different zones out of "1", "2" and "3", got ["1","1"]. Use ["1", "2", "3"], or ' +
      "leave it out in regions without zones.",
  ],
  [
    "an empty list of zones",
    pool("systemPool", { zones: [] }),
    "systemPool.zones",
    'must be different zones out of "1", "2" and "3", got []. Use ["1", "2", "3"], or leave ' +
      "it out in regions without zones.",
  ],
  [
    "a disk too small for the node image",
    pool("gpuPool", { osDiskGiB: 20 }),
    "gpuPool.osDiskGiB",
    "must be a whole number of GiB from 30 to 2048, got 20. Use 128 unless the images need more.",
  ],
  [
    "a project with two registries",
    platformArgs({ projectRegistries: ["churn", "pricing", "churn"] }),
    "projectRegistries",
    'must name each project once, got ["churn","pricing","churn"]. Remove the repeated names.',
  ],
  [
    "a registry of what is no project",
    platformArgs({ projectRegistries: ["churn", "Pricing_"] }),
    "projectRegistries[1]",
    'must be a DNS label, got "Pricing_". Use 1 to 63 lower-case letters, digits and inner ' +
      "hyphens.",
  ],
  [
    "a zone-redundant registry below Premium",
    platformArgs({ registrySku: RegistrySku.Basic }),
    "registrySku",
    'must be Premium for a zone-redundant registry, got "Basic". Set Premium, or drop ' +
      "`zoneRedundantRegistry`.",
  ],
  [
    "logs kept shorter than Azure sells",
    platformArgs({ logRetentionDays: 7 }),
    "logRetentionDays",
    "must be a whole number of days from 30 to 730, got 7. Use 30, or keep longer in the " +
      "archive with `auditArchiveDays`.",
  ],
  [
    "an archive that forgets after a day",
    platformArgs({ auditArchiveDays: 1 }),
    "auditArchiveDays",
    "must be a whole number of days from 30 to 3650, got 1. Use 365.",
  ],
  [
    "an archive that forgets before the workspace",
    platformArgs({ auditArchiveDays: 60 }),
    "auditArchiveDays",
    "must be at least `logRetentionDays` (90), got 60. Raise it to 90 or more.",
  ],
  [
    "a budget of nothing",
    budget({ monthlyAmount: 0 }),
    "budget.monthlyAmount",
    "must be above 0, got 0. Set the amount a month at which you want to hear of it.",
  ],
  [
    "a budget that warns nobody",
    budget({ contactEmails: [] }),
    "budget.contactEmails",
    "must have 1 to 50 addresses, got []. Name who looks after the cost.",
  ],
  [
    "a contact that is no mail address",
    budget({ contactEmails: ["ml@example.com", "finance"] }),
    "budget.contactEmails[1]",
    'must be a mail address, got "finance". Write it as name@example.com.',
  ],
  [
    "a budget from the middle of a month",
    budget({ startDate: "2026-12-15" }),
    "budget.startDate",
    'must be the first day of a month, got "2026-12-15". Write it as 2026-12-01: Azure\'s ' +
      "monthly budgets start with a month.",
  ],
  [
    "a budget from a thirteenth month",
    budget({ startDate: "2026-13-01" }),
    "budget.startDate",
    'must be the first day of a month, got "2026-13-01". Write it as 2026-12-01: Azure\'s ' +
      "monthly budgets start with a month.",
  ],
  [
    "a tag key with a slash",
    platformArgs({ tags: { "mlplatform.dev/owner": "ml" } }),
    'tags["mlplatform.dev/owner"]',
    'must have a key of 1 to 128 characters without <>%&\\?/, got "mlplatform.dev/owner". ' +
      "Rename the tag.",
  ],
  [
    "a tag value that is too long",
    platformArgs({ tags: { owner: "x".repeat(257) } }),
    'tags["owner"]',
    "must have at most 256 characters, got 257. Shorten the value.",
  ],
  [
    "tags that differ in case only",
    platformArgs({ tags: { owner: "a", Owner: "b" } }),
    "tags",
    'must differ in more than case, which Azure ignores in keys, got ["owner","Owner"]. Keep ' +
      "one of them.",
  ],
  [
    "more tags than Azure takes",
    platformArgs({ tags: Object.fromEntries([...Array(51).keys()].map((n) => [`tag${n}`, "x"])) }),
    "tags",
    "must be at most 50, got 51. Drop those that nobody reads.",
  ],
];

describe("aksPlatformProblems", () => {
  for (const [claim, args, propertyPath, reason] of rows) {
    it(`refuses ${claim}`, () => {
      assert.deepStrictEqual(aksPlatformProblems("core", args), [{ propertyPath, reason }]);
    });
  }

  it("finds nothing wrong with a production platform", () => {
    assert.deepStrictEqual(aksPlatformProblems("core", platformArgs()), []);
  });

  it("finds nothing wrong with the smallest platform", () => {
    const smallest = platformArgs({
      privateCluster: true,
      authorizedIpRanges: [],
      cpuPool: undefined,
      gpuPool: undefined,
      spotPool: undefined,
      registrySku: undefined,
      zoneRedundantRegistry: undefined,
      logRetentionDays: undefined,
      tags: {},
    });
    assert.deepStrictEqual(aksPlatformProblems("core", smallest), []);
  });

  it("reports every fault at once", () => {
    const args = platformArgs({
      kubernetesVersion: "1.20",
      gpuPool: { vmSize: "Standard_D8ds_v5", minCount: 1, maxCount: 0 },
      budget: { monthlyAmount: -1, contactEmails: [], startDate: "soon" },
    });
    assert.deepStrictEqual(
      aksPlatformProblems("core", args).map(({ propertyPath }) => propertyPath),
      [
        "kubernetesVersion",
        "gpuPool.vmSize",
        "gpuPool.minCount",
        "gpuPool.maxCount",
        "budget.monthlyAmount",
        "budget.contactEmails",
        "budget.startDate",
      ],
    );
  });
});
