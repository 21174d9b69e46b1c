import type { StackConfig } from "./schema";

/** What stands in a stack's file for something of the reader's own. */
export interface Placeholder extends Advice {
  /** Path of the key, e.g. `aks.adminGroupObjectIds[0]`. */
  key: string;
  value: string | number;
}

/** What to write instead of a placeholder. */
interface Advice {
  /** What the value must be; reads on from the key. */
  rule: string;
  remedy: string;
}

/** Placeholders in texts, wherever in the configuration they stand, e.g. inside an address. */
const inTexts: (Advice & { pattern: RegExp })[] = [
  {
    // 00000000-0000-0000-0000-000000000001, 11111111-1111-1111-1111-111111111111
    pattern: /(?<![0-9a-f-])([0-9a-f])\1{7}(-\1{4}){3}-[0-9a-f]{12}(?![0-9a-f-])/i,
    rule: "must be an id of yours, not a placeholder",
    remedy:
      "`az ad group show --group <name> --query id` tells a group's, `az account show` those of " +
      "tenant and subscription.",
  },
  {
    // RFC 5737, and RFC 3849 for IPv6.
    pattern: /(?<![\d.])(192\.0\.2|198\.51\.100|203\.0\.113)\.\d|(?<![0-9a-f:])2001:0?db8(:|$)/i,
    rule: "must be an address of yours, not one for documentation (RFC 5737)",
    remedy: "Write where your offices and runners come from.",
  },
  {
    // RFC 2606. `.test` stays: a cluster on one machine may well have it.
    pattern: /(?<![\w-])example\.(com|net|org)(?![\w-]|\.\w)|[\w-]\.(example|invalid)(?=$|[:/])/i,
    rule: "must be in a domain of yours, not in one for examples (RFC 2606)",
    remedy: "Write a name in a domain that you own.",
  },
];

/** Keys whose texts only look like domains or ids: they are read inside of requests. */
const readElsewhere = /^observability\.inferenceRedaction\b/;

const owner: Advice = {
  rule: "must be an organization of yours, not a placeholder",
  remedy: "Write your organization's name.",
};
const team: Advice = {
  rule: "must be the id of a team of yours, not a placeholder",
  remedy: "`gh api orgs/<organization>/teams/<team> --jq .id` tells it.",
};
/** GitHub has given ids this small to its own teams, years ago. */
const leastTeamId = 1000;

/**
 * What of a stack's configuration still stands for the reader's own: it looks right, and Azure or
 * GitHub refuse it, or nobody can reach what is made of it.
 */
export function placeholdersIn(config: StackConfig): Placeholder[] {
  return [...textPlaceholders(config), ...githubPlaceholders(config)];
}

function textPlaceholders(config: StackConfig): Placeholder[] {
  return textsOf(config)
    .filter(({ key }) => !readElsewhere.test(key))
    .flatMap(({ key, text }) => {
      const found = inTexts.find(({ pattern }) => pattern.test(text));
      return found ? [{ key, value: text, rule: found.rule, remedy: found.remedy }] : [];
    });
}

function githubPlaceholders({ github, projects }: StackConfig): Placeholder[] {
  const owners =
    github && /^example(-|$)/i.test(github.owner)
      ? [{ key: "github.owner", value: github.owner, ...owner }]
      : [];
  // Ids of a GitHub Enterprise Server start from 1.
  const reviewed = github?.baseUrl === undefined ? projects : [];
  const teams = reviewed.flatMap((project, index) =>
    (project.github?.reviewerTeamIds ?? []).map((value, place) => ({
      key: `projects[${index}].github.reviewerTeamIds[${place}]`,
      value,
      ...team,
    })),
  );
  return [...owners, ...teams.filter(({ value }) => value < leastTeamId)];
}

/** Every text of a value with its path. */
function textsOf(value: unknown, key = ""): { key: string; text: string }[] {
  if (typeof value === "string") {
    return [{ key, text: value }];
  }
  if (typeof value !== "object" || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([name, inner]) => {
    const step = Array.isArray(value) ? `[${name}]` : `${key === "" ? "" : "."}${name}`;
    return textsOf(inner, `${key}${step}`);
  });
}
