import { readdirSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { Interrupted } from "./interrupted";
import { layoutOf } from "../screen/layout";
import { outputErrorAs, reportError } from "../screen/reportError";
import { runMain } from "../screen/runMain";
import { table } from "../screen/table";
import { UserError } from "../screen/userError";
import { S3Kind } from "./services/objectStore";
import { projectUserFile } from "./services/tracking";
import { isAlive } from "./processes/processTable";
import { type RunOptions, type RunResult, runLifecycle } from "./lifecycle/runLifecycle";
import { type RunRecord, StateDirectory } from "./processes/runState";
import { printScreens } from "./lifecycle/screens";
import { StepFailure, StepRunner } from "./lifecycle/steps";
import { Supervisor, endProcesses } from "./processes/supervisor";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
const ownerEndMs = 90_000;

interface UpOptions extends RunOptions {
  keep: boolean;
  screenshot?: string;
}

const clone = resolve(__dirname, "..");

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError("It must be a whole number of at least 1.");
  }
  return value;
}

/** The command line of `npm run local -- …`. */
function commandLine(): Command {
  const program = new Command("local")
    .description("The platform as real processes on this machine.")
    .configureOutput({ outputError: outputErrorAs("local") })
    .exitOverride();
  program
    .command("up", { isDefault: true })
    .description("run a model's whole life, then end everything")
    .addOption(
      new Option("--s3 <store>", "object store")
        .choices(Object.values(S3Kind))
        .default(S3Kind.SeaweedFs),
    )
    .option("--keep", "leave the services running and print their addresses", false)
    .option("--port-base <port>", "first of a block of ports instead of free ones", wholeNumber)
    .option("--predictions <count>", "predictions to send", wholeNumber, 1000)
    .option("--trials <count>", "hyperparameter trials", wholeNumber, 4)
    .option("--screenshot <file>", "save a picture of MLflow's page here (needs Chromium)")
    .action(up);
  program.command("status").description("show what is running").action(status);
  program
    .command("stop")
    .description("end what is running; its files stay until the next run")
    .action(stop);
  program
    .command("clean")
    .description("end what is running and remove the run's files")
    .option("--all", "remove the Python environment and all other state too", false)
    .action(clean);
  return program;
}

async function up(options: UpOptions): Promise<void> {
  requireLinux();
  const state = new StateDirectory(clone);
  state.lock();
  try {
    const earlier = state.record();
    const running = earlier === undefined ? [] : state.remaining(earlier);
    if (running.length > 0) {
      throw new UserError({
        what: `${running.length} processes of an earlier run are still there`,
        remedy:
          "End them with `npm run local -- stop`, or look at them with `npm run local -- status`.",
      });
    }
    process.exitCode = await supervise(state, options);
  } finally {
    state.unlock();
  }
}

/**
 * Runs the lifecycle; however it ends, nothing is left behind unless `--keep` was asked for and
 * reached.
 */
