import { type ArgumentProblem, problem } from "../argumentProblems";

/** What Azure allows in the name of one kind of resource. */
interface NameRule {
  min: number;
  max: number;
  pattern: RegExp;
  /** The pattern in words. */
  allowed: string;
}

const hyphenated = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const hyphenatedWords = "lower-case letters, digits and inner hyphens";
const alphanumeric = /^[a-z0-9]+$/;
const alphanumericWords = "lower-case letters and digits";

/**
 * Limits of the names that we set or start: Azure's, narrowed to lower case
 * (https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules).
 * Resource group, virtual network, subnet and node resource group become node labels, which stop at
 * 63 characters (https://learn.microsoft.com/azure/aks/concepts-network-ip-address-planning).
 */
const nameRules = new Map<string, NameRule>([
  ["resourceGroup", { min: 1, max: 63, pattern: hyphenated, allowed: hyphenatedWords }],
  ["nodeResourceGroup", { min: 1, max: 63, pattern: hyphenated, allowed: hyphenatedWords }],
  ["virtualNetwork", { min: 2, max: 63, pattern: hyphenated, allowed: hyphenatedWords }],
  ["subnet", { min: 1, max: 63, pattern: hyphenated, allowed: hyphenatedWords }],
  ["networkSecurityGroup", { min: 1, max: 80, pattern: hyphenated, allowed: hyphenatedWords }],
  ["natGateway", { min: 1, max: 80, pattern: hyphenated, allowed: hyphenatedWords }],
  ["publicIpAddress", { min: 1, max: 80, pattern: hyphenated, allowed: hyphenatedWords }],
  ["identity", { min: 3, max: 128, pattern: hyphenated, allowed: hyphenatedWords }],
  ["logWorkspace", { min: 4, max: 63, pattern: hyphenated, allowed: hyphenatedWords }],
  ["budget", { min: 1, max: 63, pattern: hyphenated, allowed: hyphenatedWords }],
  ["managedCluster", { min: 1, max: 63, pattern: hyphenated, allowed: hyphenatedWords }],
  ["dnsPrefix", { min: 1, max: 54, pattern: hyphenated, allowed: hyphenatedWords }],
  [
    "agentPool",
    { min: 1, max: 12, pattern: /^[a-z][a-z0-9]*$/, allowed: "a letter, then letters and digits" },
  ],
  ["storageAccount", { min: 3, max: 24, pattern: alphanumeric, allowed: alphanumericWords }],
  ["containerRegistry", { min: 5, max: 50, pattern: alphanumeric, allowed: alphanumericWords }],
]);

/** Length of the random end that makes a name unique: of auto-naming, and of {@link globalName}. */
export const uniqueSuffixLength = 8;

/** Why Azure would refuse a name; undefined where it would not. Throws on an unknown kind. */
export function azureNameFault(kind: string, name: string): string | undefined {
  const rule = ruleOf(kind);
  if (name.length >= rule.min && name.length <= rule.max && rule.pattern.test(name)) {
    return undefined;
  }
  return `must be ${rule.min} to ${rule.max} characters, ${rule.allowed}`;
}

/** The name, if Azure takes it. Throws otherwise, and on an unknown kind. */
export function azureName(kind: string, name: string): string {
  const fault = azureNameFault(kind, name);
  if (fault) {
    throw new Error(
      `Azure: the ${kind} name ${fault}, got "${name}" (${name.length}). ` +
        `Choose another component name.`,
    );
  }
  return name;
}

/**
 * Start of a name that is unique in all of Azure and takes no hyphens; the suffix follows it.
 * Shortened to leave room for the suffix, which keeps shortened names apart.
 */
export function globalName(kind: string, componentName: string, purpose = ""): string {
  const room = ruleOf(kind).max - uniqueSuffixLength - purpose.length;
  const letters = componentName.toLowerCase().replace(/[^a-z0-9]/g, "");
  const start = letters.slice(0, room) + purpose;
  azureName(kind, start + "0".repeat(uniqueSuffixLength));
  return start;
}

/** Every kind of name that follows the component's name, with what we add to it. */
const derivedNames: [kind: string, ending: string][] = [
  ["resourceGroup", "-group"],
  ["nodeResourceGroup", "-group-nodes"],
  ["virtualNetwork", "-network"],
  ["subnet", "-endpoints"],
  ["networkSecurityGroup", "-endpoints-firewall"],
  ["natGateway", "-egress"],
  ["publicIpAddress", "-egress"],
  ["identity", "-control-plane"],
  ["logWorkspace", "-logs"],
  ["budget", "-budget"],
  ["managedCluster", "-cluster"],
];

/** Checks that every name made from the component's name is one that Azure takes. */
export function componentNameProblems(name: string): ArgumentProblem[] {
  const longest = Math.min(
    ruleOf("dnsPrefix").max,
    ...derivedNames.map(([kind, end]) => ruleOf(kind).max - uniqueSuffixLength - end.length),
  );
  if (name.length <= longest && /^[a-z]/.test(name) && hyphenated.test(name)) {
    return [];
  }
  return [
    problem(
      "name",
      `must start with a letter and have at most ${longest} lower-case letters, digits and ` +
        "inner hyphens",
      name,
      "Rename the component: Azure's names are made from it.",
    ),
  ];
}

/** Name of a resource: the last segment of its id. */
export function resourceNameOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

function ruleOf(kind: string): NameRule {
  const rule = nameRules.get(kind);
  if (!rule) {
    throw new Error(
      `Azure: no naming rule for "${kind}". Use one of ${[...nameRules.keys()].join(", ")}, ` +
        `or add its rule to components/azure/names.ts.`,
    );
  }
  return rule;
}
