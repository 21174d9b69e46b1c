import { isIP } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import type { ServingMeshArgs } from "./args";

const domainPattern =
  /^(?=.{1,190}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Refuses arguments that would fail late or leave the models open to the internet. */
export function checkServingArgs(name: string, args: ServingMeshArgs): void {
  const errors = servingProblems(args).map(([propertyPath, wrong]) => ({
    propertyPath,
    reason: `ServingMesh "${name}": \`${propertyPath}\` ${wrong}`,
  }));
  if (errors.length === 0) {
    return;
  }
  throw new pulumi.InputPropertiesError({
    message: errors.map(({ reason }) => reason).join("\n"),
    errors,
  });
}

function servingProblems(args: ServingMeshArgs): [path: string, wrong: string][] {
  const problems: [string, string][] = [];
  if (!domainPattern.test(args.domain)) {
    problems.push([
      "domain",
      `must be a lowercase DNS name of at least two labels, got "${args.domain}". Use one ` +
        `like "models.example.com".`,
    ]);
  }
  const replicas = args.replicas ?? 1;
  if (!Number.isInteger(replicas) || replicas < 1) {
    problems.push([
      "replicas",
      `must be a whole number of pods, at least 1, got ${replicas}. Use 2 or more for ` +
        "availability.",
    ]);
  }
  for (const [index, range] of (args.allowedIpRanges ?? []).entries()) {
    if (isCidr(range)) {
      continue;
    }
    problems.push([
      `allowedIpRanges[${index}]`,
      `must be a CIDR block, got "${range}". Write a single address as "203.0.113.7/32".`,
    ]);
  }
  const urls: [string, string | undefined][] = [
    ["jwt.issuer", args.jwt?.issuer],
    ["jwt.jwksUri", args.jwt?.jwksUri],
    ["acme.server", args.acme?.server],
  ];
  for (const [path, url] of urls) {
    if (url === undefined || (URL.canParse(url) && new URL(url).protocol === "https:")) {
      continue;
    }
    problems.push([
      path,
      `must be an https URL, got "${url}". Copy it from the issuer's own page.`,
    ]);
  }
  if (args.jwt && args.jwt.audiences.length === 0) {
    problems.push([
      "jwt.audiences",
      "must name at least one audience, got []. Any token of the issuer would pass; give the " +
        "client id of the models' app registration.",
    ]);
  }
  const isPublic = args.internalLoadBalancer === false && !args.skipLoadBalancer;
  if (isPublic && !args.jwt && (args.allowedIpRanges ?? []).length === 0) {
    problems.push([
      "internalLoadBalancer",
      `must not be false without \`jwt\` or \`allowedIpRanges\`, got neither. Models would ` +
        "answer anyone; set one of them, or keep the address private.",
    ]);
  }
  return problems;
}

function isCidr(range: string): boolean {
  const [address, bits, ...rest] = range.split("/");
  const version = isIP(address ?? "");
  if (version === 0 || rest.length > 0 || !/^\d{1,3}$/.test(bits ?? "")) {
    return false;
  }
  return Number(bits) <= (version === 4 ? 32 : 128);
}
