import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { UserError } from "../../screen/userError";
import { choosePorts, isPortFree } from "./ports";

describe("ports of a local run", () => {
  it("gives each listener a free port of its own, below the ephemeral range", async () => {
    const ports = Object.values(await choosePorts());
    assert.equal(new Set(ports).size, ports.length);
    assert.ok(ports.every((port) => port >= 20_000 && port < 32_768));
  });

  it("gives two runs that start at once no port in common, before either opens one", async () => {
    const runs = await Promise.all(Array.from({ length: 40 }, () => choosePorts()));
    const all = runs.flatMap((ports) => Object.values(ports));
    assert.equal(new Set(all).size, all.length);
  });

  for (const host of ["127.0.0.1", "0.0.0.0"]) {
    it(`sees that a port is taken by a listener on ${host}`, async () => {
      const server = createServer().listen(0, host);
      await new Promise((resolve) => server.once("listening", resolve));
      const { port } = server.address() as AddressInfo;
      try {
        assert.equal(await isPortFree(port), false);
        await assert.rejects(choosePorts(port), (error: UserError) => {
          assert.match(error.message, new RegExp(`port ${port}.* is taken`));
          assert.match(error.problems[0]?.remedy ?? "", /--port-base/);
          return true;
        });
      } finally {
        server.close();
      }
    });
  }

  it("refuses a block that leaves the range of ports", async () => {
    await assert.rejects(choosePorts(65_530), /--port-base must be a whole number/);
    await assert.rejects(choosePorts(80), /got 80/);
  });
});
