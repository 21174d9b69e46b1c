import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";

const blockBytes = 64 << 10;
// A prime beyond any number of blocks: steps of it come by every block, and from the first ones on
// lie far apart.
const stride = 2_654_435_761;

/**
 * Sums of a file's blocks of 64 KiB as they were read, 8 bytes for each: enough to notice later, by
 * reading one block at a time, that what stands there now is something else.
 */
export class BlockSums {
  private readonly whole: number[] = [];
  private last = 0;
  private filled = 0;
  private next = 0;

  /** Takes the bytes that come next in the file. */
  add(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + blockBytes - this.filled);
      this.last = crc32(bytes.subarray(at, end), this.last);
      this.filled += end - at;
      at = end;
      if (this.filled === blockBytes) {
        this.whole.push(this.last);
        this.last = 0;
        this.filled = 0;
      }
    }
  }

  /**
   * Whether one block still holds what it held. Each call takes another one, but stays at one that
   * doesn't.
   */
  async holdsInNext(handle: FileHandle): Promise<boolean> {
    if (this.whole.length === 0) {
      return true;
    }
    const index = this.next % this.whole.length;
    const block = Buffer.allocUnsafe(blockBytes);
    const { bytesRead } = await handle.read(block, 0, blockBytes, index * blockBytes);
    const holds = bytesRead === blockBytes && crc32(block) === this.whole[index];
    this.next = holds ? index + stride : index;
    return holds;
  }
}
