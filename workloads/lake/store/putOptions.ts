/** Options of one write. */
export interface PutOptions {
  contentType?: string;
  /**
   * Refuse with ObjectExistsError where an object is at the key: also this one, where the answer to
   * an attempt that stored it was lost. @default false
   */
  onlyIfAbsent?: boolean;
  signal?: AbortSignal;
}
