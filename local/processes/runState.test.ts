import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withoutCredentials } from "../lifecycle/gitState";
import { predictionBody } from "../lifecycle/predictions";
import { bootId } from "./processTable";
import { StateDirectory, identityOf } from "./runState";

describe("state of a local run", () => {
  let clone: string;
  beforeEach(() => (clone = mkdtempSync(join(tmpdir(), "mlp-test-"))));
  afterEach(() => {
    new StateDirectory(clone).discard();
    rmSync(clone, { recursive: true });
  });

  it("lets one run at a time into a clone, and another into a second clone", () => {
    const first = new StateDirectory(clone);
    first.lock();
    assert.throws(() => new StateDirectory(clone).lock(), /another run works in this clone/);
    const second = new StateDirectory(join(clone, "second"));
    second.lock();
    second.unlock();
    first.unlock();
    new StateDirectory(clone).lock();
  });

  const gone = [
    { reason: "ended", holder: { pid: 2 ** 22 + 5, startTime: 1, bootId: bootId() } },
    {
      reason: "gave its pid to another process",
      holder: { pid: process.pid, startTime: 1, bootId: bootId() },
    },
    { reason: "ran before a reboot", holder: { ...identityOf(process.pid), bootId: "earlier" } },
  ];
  for (const { reason, holder } of gone) {
    it(`takes over the lock of a run that ${reason}`, () => {
      const state = new StateDirectory(clone);
      mkdirSync(state.root, { recursive: true });
      writeFileSync(join(state.root, "lock"), JSON.stringify(holder));
      assert.equal(state.lockHolder(), undefined);
      state.lock();
      assert.equal(state.lockHolder()?.pid, process.pid);
    });
  }

  it("begins from nothing: the files of an earlier run go, those outside its folder too", () => {
    const state = new StateDirectory(clone);
    const earlier = state.begin();
    writeFileSync(join(state.run, "half-written"), "");
    writeFileSync(join(earlier.outside[0] as string, "data"), "");
    const record = state.begin();
    assert.notEqual(record.runId, earlier.runId);
    assert.equal(existsSync(join(state.run, "half-written")), false);
    assert.equal(existsSync(earlier.outside[0] as string), false);
    assert.equal(existsSync(record.outside[0] as string), true);
  });

  it("keeps its record from other users", () => {
    const state = new StateDirectory(clone);
    state.begin();
    assert.equal(statSync(join(state.run, "run.json")).mode & 0o777, 0o600);
  });

  it("claims no process of an earlier boot", () => {
    const state = new StateDirectory(clone);
    const record = { ...state.begin(), bootId: "earlier", services: [] };
    assert.deepEqual(state.remaining(record), []);
  });
});

describe("small parts of a local run", () => {
  it("writes a remote without the token in it", () => {
    assert.equal(withoutCredentials("https://user:token@host/a.git"), "https://host/a.git");
    assert.equal(withoutCredentials("git@host:a.git"), "git@host:a.git");
  });

  it("asks over v1 and v2 in turn, with the rows of the dataset", () => {
    const data = {
      features: ["a", "b"],
      rows: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    };
    assert.deepEqual(predictionBody(data, 0), {
      path: "v1",
      body: Buffer.from('{"instances":[[1,2]]}'),
    });
    const { path: protocol, body } = predictionBody(data, 4);
    assert.equal(protocol, "v1");
    assert.equal(body.toString(), '{"instances":[[3,4]]}');
    assert.match(predictionBody(data, 5).body.toString(), /"shape":\[1,2\].*"data":\[5,6\]/);
  });
});
