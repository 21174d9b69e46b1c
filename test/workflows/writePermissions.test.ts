import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";

const root = resolve(__dirname, "../..");
const folders = [".github/workflows", "workloads/projectTemplate/.github/workflows"];
const onMain = /^github\.ref == 'refs\/heads\/main'$/;

const workflows = folders.flatMap((folder) =>
  readdirSync(join(root, folder)).map((file) => ({
    file: `${folder}/${file}`,
    workflow: parse(readFileSync(join(root, folder, file), "utf8")),
  })),
);

/** Jobs that a pull request starts, with the permissions that they hold. */
const ofPullRequests = workflows
  .filter(({ workflow }) => "pull_request" in workflow.on)
  .flatMap(({ file, workflow }) =>
    Object.entries<any>(workflow.jobs)
      .filter(([, job]) => !onMain.test(job.if ?? ""))
      .map(([name, job]) => ({
        job,
        name: `${file} ${name}`,
        writes: Object.entries(job.permissions ?? workflow.permissions)
          .filter(([, right]) => right !== "read")
          .map(([what]) => what),
      })),
  );

describe("what the jobs of a pull request may write", () => {
  it("is nothing where they run what it brings", () => {
    assert.ok(ofPullRequests.length >= 4);
    for (const { name, job, writes } of ofPullRequests) {
      const runsItsCode = job.steps.some(({ uses = "" }) => /^(actions\/checkout@|\.)/.test(uses));
      assert.ok(runsItsCode || writes.length > 0, `${name} has no use`);
      assert.deepEqual(runsItsCode ? writes : [], [], name);
    }
  });

  it("is asked for by name in every workflow", () => {
    for (const { file, workflow } of workflows) {
      assert.equal(typeof workflow.permissions, "object", file);
      assert.ok(!("pull_request_target" in workflow.on), `${file} runs with the target's rights`);
      assert.ok(!("workflow_run" in workflow.on), `${file} runs with the target's rights`);
    }
  });

  it("includes the comment of a preview, whose text comes as a file", () => {
    const comment = ofPullRequests.find(({ name }) => name.endsWith("preview.yml comment"))!;
    assert.deepEqual(comment.writes, ["pull-requests"]);
    assert.doesNotMatch(
      JSON.stringify(comment.job.steps),
      /\$\{\{[^}]*(title|body|head_ref|head\.ref)/,
    );
  });
});
