const digest = /@sha256:[0-9a-f]{64}$/;
// A version of at least two numbers, a date, or a commit: what a publisher does not move.
const exactTag = /\d+\.\d+|\d{4}-\d{2}-\d{2}|(?:^|-)[0-9a-f]{7,40}$/;

/** Why an image reference may change under us, or undefined where it is pinned. */
export function unpinnedReason(image: string): string | undefined {
  if (image.includes("@")) {
    return digest.test(image) ? undefined : "its digest is not sha256 with 64 hex digits";
  }
  // A colon before the last slash belongs to a port.
  const tag = image.slice(image.lastIndexOf("/") + 1).split(":")[1];
  if (tag === undefined || tag === "") return "it has no tag";
  if (!exactTag.test(tag)) return `the tag "${tag}" moves`;
  return undefined;
}
