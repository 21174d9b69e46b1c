/** Which part of the lake a question is about; what lies outside isn't listed or read. */
export interface LakeSelection {
  namespace?: string;
  /** Ray logs only. */
  cluster?: string;
  /** Partitions from this hour (events) or day (logs) on, UTC. */
  since?: Date;
  /** Partitions up to this hour or day. */
  until?: Date;
}

/**
 * Whether a partition that starts at `start` and is `length` ms long touches the selection's time.
 */
export function isWithin(start: number, length: number, selection: LakeSelection): boolean {
  const { since, until } = selection;
  return (
    (since === undefined || start + length > since.getTime()) &&
    (until === undefined || start <= until.getTime())
  );
}
