import assert from "node:assert/strict";
import type { EngineState } from "../../preview/engine/previewStack";
import type { ProgramRun } from "../../preview/engine/programRun";
import { messages, named, runFixture } from "./fixtures";

const operations = (result: ProgramRun) =>
  Object.fromEntries(
    result.resources
      .filter(({ operation }) => operation !== "same")
      .map(({ name, operation }) => [name, operation]),
  );

describe("engine, changes against a state", () => {
  let state: EngineState;

  before(async () => {
    ({ state } = await runFixture("changes", { mode: "up" }));
  });

  afterEach(() => {
    for (const key of ["CHANGES_NAMES", "CHANGES_LENGTH", "CHANGES_RENAMED"]) {
      Reflect.deleteProperty(process.env, key);
    }
  });

  it("previews nothing to do where nothing changed, and leaves the state alone", async () => {
    const run = await runFixture("changes", { state });
    assert.deepEqual(operations(run.result), {});
    assert.equal(run.state, state);
  });

  it("tells updates from what stays, and keeps the old value of an ignored input", async () => {
    process.env.CHANGES_LENGTH = "9";
    const { result } = await runFixture("changes", { state });
    assert.deepEqual(operations(result), { one: "update", two: "update" });
    assert.deepEqual(named(result, "kept").inputs, { length: 8 });
  });

  it("deletes what the program no longer has, and drops it from the state", async () => {
    process.env.CHANGES_NAMES = "one,three";
    const run = await runFixture("changes", { mode: "up", state });
    assert.deepEqual(operations(run.result), { three: "create", two: "delete" });
    const names = run.state.resources.map(({ name }) => name);
    assert.ok(names.includes("three") && !names.includes("two"));
  });

  it("follows aliases of a component down to its children", async () => {
    process.env.CHANGES_RENAMED = "true";
    const run = await runFixture("changes", { mode: "up", state });
    assert.deepEqual(operations(run.result), {});
    const result = (of: EngineState, name: string) =>
      of.resources.find((resource) => resource.name === name)?.outputs.result;
    assert.ok(result(state, "before-password") !== undefined);
    assert.deepEqual(result(run.state, "after-password"), result(state, "before-password"));
  });

  it("refuses to delete what is protected, and keeps it in the state", async () => {
    process.env.CHANGES_NAMES = "guarded";
    const guarded = (await runFixture("changes", { mode: "up" })).state;
    process.env.CHANGES_NAMES = "one";
    const run = await runFixture("changes", { mode: "up", state: guarded });
    const urn = "urn:pulumi:test::changes::random:index/randomString:RandomString::guarded";
    assert.deepEqual(messages(run.result), [
      `resource '${urn}' cannot be deleted because it is protected. Remove the protect ` +
        "option and run an update before the resource is taken out of the program.",
    ]);
    assert.equal(run.result.succeeded, false);
    assert.ok(run.state.resources.some((resource) => resource.urn === urn));
  });
});
