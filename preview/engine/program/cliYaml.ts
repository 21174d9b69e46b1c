import {
  type Document,
  type ParsedNode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
} from "yaml";

/**
 * A value of a YAML file as the Pulumi CLI reads it. Whole numbers beyond 2^53 are bigint, so that
 * no digit is lost.
 */
export type CliValue =
  null | boolean | number | bigint | string | CliValue[] | { [key: string]: CliValue };

/**
 * Reads YAML as the Pulumi CLI does, whose reader is neither of YAML 1.1 nor of 1.2: an unquoted
 * date is a time and reaches the program as `2026-12-01 00:00:00 +0000 UTC`, `0777` and `0o777` are
 * octal, `1_000` is a number, `1e3` too, while `yes` and `on` are texts.
 * Source: `resolve.go` of gopkg.in/yaml.v3, `object.go` of Pulumi's config.
 *
 * @returns the value, or what is wrong with the file, a line each
 */
export function readCliYaml(text: string): { value: CliValue } | { errors: string[] } {
  const document = parseDocument(text, { schema: "failsafe", merge: false, prettyErrors: true });
  if (document.errors.length > 0) {
    // A line of text and a picture of the place follow.
    const first = (message: string) => message.split("\n")[0]!.replace(/:$/, "");
    return { errors: document.errors.map(({ message }) => first(message)) };
  }
  try {
    return { value: document.contents ? valueOf(document, document.contents) : null };
  } catch (error) {
    if (error instanceof Unreadable) {
      return { errors: [error.message] };
    }
    throw error;
  }
}

/** Text of a value as the CLI hands it to a program: JSON with sorted keys and no `<`, `>`, `&`. */
export function cliJson(value: CliValue): string {
  return typeof value === "bigint" ? value.toString() : nestedJson(value);
}

function nestedJson(value: CliValue): string {
  // Inside of a list or a map it has no more digits than a number of JavaScript beyond 63 bits.
  if (typeof value === "bigint") {
    return value < 2n ** 63n ? value.toString() : `${Number(value)}`;
  }
  if (Array.isArray(value)) {
    return `[${value.map(nestedJson).join(",")}]`;
  }
  if (typeof value !== "object" || value === null) {
    return scalarJson(value);
  }
  const pairs = Object.keys(value)
    .sort()
    .map((key) => `${scalarJson(key)}:${nestedJson(value[key]!)}`);
  return `{${pairs.join(",")}}`;
}

const scalarJson = (value: null | boolean | number | string) =>
  JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

class Unreadable extends Error {}

function valueOf(document: Document.Parsed, node: ParsedNode | null): CliValue {
  if (node === null) {
    return null;
  }
  if (isAlias(node)) {
    const target = node.resolve(document) as ParsedNode | undefined;
    if (!target) {
      throw new Unreadable(`unknown anchor '${node.source}' referenced`);
    }
    if (target.range[0] <= node.range[0] && node.range[0] < target.range[2]) {
      throw new Unreadable(`anchor '${node.source}' value contains itself`);
    }
    return valueOf(document, target);
  }
  if (isSeq(node)) {
    return node.items.map((item) => valueOf(document, item as ParsedNode));
  }
  if (isMap(node)) {
    return mapOf(document, node);
  }
  if (!isScalar(node)) {
    throw new Unreadable("a value that is neither map, list nor scalar");
  }
  const written = typeof node.value === "string" ? node.value : (node.source ?? "");
  const isPlain = node.type === "PLAIN";
  const tag = node.tag?.replace(/^tag:yaml\.org,2002:/, "") ?? "";
  if (tag === "binary") {
    return binary(written);
  }
  if (tag === "str" || (!isPlain && tag === "")) {
    return written;
  }
  return tagged(tag, isPlain ? resolvePlain(written) : written, written);
}

/** Keys of a map itself come before those that `<<` brings in. */
function mapOf(document: Document.Parsed, map: ParsedNode & { items: unknown[] }): CliValue {
  const own: Record<string, CliValue> = {};
  const merged: Record<string, CliValue> = {};
  for (const { key, value } of map.items as { key: ParsedNode; value: ParsedNode | null }[]) {
    // Quoted ones too.
    if (isScalar(key) && key.value === "<<") {
      const sources = isSeq(value) ? (value.items as ParsedNode[]) : [value];
      for (const source of sources) {
        const given = valueOf(document, source);
        if (typeof given !== "object" || given === null || Array.isArray(given)) {
          throw new Unreadable("`<<` takes a map or a list of maps");
        }
        for (const [name, item] of Object.entries(given)) {
          merged[name] ??= item;
        }
      }
      continue;
    }
    own[keyText(valueOf(document, key))] = valueOf(document, value);
  }
  return { ...merged, ...own };
}

