import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Declarations, type Properties, type PropertyType } from "./declarations";

/** What an SDK says of one type of resource. */
export interface ResourceSchema {
  /** Arguments that the program may give. */
  inputs: Properties;
  /** Arguments without which the SDK itself refuses. */
  required: string[];
  /** Everything that can be read, arguments included. */
  outputs: Properties;
  /** What only the service can say: outputs that are no arguments. */
  readOnly: string[];
  /** Version of the service's interface, where the class names one. */
  apiVersion?: string;
}

/**
 * Schemas out of an installed SDK: its classes say which arguments are required and which outputs
 * are read-only, its declarations say the types, to any depth.
 */
export class SdkSchema {
  readonly #folder: string;
  readonly #resources = new Map<string, ResourceSchema>();
  #inputs: Declarations | undefined;
  #outputs: Declarations | undefined;

  constructor(
    root: string,
    readonly packageName: string,
  ) {
    const require = createRequire(join(root, "index.js"));
    this.#folder = dirname(require.resolve(`@pulumi/${packageName}/package.json`));
  }

  /** @throws Error where the SDK has no class of that type */
  resource(type: string): ResourceSchema {
    let schema = this.#resources.get(type);
    if (!schema) {
      this.#resources.set(type, (schema = this.#read(type)));
    }
    return schema;
  }

  /** Properties of an object type. */
  object({ name, side }: Extract<PropertyType, { kind: "object" }>): Properties {
    const types = (file: string) => new Declarations(join(this.#folder, "types", `${file}.d.ts`));
    const declarations =
      side === "inputs" ? (this.#inputs ??= types("input")) : (this.#outputs ??= types("output"));
    return declarations.properties(name);
  }

  #read(type: string): ResourceSchema {
    const [, module = "", name = ""] = type.split(":");
    const base = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
    const folder = module === `index/${base}` ? "" : module.split("/")[0]!;
    const file = join(this.#folder, folder, base);
    if (!existsSync(`${file}.d.ts`)) {
      throw new Error(`@pulumi/${this.packageName} has no class of type ${type}`);
    }
    const declarations = new Declarations(`${file}.d.ts`);
    const inputs = declarations.properties(`${name}Args`);
    const outputs = declarations.properties(name);
    const code = readFileSync(`${file}.js`, "utf8");
    const apiVersion = /Uses Azure REST API version ([\w-]+)/.exec(code)?.[1];
    return {
      inputs,
      required: [...code.matchAll(/Missing required property '(\w+)'/g)].map((m) => m[1]!),
      outputs,
      readOnly: Object.keys(outputs).filter((key) => !(key in inputs)),
      ...(apiVersion !== undefined && { apiVersion }),
    };
  }
}
