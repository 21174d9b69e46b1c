import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { prometheusValues } from "../../components/observabilityStack/values";
import { buildTimeoutMs, buildMonitoringTools, type MonitoringTools } from "./monitoringTools";
import { type Dashboard, fillVariables, type Panel, readDashboards } from "./shippedMonitoring";

const run = promisify(execFile);

/** Every query that Prometheus gets from a dashboard, variables filled in. */
function prometheusQueries(dashboard: Dashboard): { name: string; expr: string }[] {
  const ofPanels = dashboard.panels
    .filter(({ datasource }) => datasource?.type === "prometheus")
    .flatMap(({ title, targets }) =>
      targets.map(({ refId, expr }) => ({ name: `${title} ${refId}`, expr })),
    );
  const ofVariables = dashboard.templating.list
    .filter(({ datasource }) => datasource?.type === "prometheus")
    .map(({ name, query }) => {
      const selector = /^label_values\((.+), \w+\)$/.exec(query?.query ?? "")?.[1];
      assert.ok(
        selector,
        `${dashboard.file}: variable ${name} is no label_values(selector, label)`,
      );
      return { name: `variable ${name}`, expr: selector };
    });
  return [...ofPanels, ...ofVariables].map(({ name, expr }) => ({
    name,
    expr: fillVariables(expr, dashboard),
  }));
}

function overlap(one: Panel, other: Panel): boolean {
  const [a, b] = [one.gridPos, other.gridPos];
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

describe("dashboards", () => {
  const dashboards = readDashboards();
  let tools: MonitoringTools;

  before(async function () {
    this.timeout(buildTimeoutMs);
    tools = await buildMonitoringTools();
  });

  it("have addresses and titles of their own", () => {
    for (const key of ["uid", "title"] as const) {
      const values = dashboards.map((dashboard) => dashboard[key]);
      assert.deepEqual(values, [...new Set(values)]);
    }
    dashboards.forEach(({ uid }) => assert.match(uid, /^mlplatform-[a-z-]{1,29}$/));
  });

  for (const dashboard of dashboards) {
    it(`${dashboard.file} reads data sources that the stack makes`, () => {
      const values = prometheusValues({ replicas: 1, retentionDays: 1, storageGiB: 1 });
      const { additionalDataSources: added } = values["grafana"] as {
        additionalDataSources: { type: string; uid: string }[];
      };
      // The chart names its own data source: grafana.sidecar.datasources.uid, default "prometheus".
      const made = ["prometheus prometheus", ...added.map(({ type, uid }) => `${type} ${uid}`)];
      for (const { title, datasource } of dashboard.panels) {
        assert.ok(made.includes(`${datasource?.type} ${datasource?.uid}`), title);
      }
      for (const { name, datasource } of dashboard.templating.list) {
        assert.ok(made.includes(`${datasource?.type} ${datasource?.uid}`), `variable ${name}`);
      }
    });

    it(`${dashboard.file} has panels that differ and don't cover each other`, () => {
      const { panels } = dashboard;
      for (const key of ["id", "title"] as const) {
        const values = panels.map((panel) => panel[key]);
        assert.deepEqual(values, [...new Set(values)]);
      }
      for (const [index, panel] of panels.entries()) {
        assert.ok(panel.targets.length > 0, `${panel.title} has no query`);
        const refs = panel.targets.map(({ refId }) => refId);
        assert.deepEqual(refs, [...new Set(refs)], panel.title);
        assert.ok(panel.gridPos.x + panel.gridPos.w <= 24, `${panel.title} is too far right`);
        const covered = panels.slice(index + 1).filter((other) => overlap(panel, other));
        assert.deepEqual(
          covered.map(({ title }) => title),
          [],
          panel.title,
        );
      }
    });

    it(`${dashboard.file} has queries that promtool reads`, async () => {
      const queries = prometheusQueries(dashboard);
      assert.ok(queries.length > 0);
      const folder = mkdtempSync(join(tmpdir(), "mlplatform-dashboard-"));
      try {
        // promtool reads queries in rules only.
        const rules = queries.map(({ name, expr }, index) => ({
          record: `query_${index}`,
          expr,
          labels: { panel: name },
        }));
        const file = join(folder, "rules.json");
        writeFileSync(file, JSON.stringify({ groups: [{ name: dashboard.uid, rules }] }));
        const { stdout } = await run(tools.promtool, ["check", "rules", file]).catch(
          (error: { stderr: string }) => assert.fail(error.stderr),
        );
        assert.match(stdout, new RegExp(`SUCCESS: ${queries.length} rules found`));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});
