/** RE2 patterns on the names of container images. */

/** `name@sha256:…`: what a publisher cannot move. */
export const digestPattern = "^[^@]+@sha256:[0-9a-f]{64}$";

const untilTag = "^([^@]*/)?[^/:@]+:";

/**
 * A tag with a version of at least two numbers or a date, or that ends in a commit: what a
 * publisher does not move. A colon before the last slash belongs to a port.
 */
export const exactTagPattern =
  `${untilTag}([^/:@]*([0-9]+[.][0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2})[^/:@]*` +
  "|([^/:@]*-)?[0-9a-f]{7,40})$";

/** Words for what is newest, whatever number stands beside them. */
const movingWords = [
  "latest",
  "nightly",
  "edge",
  "canary",
  "snapshot",
  "rolling",
  "unstable",
  "testing",
  "current",
  "head",
  "tip",
  "daily",
  "weekly",
];
/** RE2 and JavaScript share no flag for it. */
const inAnyCase = (word: string) =>
  [...word].map((letter) => `[${letter}${letter.toUpperCase()}]`).join("");

/** A tag that says of itself that it moves. */
export const movingTagPattern =
  `${untilTag}([^/:@]*[^A-Za-z/:@])?(${movingWords.map(inAnyCase).join("|")})` +
  "([^A-Za-z/:@][^/:@]*)?$";

/**
 * Images of a registry, or of a path in one, `ghcr.io/acme`; `?` is one letter or digit. The slash
 * after it belongs to it, so that `ghcr.io/acme-2` is another.
 */
export function registryPattern(registry: string): string {
  return `^${registry.replaceAll(".", "[.]").replaceAll("?", "[0-9a-z]")}/[^/]`;
}
