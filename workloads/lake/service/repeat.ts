/**
 * Runs `task` again and again with a pause between, or at once where it resolves with true; the
 * function it returns ends that and waits for a running one.
 */
export function repeat(
  intervalMs: number,
  task: () => Promise<boolean | void>,
): () => Promise<void> {
  let isStopped = false;
  let hasMore = false;
  let wake: () => void = () => undefined;
  const loop = (async () => {
    for (;;) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, hasMore ? 0 : intervalMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (isStopped) {
        return;
      }
      hasMore = (await task()) === true;
    }
  })();
  return () => {
    isStopped = true;
    wake();
    return loop;
  };
}
