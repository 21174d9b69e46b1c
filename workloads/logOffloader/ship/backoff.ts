/** The pause after a shipment that failed. */
export interface Backoff {
  isOver(): boolean;
  /** A shipment failed: the pause is twice as long as the one before, up to 8 s. */
  failed(): void;
  /** A shipment went well: there is no pause, and the next one is short again. */
  succeeded(): void;
}

const firstMs = 500;
// Not much longer: a store that is back is to have what waits before Ray's pod may be gone.
const longestMs = 8_000;

/**
 * Makes a backoff without a pause. A store that refuses at once (a key that was revoked, a bucket
 * that is gone) would otherwise be asked at every poll, and each time all that waits is encoded
 * anew.
 */
export function makeBackoff(): Backoff {
  let until = -Infinity;
  let nextMs = firstMs;
  return {
    isOver: () => performance.now() >= until,
    failed() {
      until = performance.now() + nextMs;
      nextMs = Math.min(longestMs, nextMs * 2);
    },
    succeeded() {
      until = -Infinity;
      nextMs = firstMs;
    },
  };
}
