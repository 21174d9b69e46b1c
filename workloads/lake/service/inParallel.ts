const atOnce = 8;

/**
 * Does some work for each item, for a few of them at once: calls to the store are mostly waiting.
 */
export async function inParallel<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await work(next);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
