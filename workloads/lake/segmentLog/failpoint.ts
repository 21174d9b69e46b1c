const [step, nth = "1"] = (process.env["MLP_FAILPOINT"] ?? "").split(":");
let passed = 0;

/**
 * Kills this process as `kill -9` would when it passes the step that MLP_FAILPOINT names
 * (`log.synced`, or `log.synced:3` for the third time), so that a test can stop a service between
 * any two steps of its protocol. Does nothing where the variable isn't set.
 */
export function failpoint(name: string): void {
  if (name === step) {
    passed += 1;
    if (passed === Number(nth)) {
      process.kill(process.pid, "SIGKILL");
    }
  }
}
