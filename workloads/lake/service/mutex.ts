/** Runs what it is given one after the other, also after one that failed. */
export type Mutex = <T>(task: () => Promise<T>) => Promise<T>;

/** Makes a mutex that nobody holds. */
export function makeMutex(): Mutex {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const turn = last.then(task);
    last = turn.catch(() => undefined);
    return turn;
  };
}
