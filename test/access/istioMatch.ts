/**
 * How Istio 1.30 compares: a text, a text with a star at its beginning or end, or a star alone for
 * whatever is there (https://istio.io/latest/docs/reference/config/security/authorization-policy).
 */
export function matches(pattern: string, value: string): boolean {
  if (pattern === "*") {
    return value !== "";
  }
  if (pattern.startsWith("*")) {
    return value.endsWith(pattern.slice(1));
  }
  return pattern.endsWith("*") ? value.startsWith(pattern.slice(0, -1)) : value === pattern;
}

/** Hosts are compared in either case, with the port that the header names. */
export function matchesHost(pattern: string, host: string): boolean {
  return matches(pattern.toLowerCase(), host.toLowerCase());
}

/** `<issuer>/<subject>`, each part by itself; the last slash divides them. */
export function matchesPrincipal(pattern: string, issuer: string, subject: string): boolean {
  const slash = pattern.lastIndexOf("/");
  return pattern === "*"
    ? issuer !== "" && subject !== ""
    : matches(pattern.slice(0, slash), issuer) && matches(pattern.slice(slash + 1), subject);
}

/** A claim is a text or a list of texts; anything else matches nothing. */
export function matchesClaim(pattern: string, claim: unknown): boolean {
  const values = Array.isArray(claim) ? claim : [claim];
  return values.some((value) => typeof value === "string" && matches(pattern, value));
}
