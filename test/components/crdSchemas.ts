import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { parse } from "yaml";

type Schema = Record<string, any>;

/** Checks custom resources against the schemas of their kinds. */
export class CrdSchemas {
  readonly #ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  readonly #validators = new Map<string, ValidateFunction | undefined>();
  /** Documents as text: there are megabytes of them, and few are ever needed. */
  readonly #documents: string[];

  /** @param folder CRDs as their projects published them */
  constructor(folder: string) {
    this.#documents = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".yaml"))
      .flatMap((file) => readFileSync(join(folder, file), "utf8").split(/^---$/m));
  }

  /** The check of a kind; its `errors` say what is wrong. Undefined where no CRD has the kind. */
  validator(apiVersion: string, kind: string): ValidateFunction | undefined {
    const key = `${apiVersion}/${kind}`;
    if (!this.#validators.has(key)) {
      this.#validators.set(key, this.#compile(apiVersion, kind));
    }
    return this.#validators.get(key);
  }

  #compile(apiVersion: string, kind: string): ValidateFunction | undefined {
    const [group, versionName] = apiVersion.split("/");
    const text = this.#documents.find(
      (document) =>
        document.includes(`\n  group: ${group}\n`) && document.includes(`\n    kind: ${kind}\n`),
    );
    if (text === undefined) {
      return undefined;
    }
    const { versions } = parse(text).spec;
    const version = versions.find(({ name }: Schema) => name === versionName);
    return version && this.#ajv.compile(strictSchema(version.schema.openAPIV3Schema, true));
  }
}

/**
 * A structural schema as JSON Schema that refuses unknown fields. The API server prunes them
 * without a word, so that a misspelt field would simply have no effect.
 */
export function strictSchema(schema: Schema, isRoot = false): Schema {
  const strict: Schema = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key.startsWith("x-kubernetes-") || ["default", "description", "nullable"].includes(key)) {
      continue;
    }
    // Go's inline flag, which JavaScript's expressions do not have.
    if (key === "pattern" && value.includes("(?i)")) {
      continue;
    }
    if (key === "properties") {
      strict.properties = Object.fromEntries(
        Object.entries<Schema>(value).map(([name, inner]) => [name, strictSchema(inner)]),
      );
    } else if (key === "items") {
      strict[key] = strictSchema(value);
    } else if (key === "additionalProperties") {
      strict[key] = typeof value === "object" ? strictSchema(value) : value;
    } else {
      // allOf, anyOf and oneOf among them: in a structural schema they only add conditions on
      // fields that the outer schema declares.
      strict[key] = value;
    }
  }
  if (schema["x-kubernetes-int-or-string"]) {
    delete strict.type;
    delete strict.anyOf;
    strict.type = ["integer", "string"];
  }
  if (schema.nullable && typeof strict.type === "string") {
    strict.type = [strict.type, "null"];
  }
  const isEmbedded = isRoot || schema["x-kubernetes-embedded-resource"];
  if (isEmbedded) {
    strict.properties = {
      ...strict.properties,
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
    };
  }
  if (
    strict.properties &&
    strict.additionalProperties === undefined &&
    !schema["x-kubernetes-preserve-unknown-fields"]
  ) {
    strict.additionalProperties = false;
  }
  return strict;
}
