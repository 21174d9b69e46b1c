/** Options of one write. */
export interface PutOptions {
  contentType?: string;
  /** Refuse with ObjectExistsError where an object is at the key. @default false */
  onlyIfAbsent?: boolean;
  signal?: AbortSignal;
}
