import { isIP } from "node:net";
import { oidcProblems } from "../access/problems";
import { domainName, filledText, guid, httpsUrl, mailAddress } from "../argumentFormats";
import { type ArgumentProblem, countProblems, problem, textProblems } from "../argumentProblems";
import type { ServingAcmeArgs } from "./args";
import { normalizeServingMesh, type ServingMeshChoices } from "./normalize";

/** What would fail late or leave the models open to the internet; empty where nothing would. */
export function servingMeshProblems(_name: string, args: ServingMeshChoices): ArgumentProblem[] {
  const settings = normalizeServingMesh(args);
  const { domain, replicas, allowedIpRanges, oidc, acme } = settings;
  const isPublic = !settings.internalLoadBalancer && !settings.skipLoadBalancer;
  return [
    ...textProblems("domain", domain, domainName),
    ...countProblems("replicas", replicas, {
      least: 1,
      most: 20,
      unit: "pods",
      remedy: "Use 2 or more for availability.",
    }),
    ...allowedIpRanges.flatMap(rangeProblems),
    ...(args.oidc ? oidcProblems("oidc", args.oidc) : []),
    ...(acme ? acmeProblems(acme) : []),
    ...(isPublic && !oidc && !isNarrowed(allowedIpRanges) ? [openToAnyone] : []),
  ];
}

const openToAnyone = problem(
  "internalLoadBalancer",
  "must not be false without `oidc`, or `allowedIpRanges` narrower than the internet",
  false,
  "Models would answer anyone; set one of them, or keep the address private.",
);

/** Whether ranges shut anyone out. No ranges do not, nor do halves of the internet. */
function isNarrowed(ranges: string[]): boolean {
  return ranges.length > 0 && !ranges.some(isHalfTheInternet);
}

function isHalfTheInternet(range: string): boolean {
  // Of IPv6, public addresses are 2000::/3.
  return isCidr(range) && Number(range.split("/")[1]) <= (range.includes(":") ? 3 : 1);
}

function rangeProblems(range: string, index: number): ArgumentProblem[] {
  if (isCidr(range)) {
    return [];
  }
  const remedy = 'Write a single address as "203.0.113.7/32".';
  return [problem(`allowedIpRanges[${index}]`, "must be a CIDR block", range, remedy)];
}

function acmeProblems(acme: ServingAcmeArgs): ArgumentProblem[] {
  return [
    ...textProblems("acme.email", acme.email, mailAddress),
    ...textProblems("acme.server", acme.server, httpsUrl),
    ...textProblems("acme.dnsZone", acme.dnsZone, domainName),
    ...textProblems("acme.dnsResourceGroup", acme.dnsResourceGroup, filledText),
    ...textProblems("acme.dnsSubscriptionId", acme.dnsSubscriptionId, guid),
    ...textProblems("acme.dnsClientId", acme.dnsClientId, guid),
  ];
}

function isCidr(range: string): boolean {
  const [address, bits, ...rest] = range.split("/");
  const version = isIP(address ?? "");
  if (version === 0 || rest.length > 0 || !/^\d{1,3}$/.test(bits ?? "")) {
    return false;
  }
  return Number(bits) <= (version === 4 ? 32 : 128);
}
