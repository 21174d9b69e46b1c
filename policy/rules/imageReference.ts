/** `name@sha256:…`: what a publisher cannot move. */
const byDigest = "^[^@]+@sha256:[0-9a-f]{64}$";

/**
 * A tag with a version of at least two numbers or a date, or that ends in a commit: what a
 * publisher does not move. A colon before the last slash belongs to a port.
 */
const byExactTag =
  "^([^@]*/)?[^/:@]+:" +
  "([^/:@]*([0-9]+[.][0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2})[^/:@]*|([^/:@]*-)?[0-9a-f]{7,40})$";

/** RE2 patterns, one of which an image reference has to match. */
export const pinnedImagePatterns = [byDigest, byExactTag] as const;
