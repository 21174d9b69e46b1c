import { describeError, jsonLogLine, SettingsError } from "@mlplatform/lake";
import { readConfig } from "./config";
import { startLogOffloader } from "./logOffloader";
import { makeStatusServer } from "./statusServer";

const logLine = jsonLogLine("log-offloader");

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const offloader = await startLogOffloader(config, logLine);
  logLine("info", `following ${config.rayDirectory} as node ${config.origin.node}`);
  if (config.port !== undefined) {
    const server = makeStatusServer(() => offloader.metrics());
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(config.port, config.host, resolve);
    });
  }
  const stop = (signal: string) => {
    logLine("info", `${signal}: draining`);
    offloader.drain().then(
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
  process.stderr.write(`log-offloader: ${describeError(error)}\n`);
  process.exit(error instanceof SettingsError ? 2 : 1);
});
