// Finds where values lie in JSON bytes without building them. Payloads are edited and cut out by
// position, so that everything else stays byte for byte: JSON.parse would round integers beyond
// 2^53, keep only the last of two equal keys, refuse Python's NaN, and overflow the stack on deep
// nesting.

/** A member of an object: where its key begins and its value ends. */
export interface MemberSpan {
  start: number;
  end: number;
}

/** An object or array that is open while the scan is inside it. */
export interface Container {
  isArray: boolean;
  start: number;
  /** Key of the value being read; undefined in an array. */
  key: string | undefined;
  /** Place of the value being read, from 0. */
  index: number;
  /** Members read so far; empty for an array, and where they aren't kept. */
  members: MemberSpan[];
  /** Texts of up to 256 bytes by their key, of equal keys all: what a filter compares. */
  texts?: Map<string, string[]>;
}

/**
 * A value that ended at `end`. `path` are the containers around it, outermost first; don't keep the
 * array.
 */
export type ValueVisitor = (path: readonly Container[], start: number, end: number) => void;

/** What of a value is kept for its visitor. */
export interface ScanOptions {
  /** Members, and texts, of the objects that are open. @default false */
  keepMembers?: boolean;
}

const maxTextBytes = 256;
// A container takes a hundred bytes and more while it is open, a bracket in the body takes one.
const maxDepth = 100_000;
// The same holds for a member that is kept.
const maxKeptMembers = 200_000;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colonByte = 0x3a;
const openObject = 0x7b;
const closeObject = 0x7d;
const openArray = 0x5b;
const closeArray = 0x5d;
const literals = ["true", "false", "null", "NaN", "Infinity", "-Infinity"].map((text) =>
  Buffer.from(text, "latin1"),
);

/**
 * Scans one JSON value from the start of `bytes` and reports every value in it, inner ones first.
 *
 * @returns where the value ends, without white space after it; undefined where it isn't JSON, is
 * deeper than 100 000 containers, or has more than 200 000 members to keep
 */
export function scanJson(
  bytes: Buffer,
  visit: ValueVisitor,
  { keepMembers = false }: ScanOptions = {},
): number | undefined {
  const path: Container[] = [];
  let keptMembers = 0;
  const close = () => {
    keptMembers -= path.pop()!.members.length;
  };
  const key = (position: number, object: Container) => {
    keptMembers += keepMembers ? 1 : 0;
    return keptMembers > maxKeptMembers ? undefined : readKey(bytes, position, object, keepMembers);
  };
  let position = skipSpace(bytes, bytes.length >= 3 && bytes.readUIntBE(0, 3) === 0xefbbbf ? 3 : 0);
  for (;;) {
    // A value begins here.
    const start = position;
    const first = bytes[position];
    let end: number | undefined;
    if (first === openObject || first === openArray) {
      const isArray = first === openArray;
      if (path.length === maxDepth) {
        return undefined;
      }
      path.push({ isArray, start, key: undefined, index: 0, members: [] });
      position = skipSpace(bytes, position + 1);
      if (bytes[position] === (isArray ? closeArray : closeObject)) {
        close();
        end = position + 1;
      } else {
        const value = isArray ? position : key(position, path.at(-1)!);
        if (value === undefined) {
          return undefined;
        }
        position = value;
        continue;
      }
    } else if (first === quote) {
      end = stringEnd(bytes, position);
    } else {
      end = scalarEnd(bytes, position);
    }
    if (end === undefined) {
      return undefined;
    }
    // A value ended; so may the containers around it.
    let valueStart = start;
    for (;;) {
      visit(path, valueStart, end);
      const parent = path.at(-1);
      if (parent === undefined) {
        return end;
      }
      if (keepMembers && !parent.isArray) {
        parent.members.at(-1)!.end = end;
        if (bytes[valueStart] === quote && end - valueStart <= maxTextBytes) {
          addText(parent, textOf(bytes, valueStart, end));
        }
      }
      position = skipSpace(bytes, end);
      const next = bytes[position];
      if (next === comma) {
        position = skipSpace(bytes, position + 1);
        parent.index += 1;
        if (!parent.isArray) {
          const value = key(position, parent);
          if (value === undefined) {
            return undefined;
          }
          position = value;
        }
        break;
      }
      if (next !== (parent.isArray ? closeArray : closeObject)) {
        return undefined;
      }
      close();
      valueStart = parent.start;
      end = position + 1;
    }
  }
}