async function supervise(state: StateDirectory, options: UpOptions): Promise<number> {
  const started = performance.now();
  const supervisor = new Supervisor(state, state.begin());
  const interrupted = new Promise<never>((_, reject) => {
    for (const name of signals) {
      process.on(name, () => reject(new Interrupted(name)));
    }
  });
  interrupted.catch(() => undefined);
  const stopped = () => Promise.race([supervisor.failure, interrupted]);
  const steps = new StepRunner(process.stdout, stopped, supervisor.logFile("local"));
  let result: RunResult | undefined;
  let code = 0;
  try {
    result = await runLifecycle(options, supervisor, steps);
    await printScreens(result, supervisor, steps, options.screenshot);
  } catch (error) {
    code = error instanceof Interrupted ? exitCodes[error.signal as keyof typeof exitCodes] : 1;
    if (error instanceof Interrupted) {
      process.stderr.write("\nInterrupted: ending what was started.\n");
    } else {
      process.stderr.write("\nThe run failed.\n");
      reportError(failure(error as Error, supervisor.logFile("local")), "local", process.stderr);
    }
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  if (code === 0 && options.keep && result !== undefined) {
    printAddresses(supervisor.record, seconds, shownPath(projectUserFile(state.run)));
    // The services run on by themselves, in their own sessions.
    process.exitCode = 0;
    supervisor.services.forEach((service) => service.child.unref());
    return code;
  }
  await supervisor.stopAll();
  removeData(state, supervisor.record);
  process.stdout.write(
    code === 0
      ? `\nDone in ${seconds} s; everything that was started has ended. Logs: ` +
          `${shownPath(state.logs)}\n`
      : `Everything that was started has ended. Logs: ${shownPath(state.logs)}\n`,
  );
  return code;
}

function failure(error: Error, log: string): StepFailure {
  return error instanceof StepFailure ? error : new StepFailure("Between two steps", error, log);
}

/** Removes what would only take space after a run; logs stay until the next run. */
function removeData(state: StateDirectory, record: RunRecord): void {
  for (const outside of record.outside) {
    rmSync(outside, { recursive: true, force: true });
  }
  for (const entry of readdirSync(state.run)) {
    if (!["logs", "run.json"].includes(entry)) {
      rmSync(join(state.run, entry), { recursive: true, force: true });
    }
  }
}

function status(): void {
  const state = new StateDirectory(clone);
  const record = state.record();
  const running = record === undefined ? [] : state.remaining(record);
  if (record === undefined || running.length === 0) {
    process.stdout.write("Nothing is running.\n");
    return;
  }
  process.stdout.write(
    `Run ${record.runId} since ${record.startedAt}, ${running.length} processes:\n`,
  );
  const services = record.services.filter((each) => isAlive(each));
  writeRows(services.map(({ name, pid, url = "" }) => [name, String(pid), url]));
  if (record.predictionId !== undefined) {
    process.stdout.write(`Trace a prediction: npm run mlp -- trace ${record.predictionId}\n`);
  }
}

async function stop(): Promise<void> {
  const state = new StateDirectory(clone);
  const holder = state.lockHolder();
  if (holder !== undefined) {
    // The run itself knows best how to end what it is starting.
    process.kill(holder.pid, "SIGTERM");
    const deadline = Date.now() + ownerEndMs;
    while (isAlive(holder) && Date.now() < deadline) {
      await new Promise((settle) => setTimeout(settle, 200));
    }
  }
  const record = state.record();
  const ended = record === undefined ? 0 : await endProcesses(state, record);
  rmSync(state.endpoints, { force: true });
  process.stdout.write(ended > 0 ? `Ended ${ended} processes.\n` : "Nothing was running.\n");
}

async function clean(options: { all: boolean }): Promise<void> {
  await stop();
  const state = new StateDirectory(clone);
  state.lock();
  state.discard();
  state.unlock();
  if (options.all) {
    rmSync(state.root, { recursive: true, force: true });
  }
  process.stdout.write(`Removed ${shownPath(options.all ? state.root : state.run)}.\n`);
}

function printAddresses(record: RunRecord, seconds: number, userFile: string): void {
  const services = record.services.filter((each) => each.url !== undefined && isAlive(each));
  process.stdout.write(`\nDone in ${seconds} s; running until \`npm run local -- stop\`:\n`);
  writeRows(services.map(({ name, url }) => [name, url!]));
  process.stdout.write(`\nMLflow's user and password: ${userFile}\n`);
  process.stdout.write(`Trace it again: npm run mlp -- trace ${record.predictionId}\n`);
}

function writeRows(rows: string[][]): void {
  const columns = (rows[0] ?? []).map(() => ({ name: "" }));
  const lines = table({ columns, rows, indent: 2 }, layoutOf(process.stdout));
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

function requireLinux(): void {
  if (process.platform !== "linux") {
    throw new UserError({
      what:
        `the local run reads /proc to end exactly its own processes, and ${process.platform} ` +
        "has none",
      remedy: "Run it on Linux: on Windows in WSL 2, on macOS in a Linux virtual machine.",
    });
  }
}

function shownPath(file: string): string {
  return relative(process.cwd(), file) || file;
}

void runMain("local", async () => {
  await commandLine().parseAsync();
}).then(() => process.exit());
