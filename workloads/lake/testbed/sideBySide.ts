/** A test that spends most of its time waiting. */
export interface WaitingCase {
  title: string;
  run: () => Promise<void>;
}

/**
 * Makes each case a test of its own, and runs up to `width` of them at the same time: what waits
 * for another process leaves a core to others. Under `--grep` all of them run, and only the chosen
 * ones count.
 */
export function sideBySide(width: number, cases: readonly WaitingCase[]): void {
  const queue: (() => void)[] = [];
  let free = width;
  let outcomes: Promise<void>[] = [];

  async function inTurn(run: () => Promise<void>): Promise<void> {
    if (free > 0) {
      free -= 1;
    } else {
      await new Promise<void>((resolve) => queue.push(resolve));
    }
    try {
      await run();
    } finally {
      const next = queue.shift();
      if (next === undefined) {
        free += 1;
      } else {
        next();
      }
    }
  }

  before(() => {
    outcomes = cases.map(({ run }) => inTurn(run));
    // Each is awaited by its own test, which may come long after the failure.
    outcomes.forEach((outcome) => void outcome.catch(() => undefined));
  });
  after(async () => {
    await Promise.allSettled(outcomes);
  });
  cases.forEach(({ title }, index) => it(title, () => outcomes[index]));
}
