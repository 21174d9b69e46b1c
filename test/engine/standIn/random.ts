import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { type WireObject, plain, secret } from "../../../preview/engine/values/wire";
import type { Behaviour, Subject } from "./behaviour";

/** The provider of random values, which keeps them in the state alone. */
export const random: Behaviour = {
  completed: (_subject, _schema, inputs) => inputs,
  // Source: every argument of terraform-provider-random is `RequiresReplace`.
  replacing: (_subject, schema) => Object.keys(schema.inputs),
  deleteBeforeReplace: () => false,
};

const lower = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";

/** Draws a value. @throws Error for a type that no stack registers */
export function drawn({ type }: Subject, inputs: WireObject): { id: string; outputs: WireObject } {
  switch (type) {
    case "random:index/randomPassword:RandomPassword": {
      const result = text(inputs);
      const bcryptHash = secret(`$2a$10$${text({ length: 53, special: false })}`);
      return { id: "none", outputs: { result: secret(result), bcryptHash } };
    }
    case "random:index/randomString:RandomString": {
      const result = text(inputs);
      return { id: result, outputs: { result } };
    }
    case "random:index/randomUuid:RandomUuid": {
      const result = randomUUID();
      return { id: result, outputs: { result } };
    }
    case "random:index/randomId:RandomId": {
      const bytes = randomBytes(Number(inputs.byteLength));
      const b64Url = bytes.toString("base64url");
      return { id: b64Url, outputs: { b64Url, hex: bytes.toString("hex") } };
    }
    default:
      throw new Error(`the stand-in of random draws no ${type}: add it to test/engine/standIn`);
  }
}

/** Characters of the classes that are not switched off, at least one of each. */
function text(given: WireObject): string {
  const inputs = plain(given) as WireObject;
  const special = typeof inputs.overrideSpecial === "string" ? inputs.overrideSpecial : "!@#$%&*()";
  const classes = (
    [
      ["lower", lower],
      ["upper", lower.toUpperCase()],
      ["numeric", digits],
      ["special", special],
    ] as const
  ).filter(([name]) => inputs[name] !== false);
  const all = classes.map(([, characters]) => characters).join("");
  const drawn = classes.map(([, characters]) => characters[randomInt(characters.length)]!);
  while (drawn.length < Number(inputs.length)) {
    drawn.push(all[randomInt(all.length)]!);
  }
  for (let at = drawn.length - 1; at > 0; at--) {
    const other = randomInt(at + 1);
    [drawn[at], drawn[other]] = [drawn[other]!, drawn[at]!];
  }
  return drawn.slice(0, Number(inputs.length)).join("");
}
