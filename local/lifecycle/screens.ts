import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, relative, resolve } from "node:path";
import { mlflowClient } from "@mlplatform/lake/ask/mlflowClient";
import { openLake as openLakeTables } from "@mlplatform/lake/ask/lake";
import { tracePrediction } from "@mlplatform/lake/ask/trace";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { UserError } from "../../screen/userError";
import { openLake } from "../services/objectStore";
import { localNamespace, type RunResult } from "./runLifecycle";
import type { StepRunner } from "./steps";
import type { Supervisor } from "../processes/supervisor";
import { layoutOf } from "../../screen/layout";
import { renderTrace } from "./renderTrace";

const viewport = { width: 1440, height: 900 };
const pageTimeoutMs = 60_000;
const shownLogLines = 8;
const browsers = ["chromium", "chromium-browser", "google-chrome"];

/**
 * Shows what the run made: MLflow's page where a browser is there, and the trace of one prediction.
 */
export async function printScreens(
  result: RunResult,
  supervisor: Supervisor,
  steps: StepRunner,
  screenshot: string | undefined,
): Promise<void> {
  const browser = findBrowser();
  if (browser === undefined && screenshot !== undefined) {
    throw new UserError({
      what: "there is no Chromium for --screenshot",
      remedy: "Install the package chromium.",
    });
  }
  if (browser !== undefined) {
    await steps.step("Screenshot of MLflow's page", async (say) => {
      const file = resolve(screenshot ?? join(supervisor.state.logs, "mlflow.png"));
      await photograph(browser, supervisor, result, file);
      say(relative(process.cwd(), file));
    });
  }
  const text = await steps.step("Trace one prediction", () => traceOf(result, supervisor));
  writeFileSync(join(supervisor.state.logs, "trace.txt"), text);
  process.stdout.write(`\n${text}`);
}

async function traceOf(result: RunResult, supervisor: Supervisor): Promise<string> {
  const store = openLake(result.lake);
  try {
    const cache = await openObjectCache({
      store,
      directory: join(supervisor.state.run, "cache"),
    });
    const lake = openLakeTables({ store, cache });
    const { url, project, password } = result.tracking;
    const credentials = { username: project, password };
    const mlflow = mlflowClient({ uri: url, workspace: project, credentials });
    const selection = { namespace: localNamespace };
    const trace = await tracePrediction(
      { lake, mlflow, selection, maxLogLines: 200 },
      result.predictionId,
    );
    if (!trace.isComplete) {
      const problems = trace.hops.flatMap((hop) =>
        hop.problems.map((each) => `${hop.hop}: ${each}`),
      );
      throw new UserError({
        what: `the trace has gaps: ${problems.join("; ")}`,
        remedy:
          "Read the logs of inference-table, log-offloader and train in .mlplatform/run/logs.",
      });
    }
    // The job's own lines are the last of what it said; banners of its libraries come first.
    const shortened = { ...trace, logLines: trace.logLines.slice(0, shownLogLines) };
    return renderTrace(shortened, layoutOf(process.stdout));
  } finally {
    store.close();
  }
}

/** Chromium, where one is installed: only then there is a picture to take. */
export function findBrowser(): string | undefined {
  const directories = (process.env.PATH ?? "").split(delimiter);
  return browsers
    .flatMap((name) => directories.map((each) => join(each, name)))
    .find((file) => existsSync(file));
}

/** Takes a picture of the run's page in MLflow, as a person sees it. */
async function photograph(
  executablePath: string,
  supervisor: Supervisor,
  result: RunResult,
  file: string,
): Promise<void> {
  // The browser's profile lies with the run's files, and goes with them if this script is killed.
  process.env.TMPDIR = supervisor.record.outside[0] ?? supervisor.state.run;
  const { chromium } = await import("playwright-core");
  const isRoot = process.getuid?.() === 0;
  const browser = await chromium.launch({
    executablePath,
    // Chromium's own sandbox does not start as root; the only page it opens is MLflow's on
    // loopback.
    args: isRoot ? ["--no-sandbox"] : [],
    env: { ...process.env, ...supervisor.marker() },
  });
  try {
    const { url, project: username, password } = result.tracking;
    const httpCredentials = { username, password, send: "always" as const };
    const page = await browser.newPage({ viewport, httpCredentials });
    // Its assistant opens by itself on a first visit and hides a third of the page.
    await page.addInitScript(`
      localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
      localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
      localStorage.setItem("mlflow.activeWorkspace", ${JSON.stringify(username)});
    `);
    const version = `/#/models/${result.model}/versions/1`;
    await page.goto(`${url}${version}`, { timeout: pageTimeoutMs });
    await page.getByText("champion").first().waitFor({ timeout: pageTimeoutMs });
    mkdirSync(dirname(file), { recursive: true });
    await page.screenshot({ path: file });
  } finally {
    await browser.close();
  }
}
