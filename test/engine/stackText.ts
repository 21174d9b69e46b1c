import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** What a stack's file lacks before it can be deployed. */
interface Overlay {
  /** Placeholders of the committed file, and what stands for them. @default none */
  placeholders?: Record<string, string>;
  /** Other text of it that doesn't hold here, and what stands for it. @default none */
  replace?: Record<string, string>;
  /** Lines below `config`, for what no committed file can say. */
  append: string;
}

/**
 * The text of a stack's file as it is committed, quoting and comments included, with real-looking
 * values for its placeholders and what else the bed needs (`test/engine/config`).
 *
 * @param values what stands in braces in the overlay, such as `kubeconfig`
 * @throws Error where something is in the overlay and no longer in the file
 */
export function stackText(root: string, stack: string, values: Record<string, string>): string {
  const { replace, append } = overlayOf(root, stack);
  const text = replaced(stack, withoutPlaceholders(root, stack), replace);
  const whole = `${text}\n${indented(append)}`;
  return whole.replace(/\{(\w+)\}/g, (braces, name: string) => values[name] ?? braces);
}

/** The same without what only the bed needs. */
export function withoutPlaceholders(root: string, stack: string): string {
  const text = readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8").trimEnd();
  return replaced(stack, text, overlayOf(root, stack).placeholders);
}

function overlayOf(root: string, stack: string): Overlay {
  const file = join(root, "test/engine/config", `${stack}.yaml`);
  return parse(readFileSync(file, "utf8")) as Overlay;
}

function replaced(stack: string, whole: string, by: Record<string, string> = {}): string {
  let text = whole;
  for (const [from, to] of Object.entries(by)) {
    if (!text.includes(from)) {
      throw new Error(
        `Pulumi.${stack}.yaml has no "${from}" any more: correct test/engine/config/${stack}.yaml`,
      );
    }
    text = text.replaceAll(from, to);
  }
  return text;
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
