import { createHash } from "node:crypto";

/** Hexadecimal text that depends only on what it stands for. */
export function hexOf(subject: string, length: number): string {
  return createHash("sha256").update(subject).digest("hex").slice(0, length);
}

/** A GUID (version 4 in form) that depends only on what it stands for. */
export function guidOf(subject: string): string {
  const hex = hexOf(subject, 32);
  const variant = "89ab"[Number.parseInt(hex[16] ?? "0", 16) % 4] ?? "8";
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

/** Text of the length from the alphabet, the same for the same subject. */
export function textOf(subject: string, length: number, alphabet: string): string {
  let text = "";
  for (let block = 0; text.length < length; block++) {
    for (const byte of createHash("sha256").update(`${subject}/${block}`).digest()) {
      text += alphabet[byte % alphabet.length] ?? "";
    }
  }
  return text.slice(0, length);
}
