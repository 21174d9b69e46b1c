import { readFileSync } from "node:fs";

/** The kind of a value, as an SDK declares it. */
export type PropertyType =
  | { kind: "string" | "number" | "boolean" | "any" }
  | { kind: "array" | "map"; of: PropertyType }
  /** `name` is that of an interface in the package's `types`, such as `network.SubnetResponse`. */
  | { kind: "object"; name: string; side: "inputs" | "outputs" };

/** One property of a class or an interface. */
export interface Property {
  type: PropertyType;
  optional: boolean;
  /** The comment above it. */
  text: string;
}

/** Properties by name. */
export type Properties = Record<string, Property>;

/** Interfaces of one generated file, read one by one: the file of azure-native has 16 MB. */
export class Declarations {
  readonly #text: string;
  /** Where the body of each interface begins, by its name with its namespace. */
  readonly #places = new Map<string, { at: number; indent: string }>();

  constructor(file: string) {
    this.#text = readFileSync(file, "utf8");
    const opening =
      /^( *)(?:export )?(?:declare )?(?:(namespace) )?(?:(interface|class) )?(\w+)(?: extends [\w.]+)? \{$/gm;
    const namespaces: { name: string; indent: number }[] = [];
    for (const match of this.#text.matchAll(opening)) {
      const [whole, indent = "", namespace, kind, name = ""] = match;
      while (namespaces.length > 0 && namespaces.at(-1)!.indent >= indent.length) {
        namespaces.pop();
      }
      if (namespace) {
        namespaces.push({ name, indent: indent.length });
      } else if (kind) {
        const full = [...namespaces.map((outer) => outer.name), name].join(".");
        this.#places.set(full, { at: match.index + whole.length + 1, indent });
      }
    }
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** @throws Error where the file declares no such class or interface */
  properties(name: string): Properties {
    const place = this.#places.get(name);
    if (!place) {
      throw new Error(`the SDK declares no ${name}`);
    }
    const end = this.#text.indexOf(`\n${place.indent}}`, place.at - 1);
    return propertiesOf(this.#text.slice(place.at, end), place.indent.length + 4);
  }
}

function propertiesOf(body: string, indent: number): Properties {
  const properties: Properties = {};
  const pad = " ".repeat(indent);
  let text: string[] = [];
  let open: string | undefined;
  for (const line of body.split("\n")) {
    if (open === undefined) {
      if (!line.startsWith(pad) || line.startsWith(`${pad} *`) || line.startsWith(`${pad}/*`)) {
        text.push(line.replace(/^\s*\/?\*+\/?\s?/, "").trim());
        continue;
      }
      open = line;
    } else {
      open += line;
    }
    if (!open.endsWith(";") || depth(open) > 0) {
      continue;
    }
    const match = /^\s+(?:readonly )?(\w+)(\??): (.+);$/.exec(open);
    if (match && !/^\s+static /.test(open)) {
      const [, name = "", mark, declared = ""] = match;
      properties[name] = {
        type: typeOf(declared),
        optional: mark === "?" || /\| undefined>?$/.test(declared),
        text: text.join(" ").trim(),
      };
    }
    open = undefined;
    text = [];
  }
  return properties;
}

function depth(code: string): number {
  let open = 0;
  for (const character of code.replaceAll("=>", "")) {
    if ("<({[".includes(character)) {
      open++;
    } else if (">)}]".includes(character)) {
      open--;
    }
  }
  return open;
}

/** Reads a TypeScript type as the SDK generator writes it. */
function typeOf(declared: string): PropertyType {
  const alternatives = split(declared).filter((part) => part !== "undefined");
  if (alternatives.length > 1) {
    const types = alternatives.map(typeOf);
    // An open enumeration: a text, or one of the texts that the SDK knows.
    return types.every(({ kind }) => kind === types[0]!.kind && kind !== "object")
      ? types[0]!
      : { kind: "any" };
  }
  const code = alternatives[0] ?? "any";
  const wrapped = /^pulumi\.(?:Input|Output)<(.*)>$/s.exec(code);
  if (wrapped) {
    return typeOf(wrapped[1]!);
  }
  if (code.endsWith("[]")) {
    return { kind: "array", of: typeOf(unbraced(code.slice(0, -2))) };
  }
  const map = /^\{\s*\[key: string\]: (.*?);?\s*\}$/s.exec(code);
  if (map) {
    return { kind: "map", of: typeOf(map[1]!) };
  }
  const named = /^(inputs|outputs)\.([\w.]+)$/.exec(code);
  if (named) {
    return { kind: "object", side: named[1] as "inputs", name: named[2]! };
  }
  if (code.startsWith("enums.") || /^"/.test(code)) {
    return { kind: "string" };
  }
  if (code === "string" || code === "number" || code === "boolean") {
    return { kind: code };
  }
  return { kind: "any" };
}

const unbraced = (code: string) => (/^\(.*\)$/s.test(code) ? code.slice(1, -1) : code);

/** The alternatives of a union, at its outermost level. */
function split(code: string): string[] {
  const parts: string[] = [];
  let open = 0;
  let from = 0;
  for (let at = 0; at < code.length; at++) {
    const character = code[at]!;
    if ("<({[".includes(character)) {
      open++;
    } else if (">)}]".includes(character) && code[at - 1] !== "=") {
      open--;
    } else if (character === "|" && open === 0) {
      parts.push(code.slice(from, at).trim());
      from = at + 1;
    }
  }
  parts.push(code.slice(from).trim());
  return parts;
}
