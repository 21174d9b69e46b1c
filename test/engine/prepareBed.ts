import { buildControlPlane } from "../cluster/controlPlane";
import { buildTimeoutMs, skipWithoutBed } from "../cluster/noBed";
import { type EnginePrograms, buildEngine } from "./programs";

/** Longest wait for one step: an `up` takes two minutes, on a busy machine several. */
export const stepTimeoutMs = 1_200_000;

/**
 * For a suite's first `before`: builds the programs that its bed runs, or skips the suite where no
 * bed runs, and says why.
 */
export const preparing = (...wanted: (keyof EnginePrograms)[]) =>
  async function prepareBed(this: Mocha.Context): Promise<void> {
    skipWithoutBed.call(this);
    this.timeout(buildTimeoutMs);
    const root = `${__dirname}/../..`;
    const say = (text: string) => console.log(`    ${text}`);
    // The provider speaks to one.
    if (wanted.includes("kubernetesProvider")) {
      await buildControlPlane(root, say);
    }
    await buildEngine(root, say, wanted);
  };
