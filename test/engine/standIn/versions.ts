import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Versions of the packages that have a stand-in, as the installed SDKs state them. */
export function standInVersions(root: string): Record<string, string> {
  const versionOf = (name: string) => {
    const file = join(root, "node_modules/@pulumi", name, "package.json");
    const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
    return version.replace(/^v/, "");
  };
  return Object.fromEntries(
    ["azure-native", "github", "random"].map((name) => [name, versionOf(name)]),
  );
}
