import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";

const template = resolve(__dirname, "../../../workloads/projectTemplate");
const read = (file: string) => readFileSync(join(template, file), "utf8");
/** A node that starts from nothing, and pulls a large image. */
const wakeUpSeconds = 15 * 60;

for (const name of ["train", "deploy"]) {
  describe(`the project template's workflow ${name}`, () => {
    const text = read(`.github/workflows/${name}.yml`);
    const jobs = Object.values<Record<string, any>>(parse(text).jobs);

    it("runs where the project's variable says, if it speaks to the cluster", () => {
      assert.ok(jobs.length > 0);
      for (const job of jobs) {
        if (JSON.stringify(job["steps"]).includes("kubectl")) {
          assert.match(job["runs-on"], /^\$\{\{ vars\.RUNNER \|\| '[\w.-]+' \}\}$/);
        }
      }
    });

    it("waits for pods longer than a node takes to wake up", () => {
      const waits = [...text.matchAll(/kubectl wait .*--timeout=(?<minutes>\d+)m/g)];
      assert.equal(waits.length, name === "deploy" ? 2 : 0);
      const seconds = waits.map(({ groups }) => Number(groups!["minutes"]) * 60);
      assert.ok(
        seconds.every((limit) => limit > wakeUpSeconds),
        seconds.join(),
      );
      const [job] = jobs;
      const all = seconds.reduce((sum, limit) => sum + limit, 0);
      assert.ok(job!["timeout-minutes"] * 60 > all, "the job ends before its waits");
    });
  });
}

describe("the project template's Job that looks a version up", () => {
  it("has time for a node that wakes up, and less than the workflow waits", () => {
    const { activeDeadlineSeconds } = parse(read("deploy/resolveModel.yaml")).spec;
    assert.ok(activeDeadlineSeconds > wakeUpSeconds);
    const [, minutes] = /kubectl wait "job.*--timeout=(\d+)m/.exec(
      read(".github/workflows/deploy.yml"),
    )!;
    assert.ok(activeDeadlineSeconds < Number(minutes) * 60);
  });
});
