import { createHmac } from "node:crypto";

/** Path that {@link ingestPath} makes, as a regular expression. */
export const ingestPathPattern = "/[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[A-Za-z0-9_-]{43}";

/**
 * Path below the inference table's address that the events of a namespace are posted to. It proves
 * the namespace: only who holds the table's key can make it. KServe's logger sends no header of its
 * own choice, so the proof is in the address.
 */
export function ingestPath(key: string, namespace: string): string {
  const proof = createHmac("sha256", key).update(namespace).digest("base64url");
  return `/${namespace}/${proof}`;
}
