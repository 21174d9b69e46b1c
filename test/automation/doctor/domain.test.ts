import assert from "node:assert/strict";
import { examineDomain } from "../../../automation/doctor/domain";
import { Severity } from "../../../automation/doctor/finding";

const domain = "models.acme.org";
const fails = (code: string) => async (): Promise<string[]> => {
  throw Object.assign(new Error(`query ${code}`), { code });
};

describe("mlp doctor on DNS", () => {
  for (const [what, gateway, resolve, severity] of [
    ["leads to the gateway", "10.0.0.4", async () => ["10.0.0.4"], Severity.Good],
    ["leads elsewhere", "10.0.0.4", async () => ["10.0.0.9"], Severity.Failure],
    ["is there before the gateway is known", undefined, async () => ["10.0.0.9"], Severity.Good],
    ["isn't there", "10.0.0.4", fails("ENOTFOUND"), Severity.Failure],
    ["isn't there before the first up", undefined, fails("ENODATA"), Severity.Warning],
    ["couldn't be asked for", "10.0.0.4", fails("ETIMEOUT"), Severity.NotChecked],
  ] as const) {
    it(`finds ${severity} a record that ${what}`, async () => {
      const asked: string[] = [];
      const [finding, ...others] = await examineDomain(domain, gateway, (host) => {
        asked.push(host);
        return resolve();
      });
      assert.deepEqual([finding!.severity, others], [severity, []]);
      assert.deepEqual(asked, [`doctor.${domain}`]);
      if (severity === Severity.Failure) {
        assert.match(finding!.remedy!, /\*\.models\.acme\.org of type A .*10\.0\.0\.4/);
      }
    });
  }
});
