import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** What a stack's file lacks before it can be deployed. */
interface Overlay {
  /** Placeholders of the committed file, and what stands for them. */
  replace: Record<string, string>;
  /** Lines below `config`, for what no committed file can say. */
  append: string;
}

/**
 * The text of a stack's file as it is committed, quoting and comments included, with real-looking
 * values for its placeholders (`test/engine/config`).
 *
 * @param values what stands in braces in the overlay, such as `kubeconfig`
 * @throws Error where a placeholder is in the overlay and no longer in the file
 */
export function stackText(root: string, stack: string, values: Record<string, string>): string {
  const file = `Pulumi.${stack}.yaml`;
  const overlay = parse(
    readFileSync(join(root, "test/engine/config", `${stack}.yaml`), "utf8"),
  ) as Overlay;
  let text = readFileSync(join(root, file), "utf8").trimEnd();
  for (const [placeholder, value] of Object.entries(overlay.replace)) {
    if (!text.includes(placeholder)) {
      throw new Error(
        `${file} has no "${placeholder}" any more: correct test/engine/config/${stack}.yaml`,
      );
    }
    text = text.replaceAll(placeholder, value);
  }
  const whole = `${text}\n${indented(overlay.append)}`;
  return whole.replace(/\{(\w+)\}/g, (braces, name: string) => values[name] ?? braces);
}

/** A stack's file with one piece changed. @throws Error where the piece is not in it */
export function edited(whole: string, from: string, to: string): string {
  if (!whole.includes(from)) {
    throw new Error(`the stack's file has no ${JSON.stringify(from)}`);
  }
  return whole.replace(from, () => to);
}

const indented = (lines: string) =>
  lines
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
