import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { withoutPlaceholders } from "../engine/stackText";

const root = resolve(__dirname, "../..");

interface StackFile {
  config: Record<string, unknown>;
}

/**
 * What a stack's committed file lacks before an update takes it: values for its placeholders, and
 * nodes that have the platform's own images. For `previewStack`.
 *
 * @param changes other values, by key without their namespace
 */
export function deployable(
  stack: string,
  changes: Record<string, unknown> = {},
): Record<string, string> {
  const committed = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as StackFile;
  const replaced = Object.entries(deployableConfig(stack)).filter(
    ([key, value]) => asText(value) !== asText(committed.config[key]),
  );
  const changed = Object.entries(changes).map(([key, value]) => [`mlplatform:${key}`, value]);
  const entries = [...replaced, ["mlplatform:images", { preloaded: true }], ...changed];
  return Object.fromEntries(entries.map(([key, value]) => [key, asText(value)]));
}

/** The keys of a stack's file, with values for its placeholders. */
export function deployableConfig(stack: string): Record<string, any> {
  return (parse(withoutPlaceholders(root, stack)) as StackFile).config;
}

/** A value as the engine hands it to the program. */
function asText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
