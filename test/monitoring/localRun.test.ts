import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withMonitoredRun } from "./monitoredRun";
import { buildTimeoutMs } from "./monitoringTools";
import { notInLocalRun } from "./notInLocalRun";
import { type Prometheus, type Series, withPrometheus } from "./prometheus";
import {
  alertsFolder,
  filesIn,
  fillVariables,
  readAlerts,
  readDashboards,
} from "./shippedMonitoring";
import { sendOddEvents } from "./traffic";

/** The run's own limit, plus what the first one spends on making the Python environment. */
const runTimeoutMs = 1_200_000;
/** Scrapes after the last traffic. */
const settleMs = 3_000;

interface Expression {
  /** Where it stands. */
  place: string;
  expr: string;
  /** False: an alert, whose expression is empty as long as all is well. */
  answers: boolean;
}

function shippedExpressions(): Expression[] {
  const ofPanels = readDashboards().flatMap((dashboard) =>
    dashboard.panels
      .filter(({ datasource }) => datasource?.type === "prometheus")
      .flatMap(({ title, targets }) =>
        targets.map(({ refId, expr }) => ({
          place: `${dashboard.file}: ${title} ${refId}`,
          expr: fillVariables(expr, dashboard),
          answers: true,
        })),
      ),
  );
  const ofAlerts = readAlerts().map(({ file, alert, expr }) => ({
    place: `${file}: ${alert}`,
    expr,
    answers: false,
  }));
  return [...ofPanels, ...ofAlerts];
}

/** What Prometheus finds in a run, by expression and by selector. */
interface Found {
  expressions: { place: string; selectors: string[]; hasSeries: boolean; answers: boolean }[];
  selectors: Map<string, boolean>;
}

async function look(prometheus: Prometheus): Promise<Found> {
  const selectors = new Map<string, boolean>();
  const expressions: Found["expressions"] = [];
  for (const { place, expr, answers } of shippedExpressions()) {
    const read = await prometheus.selectors(expr);
    for (const selector of read) {
      selectors.set(selector, (await prometheus.query(selector)).length > 0);
    }
    const hasSeries = (await prometheus.query(expr)).length > 0;
    expressions.push({ place, selectors: read, hasSeries, answers });
  }
  return { expressions, selectors };
}

const isAbsent = (selector: string) => notInLocalRun.some((row) => row.selector.test(selector));

describe("dashboards and alerts over a local run, scraped by Prometheus", function () {
  this.timeout(buildTimeoutMs + runTimeoutMs);
  let found: Found;
  let ratios: Series[];
  let served: Series[];
  let kept: Series[];

  before(async () => {
    const ruleFiles = filesIn(alertsFolder, ".yaml").map((file) => join(alertsFolder, file));
    found = await withPrometheus(
      [],
      (prometheus) =>
        withMonitoredRun(prometheus, async (addresses) => {
          await sendOddEvents(addresses);
          await prometheus.waitForScrapes();
          await sleep(settleMs);
          ratios = await prometheus.query("inference_capture_ratio");
          served = await prometheus.query("sum(kn_serving_invocation_duration_seconds_count)");
          kept = await prometheus.query(
            'sum(inference_table_events_received_total{type="request"})',
          );
          return look(prometheus);
        }),
      { ruleFiles },
    );
  });

  it("asks for nothing that neither the run nor the table of a cluster's series has", () => {
    const missing = found.expressions.flatMap(({ place, selectors }) =>
      selectors
        .filter((selector) => !isAbsent(selector) && found.selectors.get(selector) !== true)
        .map((selector) => `${place}: ${selector}`),
    );
    assert.deepEqual(missing, []);
  });

  it("answers every panel whose series the run has", () => {
    const own = found.expressions.filter(
      ({ selectors, answers }) => answers && !selectors.some(isAbsent),
    );
    assert.ok(own.length > 0);
    const empty = own.filter(({ hasSeries }) => !hasSeries).map(({ place }) => place);
    assert.deepEqual(empty, []);
  });

  it("has a table of a cluster's series in which every row is needed and true", () => {
    const selectors = [...found.selectors];
    for (const { selector: pattern, reason } of notInLocalRun) {
      const matching = selectors.filter(([selector]) => pattern.test(selector));
      assert.ok(matching.length > 0, `nothing asks for ${pattern} (${reason})`);
      const there = matching.filter(([, hasSeries]) => hasSeries).map(([selector]) => selector);
      assert.deepEqual(there, [], `the local run has ${pattern}, though ${reason}`);
    }
  });

  it("keeps exactly the requests that the model's pod served, and has their ratio", () => {
    const last = ([series]: Series[]) => Number(series?.values.at(-1)?.[1]);
    assert.equal(last(kept), last(served));
    assert.ok(last(served) >= 200, `${last(served)} served`);
    assert.equal(ratios.length, 1, "one revision has served");
    assert.match(ratios[0]!.metric["kn_revision_name"]!, /-predictor-00001$/);
  });
});
