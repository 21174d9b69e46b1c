// CRC-32C (Castagnoli, RFC 3720 appendix B.4). Node's zlib has only the IEEE polynomial, so the
// table lives here. Eight bytes a step: one table lookup a byte would be the slowest part of the
// log.

const polynomial = 0x82f63b78;
const crcTables = buildTables();

function buildTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    }
    tables[byte] = crc;
  }
  for (let slice = 1; slice < 8; slice++) {
    for (let byte = 0; byte < 256; byte++) {
      const previous = tables[(slice - 1) * 256 + byte]!;
      tables[slice * 256 + byte] = (previous >>> 8) ^ tables[previous & 0xff]!;
    }
  }
  return tables;
}

/**
 * CRC-32C of `data`, as an unsigned 32-bit number.
 *
 * @param previous the result over the bytes before `data`, to checksum in pieces.
 * @default 0
 * @example crc32c(Buffer.from("123456789")) === 0xe3069283
 */
export function crc32c(data: Uint8Array, previous = 0): number {
  const t = crcTables;
  let crc = ~previous;
  let i = 0;
  for (const end = data.length - 7; i < end; i += 8) {
    const low =
      crc ^ (data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24));
    crc =
      t[1792 + (low & 0xff)]! ^
      t[1536 + ((low >>> 8) & 0xff)]! ^
      t[1280 + ((low >>> 16) & 0xff)]! ^
      t[1024 + (low >>> 24)]! ^
      t[768 + data[i + 4]!]! ^
      t[512 + data[i + 5]!]! ^
      t[256 + data[i + 6]!]! ^
      t[data[i + 7]!]!;
  }
  for (; i < data.length; i++) {
    crc = (crc >>> 8) ^ t[(crc ^ data[i]!) & 0xff]!;
  }
  return ~crc >>> 0;
}
