/**
 * Runs every suite and closes with one line of counts. Suites that start real servers take turns on
 * one lane while the others use the second core. Arguments name suites; without any, all run. What
 * failed is said again before the closing line: the end of a long log is what people see of it.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildMinio } from "../local/services/objectStore";
import { PythonEnvironment } from "../local/programs/pythonEnvironment";
import { type Suite, lanes } from "./suites";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** Each failure's title, and what was wrong from the second line on. */
  failures: string[];
}

/** Programs of the servers that suites start. */
interface Servers {
  python: string;
  weed: string;
  minio: string;
}

/** Of one failure, in the closing list. */
const shownLines = 40;
const root = resolve(__dirname, "..");
const stateRoot = join(root, ".mlplatform");
const scratch = mkdtempSync(join(tmpdir(), "mlplatform-test-"));

async function main(): Promise<number> {
  const wanted = process.argv.slice(2);
  const known = lanes.flat().map(({ name }) => name);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`unknown suite ${unknown.join(", ")}; known: ${known.join(", ")}`);
    return 2;
  }
  const chosen = lanes.map((lane) =>
    lane.filter(({ name }) => wanted.length === 0 || wanted.includes(name)),
  );
  const servers = chosen.flat().some(({ needsServers }) => needsServers)
    ? prepareServers()
    : undefined;
  const total: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  await Promise.all(
    chosen.map(async (lane) => {
      for (const suite of lane) {
        const counts = await run(suite, suite.needsServers ? await servers : undefined);
        total.passed += counts.passed;
        total.failed += counts.failed;
        total.skipped += counts.skipped;
        total.failures.push(...counts.failures.map((failure) => `${suite.name}: ${failure}`));
      }
    }),
  );
  for (const failure of total.failures) {
    const lines = failure.trimEnd().split("\n");
    const shown = lines.slice(0, shownLines).map((line, at) => (at === 0 ? line : `    ${line}`));
    const more = lines.length - shown.length;
    console.log(
      ["\nFailed:", ...shown, ...(more > 0 ? [`    … ${more} more lines`] : [])].join("\n"),
    );
  }
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

/** Makes the Python environment and builds MinIO, once for all later runs. */
async function prepareServers(): Promise<Servers> {
  const started = Date.now();
  mkdirSync(stateRoot, { recursive: true });
  const say = (text: string) => console.log(`== servers: ${text}`);
  const requirements = join(root, "local", "python", "requirements.txt");
  const environment = await PythonEnvironment.prepare(stateRoot, requirements, say);
  const minio = await buildMinio(root, say);
  say(`ready after ${Math.round((Date.now() - started) / 1000)} s`);
  return { python: environment.python, weed: environment.program("weed"), minio };
}

/** Runs one suite. One that ends badly without a counted failure counts as one failure. */
async function run(suite: Suite, servers?: Servers): Promise<Counts> {
  try {
    await suite.prepare?.(root, (text) => console.log(`== ${suite.name}: ${text}`));
  } catch (error) {
    // The other suites go on, and the closing line counts this one.
    console.log(`\n== ${suite.name}: can't be prepared\n${String(error)}`);
    return {
      passed: 0,
      failed: 1,
      skipped: 0,
      failures: [`can't be prepared\n${String(error)}`],
    };
  }
  console.log(`== ${suite.name}: started`);
  const started = Date.now();
  const countsFile = join(scratch, `${suite.name}.json`);
  const [program, ...args] = suite.command;
  const child = spawn(program === "python" ? servers!.python : program!, args, {
    cwd: join(root, suite.folder ?? "."),
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      MLP_TEST_COUNTS: countsFile,
      NODE_COMPILE_CACHE: join(root, ".cache", "compile"),
      PYTHONDONTWRITEBYTECODE: "1",
      ...(servers && { MLP_TEST_WEED: servers.weed, MLP_TEST_MINIO: servers.minio }),
    },
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const code = await new Promise<number>((done, fail) => {
    child.once("error", fail);
    child.once("close", (status) => done(status ?? 1));
  });
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`\n== ${suite.name}: ended with ${code} after ${seconds} s\n${output}`);
  const counts = suite.counts === "mocha" ? mochaCounts(countsFile) : pytestCounts(output);
  if (code !== 0 && counts.failed === 0) {
    counts.failed = 1;
    counts.failures.push(`ended with ${code}; its output is above`);
  }
  return counts;
}

function mochaCounts(file: string): Counts {
  return existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as Counts)
    : { passed: 0, failed: 0, skipped: 0, failures: [] };
}

function pytestCounts(output: string): Counts {
  const closing = output.trimEnd().split("\n").at(-1) ?? "";
  const of = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(closing)?.[1] ?? 0);
  return {
    passed: of("passed"),
    failed: of("failed") + of("errors?"),
    skipped: of("skipped"),
    failures: Array.from(output.matchAll(/^(?:FAILED|ERROR) (.+)$/gm), ([, failure]) => failure!),
  };
}

void main()
  .then((code) => (process.exitCode = code))
  .finally(() => rmSync(scratch, { recursive: true, force: true }));
