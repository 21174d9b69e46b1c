/** Whether a version of three numbers is older than another. */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number));
  const at = [0, 1, 2].find((index) => a![index] !== b![index]);
  return at !== undefined && a![at]! < b![at]!;
}
