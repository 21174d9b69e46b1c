import { dnsLabel, guid, mailAddress } from "../argumentFormats";
import {
  type ArgumentProblem,
  choiceProblems,
  countProblems,
  problem,
  type TextFormat,
  textProblems,
} from "../argumentProblems";
import { componentNameProblems } from "../azure/names";
import { type AksBudgetArgs, type AksPlatformArgs, AksTier, KubeLogin, RegistrySku } from "./args";
import { isPrivate, networkPlanProblems, parseIpv4Range } from "./networkPlan";
import { mostNodes, nodePoolProblems, plannedPools } from "./nodePools";
import { type AksPlatformSettings, normalizeAksPlatform } from "./normalize";

/**
 * Minor versions under standard support on 2026-11-23
 * (https://learn.microsoft.com/azure/aks/supported-kubernetes-versions; Azure/AKS CHANGELOG).
 */
const supportedMinors = { oldest: 34, newest: 36 };

/** Everything that Azure would refuse, or that breaks a rule of the platform. */
export function aksPlatformProblems(name: string, args: AksPlatformArgs): ArgumentProblem[] {
  const settings = normalizeAksPlatform(args);
  const pools = plannedPools(settings);
  return [
    ...componentNameProblems(name),
    ...textProblems("location", settings.location, region),
    ...kubernetesVersionProblems(settings.kubernetesVersion),
    ...networkPlanProblems(settings.network, mostNodes(pools)),
    ...choiceProblems("tier", settings.tier, AksTier),
    ...tierProblems(settings.tier, mostNodes(pools)),
    ...apiServerAccessProblems(settings),
    ...administratorProblems(settings.adminGroupObjectIds),
    ...groupProblems("userGroupObjectIds", settings.userGroupObjectIds),
    ...pools.flatMap(nodePoolProblems),
    ...registryProblems(settings),
    ...projectRegistryProblems(settings.projectRegistries),
    ...logProblems(args, settings),
    ...choiceProblems("kubeLogin", settings.kubeLogin, KubeLogin),
    ...budgetProblems(settings.budget),
    ...tagProblems(settings.tags),
  ];
}

const region: TextFormat = {
  pattern: /^[a-z][a-z0-9]*$/,
  rule: "must be a region's short name",
  remedy: "Write it as `az account list-locations` does, such as westeurope.",
};

function kubernetesVersionProblems(version: string): ArgumentProblem[] {
  const { oldest, newest } = supportedMinors;
  const minor = /^1\.([1-9]\d*)$/.exec(version)?.[1];
  if (minor === undefined) {
    const remedy = `Write 1.${newest - 1}: Azure picks the patch and keeps raising it.`;
    return [problem("kubernetesVersion", "must be a minor version", version, remedy)];
  }
  if (Number(minor) >= oldest && Number(minor) <= newest) {
    return [];
  }
  const rule = `must be 1.${oldest} to 1.${newest}, which AKS supports`;
  const remedy =
    "Choose one of these, or widen the range in aksPlatform/problems.ts when AKS does.";
  return [problem("kubernetesVersion", rule, version, remedy)];
}

/** Nodes of a cluster by tier (https://learn.microsoft.com/azure/aks/quotas-skus-regions). */
function tierProblems(tier: AksTier, nodes: number): ArgumentProblem[] {
  const most = tier === AksTier.Free ? 1000 : 5000;
  if (nodes <= most) {
    return [];
  }
  const rule = `holds at most ${most} nodes, and the pools grow to ${nodes} with upgrade surge`;
  return [problem("tier", rule, tier, "Lower the pools' `maxCount`, or choose a higher tier.")];
}

function apiServerAccessProblems(settings: AksPlatformSettings): ArgumentProblem[] {
  const path = "authorizedIpRanges";
  const ranges = settings.authorizedIpRanges;
  if (settings.privateCluster) {
    if (ranges.length === 0) {
      return [];
    }
    const remedy = "Remove it: only the virtual network reaches a private API server.";
    return [problem(path, "must be absent with `privateCluster`", ranges, remedy)];
  }
  if (ranges.length === 0) {
    const remedy = "Name the public ranges of people and runners, or set `privateCluster`.";
    return [problem(path, "must name at least one range of a public API server", ranges, remedy)];
  }
  return ranges.flatMap((text, index) => {
    const range = parseIpv4Range(text);
    const own = `${path}[${index}]`;
    if (!range) {
      const remedy = "Write a range such as 198.51.100.0/24, a single address with /32.";
      return problem(own, "must be an IPv4 range whose host bits are zero", text, remedy);
    }
    if (range.prefix === 0) {
      const remedy = "Name the ranges that need it, or set `privateCluster`.";
      return problem(own, "must not open the API server to every address", text, remedy);
    }
    if (isPrivate(range)) {
      const remedy = "Name the public address that the network shows, or set `privateCluster`.";
      return problem(own, "must be public: the API server never sees private ones", text, remedy);
    }
    return [];
  });
}

function administratorProblems(groups: string[]): ArgumentProblem[] {
  const path = "adminGroupObjectIds";
  if (groups.length === 0) {
    const remedy = "Name a Microsoft Entra group: local accounts are off, so nobody else gets in.";
    return [problem(path, "must name at least one group", groups, remedy)];
  }
  return groupProblems(path, groups);
}

