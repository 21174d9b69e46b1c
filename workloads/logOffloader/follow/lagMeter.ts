/** Tells how old the oldest bytes are that were read and are not in the lake. */
export interface LagMeter {
  /** `now`: milliseconds of a clock that is never set back. */
  read(bytes: number, now: number): void;
  committed(bytes: number): void;
  /** Milliseconds; 0 where all is in the lake. */
  lagMs(now: number): number;
}

const resolutionMs = 100;

/** Makes a meter at zero. Bytes are taken to be committed in the order in which they were read. */
export function makeLagMeter(): LagMeter {
  const marks: { at: number; total: number }[] = [];
  let readTotal = 0;
  let committedTotal = 0;
  return {
    read(bytes, now) {
      readTotal += bytes;
      const last = marks.at(-1);
      if (last !== undefined && now - last.at < resolutionMs) {
        last.total = readTotal;
      } else {
        marks.push({ at: now, total: readTotal });
      }
    },
    committed(bytes) {
      committedTotal += bytes;
      while (marks.length > 0 && marks[0]!.total <= committedTotal) {
        marks.shift();
      }
    },
    lagMs: (now) => (marks.length === 0 ? 0 : Math.max(0, now - marks[0]!.at)),
  };
}
