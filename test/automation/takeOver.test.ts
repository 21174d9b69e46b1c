import assert from "node:assert/strict";
import type { ExportedStack } from "../../automation/stacks/stackState";
import { decided } from "../../automation/stacks/takeOver";
import type { StateEntry } from "../../automation/stacks/stackState";
import { UserError } from "../../screen/userError";

const urn = (name: string) => `urn:pulumi:dev::mlplatform::azure-native:storage:Account::${name}`;
const entry = (name: string, id?: string): StateEntry => ({
  urn: urn(name),
  type: "azure-native:storage:Account",
  ...(id !== undefined && { id }),
});

/** A stack in which `kept` is there and operations on other resources were cut off. */
const cutOff = (...pending: [type: string, resource: StateEntry][]) => ({
  version: 3,
  deployment: {
    manifest: { magic: "m" },
    resources: [entry("kept", "/kept")],
    pending_operations: pending.map(([type, resource]) => ({ type, resource })),
  },
});
const decide = (
  state: ExportedStack,
  { ids = {}, forgotten = [] }: { ids?: Record<string, string>; forgotten?: string[] },
) => decided(state, { ids: new Map(Object.entries(ids)), forgotten: new Set(forgotten) });

describe("the state after a run that was cut off", () => {
  it("holds what is taken over under its id, and not what is forgotten", () => {
    const state = cutOff(["creating", entry("made")], ["creating", entry("missing")]);
    const after = decide(state, {
      ids: { [urn("made")]: "/made=1" },
      forgotten: [urn("missing")],
    });
    assert.deepEqual(after, {
      version: 3,
      deployment: {
        manifest: { magic: "m" },
        resources: [entry("kept", "/kept"), entry("made", "/made=1")],
        pending_operations: [],
      },
    });
  });

  it("keeps a resource whose update or deletion was cut off: the refresh looks at it", () => {
    const after = decide(
      cutOff(["updating", entry("kept", "/kept")], ["deleting", entry("kept", "/kept")]),
      {},
    );
    assert.deepEqual(after.deployment, {
      manifest: { magic: "m" },
      resources: [entry("kept", "/kept")],
      pending_operations: [],
    });
  });

  it("leaves what was being replaced to be deleted, before what depends on it", () => {
    const dependent = { ...entry("dependent", "/dependent"), dependencies: [urn("kept")] };
    const state = cutOff(["creating", entry("kept")]);
    state.deployment.resources.push(dependent);
    const after = decide(state, { ids: { [urn("kept")]: "/replacement" } });
    assert.deepEqual(after.deployment.resources, [
      entry("kept", "/replacement"),
      { ...entry("kept", "/kept"), delete: true },
      dependent,
    ]);
  });

  it("holds the replacement of what was deleted first, in its place", () => {
    const state = cutOff(["creating", entry("kept")]);
    state.deployment.resources = [
      { ...entry("kept", "/kept"), pendingReplacement: true },
      entry("other", "/other"),
    ];
    const after = decide(state, { ids: { [urn("kept")]: "/replacement" } });
    assert.deepEqual(after.deployment.resources, [
      entry("kept", "/replacement"),
      entry("other", "/other"),
    ]);
  });

  it("keeps a replacement whose predecessor was being deleted", () => {
    const old = { ...entry("kept", "/old"), delete: true };
    const state = cutOff(["deleting", old]);
    state.deployment.resources.push(old);
    const after = decide(state, { forgotten: [urn("kept")] });
    assert.deepEqual(after.deployment.resources, [entry("kept", "/kept"), old]);
    assert.throws(
      () => decide(state, { ids: { [urn("kept")]: "/old" } }),
      /::kept was not being made: its id is in the state/,
    );
  });

  it("is not written where a resource is both taken over and forgotten", () => {
    const state = cutOff(["creating", entry("made")]);
    assert.throws(
      () => decide(state, { ids: { [urn("made")]: "/made" }, forgotten: [urn("made")] }),
      /::made is both taken over and forgotten/,
    );
  });

  it("is not written while a resource is undecided, or a decision is about none", () => {
    const state = cutOff(["creating", entry("made")], ["creating", entry("missing")]);
    assert.throws(
      () => decide(state, { ids: { [urn("mad")]: "/made" }, forgotten: [urn("missing")] }),
      (error: UserError) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, new RegExp(`no operation on ${urn("mad")} is pending`));
        assert.match(error.message, /--take-over '.*::made=<id>' or --forget '.*::made'/);
        assert.doesNotMatch(error.message, /::missing is neither/);
        return true;
      },
    );
  });
});
