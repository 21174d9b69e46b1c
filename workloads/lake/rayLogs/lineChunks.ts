const newlineByte = 0x0a;

/**
 * How many of these bytes make a chunk: up to the last newline; when there is none, all but a
 * character that is cut at the end, provided the buffer is full or the caller can't wait for more;
 * otherwise 0.
 */
export function chunkLength(bytes: Buffer, mayCutLine: boolean): number {
  const lastNewline = bytes.lastIndexOf(newlineByte);
  if (lastNewline >= 0) {
    return lastNewline + 1;
  }
  return mayCutLine ? bytes.length - cutCharacterBytes(bytes) : 0;
}

/**
 * Bytes of an unfinished UTF-8 character at the end, 0–3; 0 when the end can't become a character.
 */
export function cutCharacterBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      // Bytes that are cut characters only: waiting for them would never end.
      return length > back && back < bytes.length ? back : 0;
    }
    if (byte < 0x80) {
      return 0;
    }
  }
  return 0;
}

/** Newlines in the bytes. */
export function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(newlineByte); at >= 0; at = bytes.indexOf(newlineByte, at + 1)) {
    count += 1;
  }
  return count;
}
