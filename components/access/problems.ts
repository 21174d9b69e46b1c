import { filledText, guid, httpsUrl } from "../argumentFormats";
import {
  type ArgumentProblem,
  problem,
  repeatProblems,
  type TextFormat,
  textProblems,
} from "../argumentProblems";
import type { OidcArgs, ProjectAccessArgs } from "./args";
import { normalizeOidc, normalizeProjectAccess } from "./normalize";

/** A claim as Istio's policies name it: `request.auth.claims[groups]`. */
const claimName: TextFormat = {
  pattern: /^[^\s[\]]+$/,
  rule: "must be the name of a claim without spaces and brackets",
  remedy: "Have the issuer put the groups into a claim of their own, e.g. groups.",
};

/** What is wrong with the issuer of tokens; empty where nothing is. */
export function oidcProblems(path: string, args: OidcArgs): ArgumentProblem[] {
  const { issuer, jwksUri, groupsClaim, callersClaim } = normalizeOidc(args);
  const { audiences, modelAudiences } = args;
  return [
    ...textProblems(`${path}.issuer`, issuer, httpsUrl),
    ...textProblems(`${path}.jwksUri`, jwksUri, httpsUrl),
    ...audienceProblems(`${path}.audiences`, audiences),
    ...(modelAudiences ? audienceProblems(`${path}.modelAudiences`, modelAudiences) : []),
    ...textProblems(`${path}.groupsClaim`, groupsClaim, claimName),
    ...(args.callersClaim === undefined
      ? []
      : textProblems(`${path}.callersClaim`, callersClaim, claimName)),
  ];
}

function audienceProblems(path: string, audiences: string[]): ArgumentProblem[] {
  const remedy =
    "Any token of the issuer would pass; give the client id of the models' app registration.";
  return audiences.length === 0
    ? [problem(path, "must name at least one audience", audiences, remedy)]
    : audiences.flatMap((audience, index) =>
        textProblems(`${path}[${index}]`, audience, filledText),
      );
}

/**
 * What is wrong with the table of a project; empty where nothing is.
 *
 * @param isAzure whether Kubernetes sees groups by the object ids of Microsoft Entra
 */
export function projectAccessProblems(
  path: string,
  args: ProjectAccessArgs | undefined,
  isAzure: boolean,
): ArgumentProblem[] {
  const { callers, ...roles } = normalizeProjectAccess(args);
  return [
    ...Object.entries(roles).flatMap(([role, groups]) =>
      groupProblems(`${path}.${role}`, groups, isAzure),
    ),
    ...callers.flatMap((caller, index) => callerProblems(`${path}.callers[${index}]`, caller)),
    ...repeatProblems(`${path}.callers`, callers),
  ];
}

/** What is wrong with the groups of a role; empty where nothing is. */
export function groupProblems(path: string, groups: string[], isAzure: boolean): ArgumentProblem[] {
  return [
    ...groups.flatMap((group, index) => groupNameProblems(`${path}[${index}]`, group, isAzure)),
    // Azure takes ids of either case for one group.
    ...repeatProblems(path, isAzure ? groups.map((id) => id.toLowerCase()) : groups),
  ];
}

function groupNameProblems(path: string, group: string, isAzure: boolean): ArgumentProblem[] {
  if (group.startsWith("system:")) {
    const rule = "must not be a group of Kubernetes itself";
    return [problem(path, rule, group, "Name a group of the team.")];
  }
  if (isAzure) {
    return textProblems(path, group, {
      pattern: guid.pattern,
      rule: "must be the object id of a Microsoft Entra group",
      remedy: "Use the id that `az ad group show --group NAME --query id` prints.",
    });
  }
  return callerProblems(path, group);
}

/** Istio reads a star at either end of a value as "whatever follows" or "whatever comes before". */
function callerProblems(path: string, value: string): ArgumentProblem[] {
  if (/^\*|\*$/.test(value)) {
    const remedy = "Name each one: a star would let in groups that nobody thought of.";
    return [problem(path, "must not begin or end with a star", value, remedy)];
  }
  return textProblems(path, value, filledText);
}