/**
 * The members of the object that `bytes` hold: the place of each value. Undefined where it is no
 * JSON object, or has more than `max` members.
 */
export function objectMembers(
  bytes: Buffer,
  max: number,
): Map<string, { start: number; end: number }> | undefined {
  const members = new Map<string, { start: number; end: number }>();
  let count = 0;
  let isObject = false;
  const end = scanJson(bytes, (path, start, end) => {
    if (path.length === 1 && !path[0]!.isArray && ++count <= max) {
      members.set(path[0]!.key!, { start, end });
    }
    isObject ||= path.length === 0 && bytes[start] === openObject;
  });
  return isObject && count <= max && isOnlySpace(bytes, end) ? members : undefined;
}

/**
 * The elements of the array that `bytes` hold. Undefined where it is no JSON array, or has more
 * than `max` elements.
 */
export function arrayElements(bytes: Buffer, max: number): Buffer[] | undefined {
  const elements: Buffer[] = [];
  let count = 0;
  let isArray = false;
  const end = scanJson(bytes, (path, start, end) => {
    if (path.length === 1 && path[0]!.isArray && ++count <= max) {
      elements.push(bytes.subarray(start, end));
    }
    isArray ||= path.length === 0 && bytes[start] === openArray;
  });
  return isArray && count <= max && isOnlySpace(bytes, end) ? elements : undefined;
}

/** Whether nothing but white space follows. */
export function isOnlySpace(bytes: Buffer, from: number | undefined): boolean {
  return from !== undefined && skipSpace(bytes, from) === bytes.length;
}

function addText(object: Container, text: string): void {
  object.texts ??= new Map();
  const texts = object.texts.get(object.key!);
  if (texts === undefined) {
    object.texts.set(object.key!, [text]);
  } else {
    texts.push(text);
  }
}

/** A string's content between its quotes. */
function textOf(bytes: Buffer, start: number, end: number): string {
  const raw = bytes.toString("utf8", start + 1, end - 1);
  if (!raw.includes("\\")) {
    return raw;
  }
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    // an escape that JSON doesn't know, or a raw control character: the bytes stand for themselves
    return raw;
  }
}

// Reads `"key" :` and returns where its value begins.
function readKey(
  bytes: Buffer,
  position: number,
  object: Container,
  keepMember: boolean,
): number | undefined {
  const end = bytes[position] === quote ? stringEnd(bytes, position) : undefined;
  if (end === undefined) {
    return undefined;
  }
  const colon = skipSpace(bytes, end);
  if (bytes[colon] !== colonByte) {
    return undefined;
  }
  object.key = textOf(bytes, position, end);
  if (keepMember) {
    object.members.push({ start: position, end });
  }
  return skipSpace(bytes, colon + 1);
}

function stringEnd(bytes: Buffer, start: number): number | undefined {
  for (let position = start + 1; position < bytes.length; position++) {
    const byte = bytes[position];
    if (byte === backslash) {
      position += 1;
    } else if (byte === quote) {
      return position + 1;
    }
  }
  return undefined;
}

function scalarEnd(bytes: Buffer, start: number): number | undefined {
  for (const word of literals) {
    if (bytes[start] === word[0] && bytes.subarray(start, start + word.length).equals(word)) {
      return start + word.length;
    }
  }
  let position = start;
  while (position < bytes.length && isNumberByte(bytes[position]!)) {
    position += 1;
  }
  const isNumber =
    position > start && Number.isFinite(Number(bytes.toString("latin1", start, position)));
  // 1e999 is a number of JSON, though no double holds it.
  return isNumber || /^-?\d+(\.\d+)?[eE]\+?\d+$/.test(bytes.toString("latin1", start, position))
    ? position
    : undefined;
}

function isNumberByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x45 ||
    byte === 0x65
  );
}

function skipSpace(bytes: Buffer, from: number): number {
  let position = from;
  for (;;) {
    const byte = bytes[position];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
      return position;
    }
    position += 1;
  }
}
