import { SettingsError } from "@mlplatform/lake/service/settings";
import { describeError, jsonLogLine } from "@mlplatform/lake/service/logLine";
import { readKeeperConfig } from "./config";
import { runKeeper } from "./keeper";

/** Exit code of a run that found a cluster ended without all of its logs; the alert is on it. */
const incompleteExitCode = 3;

/** Runs the keeper as the whole of a process. */
export async function keeperMain(): Promise<void> {
  const logLine = jsonLogLine("log-keeper");
  try {
    const report = await runKeeper(readKeeperConfig(process.env), logLine);
    const { verdicts, merged, into, deletedParts, incomplete, failures } = report;
    for (const { namespace, cluster, state, missing } of incomplete) {
      logLine("error", `${namespace}/${cluster} is ${state}: ${missing.join("; ")}`);
    }
    for (const failure of failures) {
      logLine("error", `parts aren't merged: ${failure}`);
    }
    logLine(
      "info",
      `${verdicts.length} clusters, ${incomplete.length} of them incomplete; ${merged} parts ` +
        "merged " +
        `into ${into}, ${deletedParts} deleted`,
    );
    process.exitCode = incomplete.length + failures.length === 0 ? 0 : incompleteExitCode;
  } catch (error) {
    process.stderr.write(`log-keeper: ${describeError(error)}\n`);
    process.exitCode = error instanceof SettingsError ? 2 : 1;
  }
}