/** A key that is no text, as Go prints it. */
function keyText(key: CliValue): string {
  if (key === null) {
    return "<nil>";
  }
  return typeof key === "object" ? cliJson(key) : String(key);
}

const constants = new Map<string, CliValue>([
  ...["", "~", "null", "Null", "NULL"].map((text) => [text, null] as const),
  ...["true", "True", "TRUE"].map((text) => [text, true] as const),
  ...["false", "False", "FALSE"].map((text) => [text, false] as const),
]);

const unsupported = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;
const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

function resolvePlain(text: string): CliValue {
  if (unsupported.test(text)) {
    throw new Unreadable(`${text} is no number that JSON can hold`);
  }
  const constant = constants.get(text);
  if (constant !== undefined) {
    return constant;
  }
  if (!/^[-+.0-9]/.test(text)) {
    return text;
  }
  if (text.startsWith(".")) {
    return float.test(text) ? Number(text) : text;
  }
  const time = timeText(text);
  if (time !== undefined) {
    return time;
  }
  const digits = text.replaceAll("_", "");
  const integer = integerOf(digits);
  if (integer !== undefined) {
    return integer;
  }
  return float.test(digits) ? Number(digits) : text;
}

/** Decimal, or with one of Go's prefixes; one that needs more than 64 bits is none. */
function integerOf(digits: string): number | bigint | undefined {
  const match = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/.exec(
    digits,
  );
  if (!match) {
    return undefined;
  }
  const [, sign, hex, binary, octal, decimal] = match;
  const size = BigInt(
    hex ? `0x${hex}` : binary ? `0b${binary}` : octal ? `0o${octal}` : (decimal ?? "0"),
  );
  const value = sign === "-" ? -size : size;
  const limit = sign === "" ? 2n ** 64n - 1n : 2n ** 63n - 1n;
  if (value > limit || value < -(2n ** 63n)) {
    return undefined;
  }
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : value;
}

const dateTime =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:([Tt])| )(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,9})?(Z|[-+]\d\d:\d\d)?)?$/;

/** A time as Go prints it; undefined for a text that is none. */
function timeText(text: string): string | undefined {
  const match = dateTime.exec(text);
  if (!match) {
    return undefined;
  }
  const [, year, month, day, letter, hour, minute, second, fraction = "", zone] = match;
  // Go's formats have a zone behind `T` only, and always there.
  if (hour !== undefined && (letter === undefined) !== (zone === undefined)) {
    return undefined;
  }
  const parts = [month, day, hour, minute, second].map((part) => Number(part ?? 0));
  const at = new Date(Date.UTC(Number(year), parts[0]! - 1, ...(parts.slice(1) as [number])));
  const exists =
    at.getUTCMonth() === parts[0]! - 1 &&
    at.getUTCDate() === parts[1] &&
    at.getUTCHours() === parts[2] &&
    at.getUTCMinutes() === parts[3] &&
    at.getUTCSeconds() === parts[4];
  if (!exists) {
    return undefined;
  }
  const [mo, d, h, mi, s] = parts.map((part) => String(part).padStart(2, "0"));
  const tail = fraction.replace(/\.?0*$/, "");
  const offset = zone === undefined || zone === "Z" ? "+0000" : zone.replace(":", "");
  const name = /^[-+]0000$/.test(offset) ? "UTC" : offset;
  return `${year}-${mo}-${d} ${h}:${mi}:${s}${tail} ${offset} ${name}`;
}

function binary(text: string): string {
  const code = text.replace(/\s/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(code) || code.length % 4 !== 0) {
    throw new Unreadable("!!binary value contains invalid base64 data");
  }
  return Buffer.from(code, "base64").toString("utf8");
}

/** A value under a tag of YAML's own, which must fit it; other tags say nothing. */
function tagged(tag: string, value: CliValue, written: string): CliValue {
  const kind =
    value === null
      ? "null"
      : typeof value === "boolean"
        ? "bool"
        : typeof value === "bigint" || Number.isInteger(value)
          ? "int"
          : typeof value === "number"
            ? "float"
            : "str";
  if (tag === "float" && kind === "int") {
    return Number(value);
  }
  if (["int", "float", "bool", "null"].includes(tag) && kind !== tag) {
    throw new Unreadable(`cannot decode !!${kind} \`${written}\` as a !!${tag}`);
  }
  return value;
}
