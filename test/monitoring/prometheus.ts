import { spawn } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildMonitoringTools } from "./monitoringTools";

const startTimeoutMs = 60_000;
const scrapeTimeoutMs = 60_000;
const pollMs = 100;
/** Seconds between two samples of a series. */
const scrapeIntervalS = 1;

/** Something with metrics. */
export interface ScrapeTarget {
  /** Label `job`; in a cluster the name of the Service, or `namespace/name` of the PodMonitor. */
  job: string;
  /** Host and port. */
  address: string;
  /**
   * Path of the metrics.
   * @default "/metrics"
   */
  path?: string;
  /** Labels that a monitor would add: namespace, pod and the like. */
  labels?: Record<string, string>;
  /**
   * Bearer token, where the target asks for one.
   * @default - it asks for none
   */
  token?: string;
}

/** A series that a query answered with. */
export interface Series {
  metric: Record<string, string>;
  /** Time in seconds and value, of each step. */
  values: [number, string][];
}

/** A running Prometheus. */
export interface Prometheus {
  url: string;
  /** Scrapes one more target from now on. */
  scrape(target: ScrapeTarget): void;
  /**
   * Waits until each target has answered once, even if it has ended since. Throws with the reason.
   */
  waitForScrapes(): Promise<void>;
  /** Answers a query at every second from the start of this Prometheus until now. */
  query(expression: string): Promise<Series[]>;
  /** The series selectors in an expression, as `name{label="value"}`. */
  selectors(expression: string): Promise<string[]>;
}

/**
 * Runs the real Prometheus on loopback for as long as `use` takes.
 *
 * @param targets what it scrapes from the start
 * @param options.ruleFiles files of rules that it evaluates every second
 */
export async function withPrometheus<T>(
  targets: ScrapeTarget[],
  use: (prometheus: Prometheus) => Promise<T>,
  options: { ruleFiles?: string[] } = {},
): Promise<T> {
  const { prometheus: program } = await buildMonitoringTools();
  const directory = mkdtempSync(join(tmpdir(), "mlplatform-prometheus-"));
  const started = Date.now();
  const openTargets = join(directory, "open.json");
  const closedTargets = join(directory, "closed.json");
  const tokenFile = join(directory, "token");
  const known: ScrapeTarget[] = [];
  const scrape = (...added: ScrapeTarget[]) => {
    known.push(...added);
    const [token] = known.flatMap((target) => target.token ?? []);
    writeFileSync(tokenFile, token ?? "", { mode: 0o600 });
    for (const [file, isClosed] of [
      [openTargets, false],
      [closedTargets, true],
    ] as const) {
      const targets = known.filter((target) => (target.token !== undefined) === isClosed);
      // Whole or not at all: Prometheus reads the file as soon as it changes.
      writeFileSync(`${file}.draft`, JSON.stringify(targets.map(fileTarget)));
      renameSync(`${file}.draft`, file);
    }
  };
  scrape(...targets);
  const configFile = join(directory, "prometheus.json");
  const interval = `${scrapeIntervalS}s`;
  const configuration = {
    global: { scrape_interval: interval, evaluation_interval: interval },
    rule_files: options.ruleFiles ?? [],
    scrape_configs: [
      { job_name: "open", file_sd_configs: [{ files: [openTargets] }] },
      {
        job_name: "closed",
        file_sd_configs: [{ files: [closedTargets] }],
        authorization: { type: "Bearer", credentials_file: tokenFile },
      },
    ],
  };
  writeFileSync(configFile, JSON.stringify(configuration));
  const server = startServer(program, directory, configFile);
  try {
    const url = await server.address;
    const client: Prometheus = {
      url,
      scrape,
      waitForScrapes: () => waitForScrapes(url, known, started),
      query: (expression) => queryRange(url, expression, started),
      selectors: async (expression) =>
        selectorsOf((await get(url, "parse_query", expression)).data),
    };
    return await use(client);
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function fileTarget({ job, address, path, labels }: ScrapeTarget) {
  const place = path === undefined ? {} : { __metrics_path__: path };
  return { targets: [address], labels: { ...labels, ...place, job } };
}

function startServer(program: string, directory: string, configFile: string) {
  const child = spawn(
    program,
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      "--web.listen-address=127.0.0.1:0",
    ],
    { stdio: ["ignore", "ignore", "pipe"], cwd: directory },
  );
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const ended = new Promise<void>((done) => {
    child.once("error", (error) => {
      log += error.message;
      done();
    });
    child.once("close", () => done());
  });
  let hasEnded = false;
  void ended.then(() => (hasEnded = true));
  const address = async (): Promise<string> => {
    const deadline = Date.now() + startTimeoutMs;
    while (!hasEnded && Date.now() < deadline) {
      const listening = /Listening on" .*address=(127\.0\.0\.1:\d+)/.exec(log)?.[1];
      if (listening !== undefined) {
        const answer = await fetch(`http://${listening}/-/ready`).catch(() => undefined);
        if (answer?.ok) {
          return `http://${listening}`;
        }
      }
      await sleep(pollMs);
    }
    throw new Error(`Prometheus ${hasEnded ? "ended while it started" : "was not ready"}:\n${log}`);
  };
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  return { address: address(), stop };
}

interface Answer {
  status: string;
  error?: string;
  data: any;
}

async function get(
  url: string,
  call: string,
  query: string,
  more: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`${url}/api/v1/${call}?${new URLSearchParams({ query, ...more })}`);
  const body = (await answer.json()) as Answer;
  if (body.status !== "success") {
    throw new Error(`Prometheus refuses ${query}: ${body.error}`);
  }
  return body;
}

async function queryRange(url: string, expression: string, since: number): Promise<Series[]> {
  const range = {
    start: String(since / 1000),
    end: String(Date.now() / 1000),
    step: String(scrapeIntervalS),
  };
  return (await get(url, "query_range", expression, range)).data.result as Series[];
}

async function waitForScrapes(url: string, known: ScrapeTarget[], since: number): Promise<void> {
  const deadline = Date.now() + scrapeTimeoutMs;
  for (;;) {
    const answered = (await queryRange(url, "up == 1", since)).map(({ metric }) => metric.instance);
    const missing = known.filter(({ address }) => !answered.includes(address));
    if (missing.length === 0) {
      return;
    }
    if (Date.now() > deadline) {
      const { data } = (await (await fetch(`${url}/api/v1/targets?state=active`)).json()) as Answer;
      const targets = data.activeTargets as { scrapeUrl: string; lastError: string }[];
      throw new Error(
        `Prometheus never scraped ${missing.map(({ address }) => address).join(", ")}; it says: ` +
          targets.map(({ scrapeUrl, lastError }) => `${scrapeUrl}: ${lastError}`).join("; "),
      );
    }
    await sleep(pollMs);
  }
}

/** Walks the syntax tree of Prometheus's own parser. */
function selectorsOf(node: unknown): string[] {
  if (Array.isArray(node)) {
    return node.flatMap(selectorsOf);
  }
  if (typeof node !== "object" || node === null) {
    return [];
  }
  const { type, name, matchers } = node as { type?: string; name?: string; matchers?: Matcher[] };
  if (type !== "vectorSelector" && type !== "matrixSelector") {
    return Object.values(node).flatMap(selectorsOf);
  }
  const written = (matchers ?? [])
    .filter((matcher) => matcher.name !== "__name__")
    .map((matcher) => `${matcher.name}${matcher.type}${JSON.stringify(matcher.value)}`);
  return [written.length === 0 ? `${name}` : `${name}{${written.join(", ")}}`];
}

interface Matcher {
  name: string;
  type: string;
  value: string;
}
