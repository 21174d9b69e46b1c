import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { secretMark, unknownMark } from "../programRun";

/**
 * Property values as they travel between the program and the engine: JSON, in which a secret, an
 * asset or a reference is an object with a signature, and an unknown is a reserved text.
 * Source of the constants: `@pulumi/pulumi/runtime/rpc`.
 */
export type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };

/** A bag of properties on the wire. */
export type WireObject = Record<string, Wire>;

/** Stands for a value that only an update would know. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The SDKs of other languages mark unknowns of other kinds than text by these. */
const unknownValues = new Set([
  unknownValue,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const assetSignature = "c44067f5952c0a294b673a41bacd8c17";
const archiveSignature = "0def7320c3a5731c473e5ecbe6d01bc7";
const resourceSignature = "5cf8f73096256a8f31e491e813e4eb8e";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** Marks a value as a secret; a secret of a secret is one secret. */
export function secret(value: Wire): Wire {
  return isSecret(value) ? value : { [signatureKey]: secretSignature, value };
}

export function isObject(value: Wire | undefined): value is { [key: string]: Wire } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSecret(value: Wire | undefined): value is { [key: string]: Wire } {
  return isObject(value) && value[signatureKey] === secretSignature;
}

export function isUnknown(value: Wire | undefined): boolean {
  return typeof value === "string" && unknownValues.has(value);
}

function isAsset(value: { [key: string]: Wire }): boolean {
  return value[signatureKey] === assetSignature || value[signatureKey] === archiveSignature;
}

/** The value inside a secret mark, or the value itself. */
export function unwrapped(value: Wire): Wire {
  return isSecret(value) ? (value.value ?? null) : value;
}

/** True where the value, or anything inside it, is unknown. */
export function containsUnknown(value: Wire): boolean {
  return some(value, isUnknown);
}

/** True where the value, or anything inside it, is marked secret. */
export function containsSecret(value: Wire): boolean {
  return some(value, isSecret);
}

function some(value: Wire, test: (value: Wire) => boolean): boolean {
  if (test(value)) {
    return true;
  }
  if (Array.isArray(value)) {
    return value.some((item) => some(item, test));
  }
  return isObject(value) && Object.values(value).some((item) => some(item, test));
}

function mapObject(value: { [key: string]: Wire }, f: (item: Wire) => Wire): WireObject {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, f(item)]));
}

/**
 * Output values and resource references become what the provider would see: the plain value, its
 * secret mark, an unknown, an id or a URN. The policy SDK cannot read the other forms.
 */
export function normalize(value: Wire): Wire {
  if (Array.isArray(value)) {
    return value.map(normalize);
  }
  if (!isObject(value)) {
    return value;
  }
  switch (value[signatureKey]) {
    case secretSignature:
      return secret(normalize(value.value ?? null));
    case outputSignature: {
      const inner = value.value === undefined ? unknownValue : normalize(value.value);
      return value.secret === true ? secret(inner) : inner;
    }
    case resourceSignature:
      if (value.id === undefined) {
        return value.urn ?? null;
      }
      return value.id === "" ? unknownValue : value.id;
    default:
      return mapObject(value, normalize);
  }
}

/** The value without secret marks; unknowns and assets stay as they are. */
export function plain(value: Wire): Wire {
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (!isObject(value)) {
    return value;
  }
  return isSecret(value) ? plain(value.value ?? null) : mapObject(value, plain);
}

/** The value as a report may show it: secrets and unknowns are replaced by their marks. */
export function displayed(value: Wire): unknown {
  if (isUnknown(value)) {
    return unknownMark;
  }
  if (Array.isArray(value)) {
    return value.map(displayed);
  }
  if (!isObject(value)) {
    return value;
  }
  if (isSecret(value)) {
    return secretMark;
  }
  const shown = isAsset(value) ? withoutSignature(value) : value;
  return Object.fromEntries(Object.entries(shown).map(([key, item]) => [key, displayed(item)]));
}

function withoutSignature(value: { [key: string]: Wire }): WireObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== signatureKey));
}

/** Equal as JSON, whatever the order of the keys. */
export function sameValue(a: Wire | undefined, b: Wire | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameValue(item, b[index]));
  }
  if (isObject(a) && isObject(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]))
    );
  }
  return a === b;
}

/** Whether a text is under no secret mark, under one somewhere above it, or directly in one. */
export type Hiding = "shown" | "inside" | "marked";

/** Calls back for every text in the value with its path, in which secret marks have no part. */
export function forEachText(
  value: Wire,
  visit: (text: string, path: string[], hiding: Hiding) => void,
  path: string[] = [],
  hiding: Hiding = "shown",
): void {
  const below = hiding === "shown" ? "shown" : "inside";
  if (typeof value === "string") {
    visit(value, path, hiding);
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => {
      forEachText(item, visit, [...path, `[${index}]`], below);
    });
  } else if (isSecret(value)) {
    forEachText(value.value ?? null, visit, path, "marked");
  } else if (isObject(value) && !isAsset(value)) {
    for (const [key, item] of Object.entries(value)) {
      forEachText(item, visit, [...path, key], below);
    }
  }
}

/** `["spec", "ports", "[0]", "name"]` as `spec.ports[0].name`. */
export function pathText(path: string[]): string {
  return path.join(".").replaceAll(".[", "[");
}

export function fromStruct(struct: Struct | undefined): WireObject {
  return (struct?.toJavaScript() ?? {}) as WireObject;
}

export function toStruct(value: WireObject): Struct {
  return Struct.fromJavaScript(value as Record<string, JavaScriptValue>);
}
