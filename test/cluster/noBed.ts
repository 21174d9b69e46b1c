import { spawnSync } from "node:child_process";

/** Why no test bed runs here; undefined where they do. */
export const noBed = reasonAgainst();

/** Longest wait for the programs of a bed to be built: cold, on two busy cores. */
export const buildTimeoutMs = 3_600_000;

/** For a suite's first `before`: skips the suite where no bed runs, and says why. */
export function skipWithoutBed(this: Mocha.Context): void {
  if (noBed !== undefined) {
    console.log(`    skipped: ${noBed}`);
    this.skip();
  }
}

function reasonAgainst(): string | undefined {
  const none = "no control plane and no engine runs here";
  if (process.platform !== "linux") {
    return `${none}: they need Linux (/proc, setpriv), and this is ${process.platform}`;
  }
  const { status } = spawnSync("setpriv", ["--pdeathsig", "KILL", "--", "true"]);
  return status === 0
    ? undefined
    : `${none}: there is no \`setpriv --pdeathsig\` (of util-linux), which ends their programs`;
}