function groupProblems(path: string, groups: string[]): ArgumentProblem[] {
  const ids = groups.map((group) => group.toLowerCase());
  if (new Set(ids).size < ids.length) {
    return [problem(path, "must name each group once", groups, "Remove the repeated ids.")];
  }
  const objectId = {
    pattern: guid.pattern,
    rule: "must be the object id of a group",
    remedy: "Use the id that `az ad group show --group NAME --query id` prints.",
  };
  return groups.flatMap((group, index) => textProblems(`${path}[${index}]`, group, objectId));
}

function registryProblems(settings: AksPlatformSettings): ArgumentProblem[] {
  const { registrySku: sku, zoneRedundantRegistry } = settings;
  if (!zoneRedundantRegistry || sku === RegistrySku.Premium) {
    return choiceProblems("registrySku", sku, RegistrySku);
  }
  const remedy = "Set Premium, or drop `zoneRedundantRegistry`.";
  return [problem("registrySku", "must be Premium for a zone-redundant registry", sku, remedy)];
}

function projectRegistryProblems(projects: string[]): ArgumentProblem[] {
  const path = "projectRegistries";
  if (new Set(projects).size < projects.length) {
    return [problem(path, "must name each project once", projects, "Remove the repeated names.")];
  }
  return projects.flatMap((name, index) => textProblems(`${path}[${index}]`, name, dnsLabel));
}

function logProblems(
  { auditArchiveDays }: AksPlatformArgs,
  { logRetentionDays }: AksPlatformSettings,
): ArgumentProblem[] {
  const problems = countProblems("logRetentionDays", logRetentionDays, {
    least: 30,
    most: 730,
    unit: "days",
    remedy: "Use 30, or keep longer in the archive with `auditArchiveDays`.",
  });
  const archiveProblems = countProblems("auditArchiveDays", auditArchiveDays, {
    least: 30,
    most: 3650,
    unit: "days",
    remedy: "Use 365.",
  });
  problems.push(...archiveProblems);
  const isShorter = auditArchiveDays !== undefined && auditArchiveDays < logRetentionDays;
  if (archiveProblems.length === 0 && isShorter) {
    const rule = `must be at least \`logRetentionDays\` (${logRetentionDays})`;
    const remedy = `Raise it to ${logRetentionDays} or more.`;
    problems.push(problem("auditArchiveDays", rule, auditArchiveDays, remedy));
  }
  return problems;
}

function budgetProblems({
  monthlyAmount,
  contactEmails,
  startDate,
}: AksBudgetArgs): ArgumentProblem[] {
  const problems: ArgumentProblem[] = [];
  if (!Number.isFinite(monthlyAmount) || monthlyAmount <= 0) {
    const remedy = "Set the amount a month at which you want to hear of it.";
    problems.push(problem("budget.monthlyAmount", "must be above 0", monthlyAmount, remedy));
  }
  if (contactEmails.length < 1 || contactEmails.length > 50) {
    const remedy = "Name who looks after the cost.";
    const rule = "must have 1 to 50 addresses";
    problems.push(problem("budget.contactEmails", rule, contactEmails, remedy));
  }
  return [
    ...problems,
    ...contactEmails.flatMap((email, index) =>
      textProblems(`budget.contactEmails[${index}]`, email, mailAddress),
    ),
    ...textProblems("budget.startDate", startDate, firstOfMonth),
    ...startProblems(startDate, new Date()),
  ];
}

/** Azure takes no start more than twelve months ahead. */
export function startProblems(startDate: string | undefined, now: Date): ArgumentProblem[] {
  const latest = `${now.getUTCFullYear() + 1}${now.toISOString().slice(4, 7)}-01`;
  if (startDate === undefined || !firstOfMonth.pattern.test(startDate) || startDate <= latest) {
    return [];
  }
  const remedy = "Leave it out for the month in which the budget is made.";
  return [problem("budget.startDate", `must be ${latest} or before`, startDate, remedy)];
}

const firstOfMonth: TextFormat = {
  pattern: /^20\d\d-(0[1-9]|1[0-2])-01$/,
  rule: "must be the first day of a month",
  remedy: "Write it as 2026-12-01: Azure's monthly budgets start with a month.",
};

/**
 * Azure's limits of tags; 128 characters of a key are what storage accounts take
 * (https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources).
 */
function tagProblems(tags: Record<string, string>): ArgumentProblem[] {
  const problems: ArgumentProblem[] = [];
  const keys = Object.keys(tags);
  if (keys.length > 50) {
    const rule = "must be at most 50";
    problems.push(problem("tags", rule, keys.length, "Drop those that nobody reads."));
  }
  if (new Set(keys.map((key) => key.toLowerCase())).size < keys.length) {
    const rule = "must differ in more than case, which Azure ignores in keys";
    problems.push(problem("tags", rule, keys, "Keep one of them."));
  }
  for (const [key, value] of Object.entries(tags)) {
    if (!/^[^<>%&\\?/]{1,128}$/.test(key)) {
      const rule = "must have a key of 1 to 128 characters without <>%&\\?/";
      problems.push(problem(`tags["${key}"]`, rule, key, "Rename the tag."));
    }
    if (value.length > 256) {
      const rule = "must have at most 256 characters";
      problems.push(problem(`tags["${key}"]`, rule, value.length, "Shorten the value."));
    }
  }
  return problems;
}
