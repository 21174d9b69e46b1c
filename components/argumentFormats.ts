import type { TextFormat } from "./argumentProblems";

/** Formats of texts that arguments of several components share. */

/** An id of Azure or Microsoft Entra. */
export const guid: TextFormat = {
  pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  rule: "must be a GUID such as 00000000-0000-0000-0000-000000000000",
  remedy: "Copy the id, not the name.",
};

export const mailAddress: TextFormat = {
  pattern: /^[^\s@]+@[^\s@]+\.[^\s@]+$/,
  rule: "must be a mail address",
  remedy: "Write it as name@example.com.",
};

/** One part of a host name, as names of namespaces and Services are (RFC 1123). */
export const dnsLabel: TextFormat = {
  pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  rule: "must be a DNS label",
  remedy: "Use 1 to 63 lower-case letters, digits and inner hyphens.",
};

/** A name that clients reach a page under. */
export const hostName: TextFormat = {
  pattern: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)+$/,
  rule: "must be a host name without scheme and port",
  remedy: "Write e.g. mlflow.example.com.",
};

/** A host name of at least two labels, short enough to have a model's and a project's before it. */
export const domainName: TextFormat = {
  pattern: /^(?=.{1,190}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
  rule: "must be a lower-case DNS name of at least two labels",
  remedy: "Write e.g. ml.example.com.",
};
