/** The hash of a file's first bytes, as many as there were when it was taken. */
export interface Fingerprint {
  length: number;
  sha256: string;
}

/** What a tracked file is: enough to find it again after a restart. */
export interface FileFacts {
  uid: string;
  device: string;
  inode: string;
  /** Nanoseconds since 1970; 0 where the file system knows none. */
  birth: string;
  generation: number;
  fingerprint: Fingerprint;
  session: string;
  /** First name below the session's `logs` folder; the `file` column. */
  file: string;
  names: string[];
}
