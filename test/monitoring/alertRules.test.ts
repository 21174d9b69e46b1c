import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { buildTimeoutMs, buildMonitoringTools, type MonitoringTools } from "./monitoringTools";
import {
  type Alert,
  alertTestsFolder,
  alertsFolder,
  filesIn,
  readAlerts,
  readRules,
} from "./shippedMonitoring";

const run = promisify(execFile);

/** What a program said that ended badly. */
interface Failed {
  stdout: string;
  stderr: string;
}

interface RuleTest {
  input_series?: { series: string }[];
  alert_rule_test?: { alertname: string; exp_alerts?: unknown[] }[];
}

/** The cases of an alert's test file that expect it to fire, or not to. */
function casesOf({ file, alert }: Alert, fires: boolean): RuleTest[] {
  const { tests } = parse(readFileSync(join(alertTestsFolder, file), "utf8")) as {
    tests: RuleTest[];
  };
  return tests.filter((test) =>
    (test.alert_rule_test ?? []).some(
      (expected) =>
        expected.alertname === alert && (expected.exp_alerts ?? []).length > 0 === fires,
    ),
  );
}

/** Whether a case has a series of a metric that the alert reads; without one it can't fail. */
function readsInput({ expr }: Alert, test: RuleTest): boolean {
  const words = new Set(expr.match(/[a-zA-Z_:][\w:]*/g));
  return (test.input_series ?? []).some(({ series }) => words.has(series.split("{")[0]!));
}

describe("alert rules", () => {
  const files = filesIn(alertsFolder, ".yaml");
  const alerts = readAlerts();
  let tools: MonitoringTools;

  before(async function () {
    this.timeout(buildTimeoutMs);
    tools = await buildMonitoringTools();
  });

  it("are well formed to promtool, without a finding of its linter", async () => {
    const paths = files.map((file) => join(alertsFolder, file));
    const { stdout } = await run(tools.promtool, ["check", "rules", "--lint-fatal", ...paths]);
    const found = [...stdout.matchAll(/SUCCESS: (\d+) rules found/g)].map(([, count]) => count);
    const total = found.reduce((sum, count) => sum + Number(count), 0);
    assert.equal(total, readRules().length);
    assert.ok(total > 0);
  });

  for (const file of files) {
    it(`of ${file} fire and stay silent as its cases say`, async () => {
      const tests = join(alertTestsFolder, file);
      const { rule_files: ruleFiles } = parse(readFileSync(tests, "utf8"));
      assert.deepEqual(ruleFiles, [relative(alertTestsFolder, join(alertsFolder, file))]);
      await run(tools.promtool, ["test", "rules", tests]).catch((error: Failed) =>
        assert.fail(error.stdout + error.stderr),
      );
    });
  }

  for (const alert of alerts) {
    it(`${alert.alert} has a case in which it fires, and one in which it could and doesn't`, () => {
      assert.ok(casesOf(alert, true).length > 0, "no case expects it to fire");
      const silent = casesOf(alert, false);
      assert.ok(silent.length > 0, "no case expects it not to fire");
      assert.ok(
        silent.some((test) => readsInput(alert, test)),
        "no case in which it is silent has a series that it reads",
      );
    });

    it(`${alert.alert} says how bad it is, what happened and what to do`, () => {
      assert.match(alert.labels?.["severity"] ?? "", /^(critical|warning|info)$/);
      assert.ok(alert.annotations?.["summary"]);
      assert.ok(alert.annotations?.["description"]);
    });
  }

  it("have names of their own", () => {
    const names = alerts.map(({ alert }) => alert);
    assert.deepEqual(names, [...new Set(names)]);
  });

  it("have no test of rules that are gone", () => {
    assert.deepEqual(filesIn(alertTestsFolder, ".yaml"), files);
    const known = new Set(alerts.map(({ alert }) => alert));
    const tested = files.flatMap((file) => {
      const { tests } = parse(readFileSync(join(alertTestsFolder, file), "utf8"));
      return (tests as RuleTest[]).flatMap((test) =>
        (test.alert_rule_test ?? []).map(({ alertname }) => alertname),
      );
    });
    assert.deepEqual(
      tested.filter((name) => !known.has(name)),
      [],
    );
  });
});
