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

/** A name of an object in Kubernetes (RFC 1123 subdomain). */
export const objectName: TextFormat = {
  pattern: /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
  rule: "must be a Kubernetes object name",
  remedy: "Use lower-case letters, digits, hyphens and dots, a letter or digit first and last.",
};

/** A text for people that becomes a tag of Azure, which has at most 256 characters. */
export const tagText: TextFormat = {
  pattern: /^(?=.*\S)[^\p{C}]{1,256}$/u,
  rule: "must be 1 to 256 characters without line breaks, and not blank",
  remedy: "Write it on one line.",
};

/** A text that must be there, of which nothing else is known. */
export const filledText: TextFormat = {
  pattern: /\S/,
  rule: "must not be blank",
  remedy: "Fill it in, or remove it.",
};

/** A name that clients reach a page under. */
export const hostName: TextFormat = {
  pattern: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)+$/,
  rule: "must be a host name without scheme and port",
  remedy: "Write e.g. mlflow.example.com.",
};

/** An address that is read over TLS, without the name of a user. */
export const httpsUrl: TextFormat = {
  pattern: /^https:\/\/[^\s/?#@]+([/?#]\S*)?$/i,
  rule: "must be an https URL without a user",
  remedy: "Copy it from the issuer's own page.",
};

/** A host name of at least two labels, short enough to have a model's and a project's before it. */
export const domainName: TextFormat = {
  pattern: /^(?=.{1,190}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
  rule: "must be a lower-case DNS name of at least two labels and at most 190 characters",
  remedy: "Write e.g. ml.example.com.",
};
