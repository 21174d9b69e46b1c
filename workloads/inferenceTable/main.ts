import { describeError, jsonLogLine, SettingsError } from "@mlplatform/lake";
import { readConfig } from "./config";
import { startInferenceTable } from "./inferenceTable";

const logLine = jsonLogLine("inference-table");

async function main(): Promise<void> {
  const service = await startInferenceTable(readConfig(process.env), logLine);
  logLine("info", `listening on ${service.url}`);
  const stop = (signal: string) => {
    logLine("info", `${signal}: draining`);
    service.drain().then(
      () => {
        logLine("info", "drained");
        process.exit(0);
      },
      (error: unknown) => {
        logLine(
          "error",
          `drain failed; what isn't in the lake stays in the state directory: ${describeError(error)}`,
        );
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

main().catch((error: unknown) => {
  const isSettings = error instanceof SettingsError;
  process.stderr.write(`inference-table: ${describeError(error)}\n`);
  process.exit(isSettings ? 2 : 1);
});
