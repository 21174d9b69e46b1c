import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import {
  type ProcessInfo,
  runMarker,
  bootId,
  isAlive,
  isLoopback,
  listenersOf,
  ownProcesses,
  readProcess,
  readProcessTable,
  readableAddress,
} from "./processTable";

function info(pid: number, parent: number, session: number, startTime: number): ProcessInfo {
  return { pid, parent, session, startTime, zombie: false, command: "x" };
}

describe("process table", () => {
  it("knows a process by its start time, not by its pid alone", () => {
    const self = readProcess(process.pid) as ProcessInfo;
    assert.equal(isAlive(self), true);
    assert.equal(isAlive({ pid: self.pid, startTime: self.startTime - 1 }), false);
    assert.equal(readProcess(2 ** 22 + 1), undefined);
  });

  const run = { runId: "r", bootId: "b", processes: [{ pid: 100, startTime: 50 }] };
  const nobody = () => false;
  const cases: [string, ProcessInfo[], (pid: number) => boolean, number[]][] = [
    ["the started process", [info(100, 1, 100, 50)], nobody, [100]],
    ["its session after it died", [info(101, 1, 100, 60)], nobody, [101]],
    [
      "children in a session of their own",
      [info(100, 1, 100, 50), info(102, 100, 102, 60)],
      nobody,
      [100, 102],
    ],
    [
      "a marked process that lost its parent and session",
      [info(103, 1, 103, 70)],
      (pid) => pid === 103,
      [103],
    ],
    ["not a stranger with the same pid, started later", [info(100, 1, 100, 99)], nobody, []],
    ["not a stranger's children", [info(100, 1, 100, 99), info(104, 100, 100, 120)], nobody, []],
    ["not a session older than the run", [info(105, 1, 100, 40)], nobody, []],
    ["not other processes", [info(200, 1, 200, 55)], nobody, []],
  ];
  for (const [claim, table, marked, expected] of cases) {
    it(`counts as the run's own: ${claim}`, () => {
      const found = ownProcesses(run, table, marked).map(({ pid }) => pid);
      assert.deepEqual(found, expected);
    });
  }

  it("finds a real process by its marker, through a session of its own and a lost parent", async () => {
    const runId = `test-${process.pid}-${Date.now()}`;
    // The shell ends at once; what it leaves behind has become `sleep`.
    const script =
      "setsid bash -c 'exec sleep 60' & while [ \"$(cat /proc/$!/comm)\" != sleep ]; do :; done";
    const env = { ...process.env, [runMarker]: runId };
    const shell = spawn("bash", ["-c", script], { env, stdio: "ignore" });
    await new Promise((resolve) => shell.once("exit", resolve));
    const found = ownProcesses({ runId, bootId: bootId(), processes: [] });
    try {
      assert.deepEqual(
        found.map(({ command }) => command),
        ["sleep"],
      );
    } finally {
      found.forEach(({ pid }) => process.kill(pid, "SIGKILL"));
    }
  });

  it("reads listeners with their addresses from the kernel", async () => {
    const servers = [createServer().listen(0, "127.0.0.1"), createServer().listen(0, "0.0.0.0")];
    try {
      await Promise.all(
        servers.map((server) => new Promise((done) => server.once("listening", done))),
      );
      const self = readProcessTable().filter(({ pid }) => pid === process.pid);
      for (const [index, address] of ["127.0.0.1", "0.0.0.0"].entries()) {
        const { port } = servers[index]?.address() as AddressInfo;
        const found = listenersOf(self).find((each) => each.port === port);
        assert.equal(found?.address, address);
      }
    } finally {
      servers.forEach((server) => server.close());
    }
  });

  it("reads the kernel's addresses", () => {
    assert.equal(readableAddress("0100007F"), "127.0.0.1");
    assert.equal(readableAddress("00000000"), "0.0.0.0");
    assert.equal(readableAddress("00000000000000000000000001000000"), "::1");
    assert.equal(readableAddress("00000000000000000000000000000000"), "::");
    assert.equal(readableAddress("0000000000000000FFFF00000100007F"), "::ffff:127.0.0.1");
    assert.equal(readableAddress("B80D0120000000000000000001000000"), "2001:db8:0:0:0:0:0:1");
    const loopback = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"];
    assert.deepEqual(loopback.map(isLoopback), [true, true, true, true]);
    assert.deepEqual(
      ["0.0.0.0", "::", "192.0.2.1", "2001:db8::1"].map(isLoopback),
      Array(4).fill(false),
    );
  });
});
