import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";
import type { ColumnChunk, RowGroup, SchemaElement } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
// The package exports its modules by path too. Its own writer takes rows as JavaScript values, and
// here columns are encoded from bytes; what is left to it is the Thrift of headers and metadata.
// Its version is exact, and the tests read what is written by DuckDB, hyparquet and pyarrow.
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";

/** One column of a row group, encoded and not yet compressed. */
export interface EncodedColumn {
  name: string;
  encoding: "RLE_DICTIONARY" | "DELTA_BINARY_PACKED" | "DELTA_LENGTH_BYTE_ARRAY" | "PLAIN";
  /**
   * Which values are there, as the hybrid of runs and packed bits; absent where the column is
   * required.
   */
  levels?: Uint8Array;
  nulls: number;
  values: Uint8Array;
  dictionary?: { values: Uint8Array; count: number };
  least?: string | bigint;
  most?: string | bigint;
  /** @default - the file's */
  zstdLevel?: number;
}

const compress = promisify(zstdCompress);
const magic = Buffer.from("PAR1", "latin1");
// Below it a column costs more time in the pool than it saves bytes.
const leastCompressedBytes = 1024;
const leastChunkBytes = 4096;
// A page of the second version leaves its levels as they are; from here on they are worth
// compressing.
const leastCompressedLevels = 64;

function zstd(bytes: Uint8Array, level: number): Promise<Uint8Array> {
  return compress(bytes, {
    params: { [constants.ZSTD_c_compressionLevel]: level },
    // One output buffer for nearly all: each costs a turn of the event loop.
    chunkSize: Math.max(leastChunkBytes, bytes.length >> 2),
  });
}

/** The content of a page of the first version: the levels with their length, and the values. */
function withLevels(levels: Uint8Array, values: Uint8Array): Uint8Array {
  const content = Buffer.allocUnsafe(4 + levels.length + values.length);
  content.writeUInt32LE(levels.length, 0);
  content.set(levels, 4);
  content.set(values, 4 + levels.length);
  return content;
}

/**
 * Puts a Parquet file together in memory. Pages are compressed by the thread pool, beside each
 * other.
 *
 * @param level zstd's.
 * @default 3
 */
export function makeParquetFile(schema: SchemaElement[], level = 3) {
  const parts: Uint8Array[] = [magic];
  const groups: RowGroup[] = [];
  let offset = magic.length;
  let rows = 0;
  const elements = new Map(schema.map((element) => [element.name, element]));
  const append = (bytes: Uint8Array) => {
    parts.push(bytes);
    offset += bytes.length;
  };

  async function compressed(column: EncodedColumn) {
    const { levels = new Uint8Array(0), zstdLevel = level } = column;
    const dictionary = column.dictionary?.values;
    const hasLevels = levels.length >= leastCompressedLevels;
    const content = hasLevels ? withLevels(levels, column.values) : column.values;
    const facts = { column, levels: hasLevels ? undefined : levels, bytes: content.length };
    if (content.length + (dictionary?.length ?? 0) < leastCompressedBytes) {
      // A copy, as compressed ones are: the caller may write over its own.
      return {
        ...facts,
        codec: "UNCOMPRESSED" as const,
        content: new Uint8Array(content),
        dictionary,
      };
    }
    return {
      ...facts,
      codec: "ZSTD" as const,
      content: await zstd(content, zstdLevel),
      dictionary: dictionary && (await zstd(dictionary, zstdLevel)),
    };
  }

  function appendColumn(
    { column, levels, bytes, codec, content, dictionary }: Awaited<ReturnType<typeof compressed>>,
    count: number,
  ): ColumnChunk {
    const start = offset;
    let uncompressed = 0;
    let dictionaryOffset: bigint | undefined;
    if (column.dictionary !== undefined && dictionary !== undefined) {
      dictionaryOffset = BigInt(offset);
      uncompressed += page(column.dictionary.values.length, [dictionary], {
        type: "DICTIONARY_PAGE",
        dictionary_page_header: { num_values: column.dictionary.count, encoding: "PLAIN" },
      });
    }
    const dataOffset = BigInt(offset);
    const { encoding } = column;
    uncompressed +=
      levels === undefined
        ? page(bytes, [content], {
            type: "DATA_PAGE",
            data_page_header: {
              num_values: count,
              encoding,
              definition_level_encoding: "RLE",
              repetition_level_encoding: "RLE",
            },
          })
        : page(levels.length + bytes, [levels, content], {
            type: "DATA_PAGE_V2",
            data_page_header_v2: {
              num_values: count,
              num_nulls: column.nulls,
              num_rows: count,
              encoding,
              definition_levels_byte_length: levels.length,
              repetition_levels_byte_length: 0,
              is_compressed: codec !== "UNCOMPRESSED",
            },
          });
    const { least, most } = column;
    const statistics =
      least === undefined
        ? undefined
        : { min_value: least, max_value: most, null_count: BigInt(column.nulls) };
    return {
      file_offset: BigInt(start),
      meta_data: {
        type: elements.get(column.name)!.type!,
        encodings: ["PLAIN", "RLE", column.encoding],
        path_in_schema: [column.name],
        codec,
        num_values: BigInt(count),
        total_uncompressed_size: BigInt(uncompressed),
        total_compressed_size: BigInt(offset - start),
        data_page_offset: dataOffset,
        dictionary_page_offset: dictionaryOffset,
        statistics,
      },
    };
  }

  type Header = Omit<
    Parameters<typeof writePageHeader>[1],
    "uncompressed_page_size" | "compressed_page_size"
  >;
  function page(uncompressedBytes: number, content: Uint8Array[], header: Header): number {
    const compressedBytes = content.reduce((sum, bytes) => sum + bytes.length, 0);
    const writer = new ByteWriter();
    writePageHeader(writer, {
      ...header,
      uncompressed_page_size: uncompressedBytes,
      compressed_page_size: compressedBytes,
    });
    append(writer.getBytes());
    content.forEach(append);
    return writer.offset + uncompressedBytes;
  }

  return {
    /** Adds rows; `columns` are in the schema's order. */
    async addRows(count: number, columns: EncodedColumn[]): Promise<void> {
      const ready = await Promise.all(columns.map(compressed));
      const start = offset;
      const chunks = ready.map((each) => appendColumn(each, count));
      groups.push({
        columns: chunks,
        total_byte_size: chunks.reduce(
          (sum, { meta_data }) => sum + meta_data!.total_uncompressed_size,
          0n,
        ),
        total_compressed_size: BigInt(offset - start),
        file_offset: BigInt(start),
        num_rows: BigInt(count),
      });
      rows += count;
    },
    /** The file's bytes. */
    finish(): Buffer {
      const writer = new ByteWriter();
      writeMetadata(writer, {
        version: 2,
        schema: [{ name: "schema", num_children: schema.length }, ...schema],
        num_rows: BigInt(rows),
        row_groups: groups,
        metadata_length: 0,
        created_by: "mlplatform",
      });
      return Buffer.concat([...parts, writer.getBytes(), magic]);
    },
  };
}
