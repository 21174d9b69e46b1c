import assert from "node:assert/strict";

/** What an actor gets of a target. */
export enum Verdict {
  /** It is done, and what was asked for is in the answer. */
  Allowed = "allowed",
  /** It isn't done, and the answer tells nothing of the target. */
  Refused = "refused",
  /** Whether it is done or not, the answer tells nothing of the target: a search. */
  SeesNothing = "sees nothing",
}

/** What came of an attempt. */
export interface Outcome {
  isDone: boolean;
  /** Whether something of the target is in the answer. */
  tells: boolean;
  /** The answer, for a message. */
  text: string;
}

/** A square of the matrix actor × action × target. */
export interface Cell<Bed> {
  /** What it holds closed, or open: the title of its group. */
  finding: string;
  action: string;
  target: string;
  actor: string;
  verdict: Verdict;
  attempt(bed: Bed): Promise<Outcome>;
}

/** Declares a test for each action on a target, which tries every actor. */
export function testCells<Bed>(cells: readonly Cell<Bed>[], bed: () => Bed): void {
  for (const [finding, ofFinding] of Map.groupBy(cells, (cell) => cell.finding)) {
    describe(finding, () => {
      const titleOf = ({ action, target }: Cell<Bed>) => `${action}: ${target}`;
      for (const [title, row] of Map.groupBy(ofFinding, titleOf)) {
        it(`${title}: ${counted(row)}`, async () => {
          const wrong: string[] = [];
          for (const cell of row) {
            const problem = problemOf(cell.verdict, await cell.attempt(bed()));
            if (problem !== undefined) {
              wrong.push(`${cell.actor}: ${problem}`);
            }
          }
          assert.deepEqual(wrong, []);
        });
      }
    });
  }
}

function problemOf(verdict: Verdict, { isDone, tells, text }: Outcome): string | undefined {
  const shown = `${isDone ? "done" : "not done"}: ${text.slice(0, 300)}`;
  switch (verdict) {
    case Verdict.Allowed:
      return isDone && tells ? undefined : `must be allowed; ${shown}`;
    case Verdict.Refused:
      return isDone || tells ? `must be refused; ${shown}` : undefined;
    case Verdict.SeesNothing:
      return tells ? `must see nothing; ${shown}` : undefined;
  }
}

function counted<Bed>(row: readonly Cell<Bed>[]): string {
  return [...Map.groupBy(row, ({ verdict }) => verdict)]
    .map(([verdict, cells]) => `${cells.length} ${verdict}`)
    .join(", ");
}
