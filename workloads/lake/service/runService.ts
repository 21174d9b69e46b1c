import { SettingsError } from "./settings";
import { describeError, jsonLogLine, type LogLine } from "./logLine";

/** A running service. */
export interface Service {
  /** Brings what it holds to the lake and stops. */
  drain(): Promise<void>;
}

/**
 * Runs a service as the whole of a process: starts it, and drains it on SIGTERM or SIGINT, also
 * where the signal comes while it starts. Exits with 0 after a drain, 1 where a start or a drain
 * failed, 2 where the settings are wrong.
 */
export function runService(name: string, start: (logLine: LogLine) => Promise<Service>): void {
  const logLine = jsonLogLine(name);
  const starting = start(logLine);
  starting.catch((error: unknown) => {
    process.stderr.write(`${name}: ${describeError(error)}\n`);
    process.exit(error instanceof SettingsError ? 2 : 1);
  });
  const stop = async (signal: string) => drain(await starting, signal, logLine);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void stop(signal));
  }
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
