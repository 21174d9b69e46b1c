import { SettingsError } from "./lakeConfig";
import { describeError, jsonLogLine, type LogLine } from "./serviceLoop";

/** A running service. */
export interface Service {
  /** Brings what it holds to the lake and stops. */
  drain(): Promise<void>;
}

/**
 * Runs a service as the whole of a process: starts it, and drains it on SIGTERM or SIGINT. Exits with
 * 0 after a drain, 1 where a start or a drain failed, 2 where the settings are wrong.
 */
export function runService(name: string, start: (logLine: LogLine) => Promise<Service>): void {
  const logLine = jsonLogLine(name);
  start(logLine).then(
    (service) => {
      const stop = (signal: string) => void drain(service, signal, logLine);
      process.once("SIGTERM", stop);
      process.once("SIGINT", stop);
    },
    (error: unknown) => {
      process.stderr.write(`${name}: ${describeError(error)}\n`);
      process.exit(error instanceof SettingsError ? 2 : 1);
    },
  );
}

async function drain(service: Service, signal: string, logLine: LogLine): Promise<void> {
  logLine("info", `${signal}: draining`);
  try {
    await service.drain();
  } catch (error) {
    const rest = "what isn't in the lake stays in the state directory";
    logLine("error", `drain failed; ${rest}: ${describeError(error)}`);
    process.exit(1);
  }
  logLine("info", "drained");
  process.exit(0);
}
