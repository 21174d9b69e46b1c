import { randomInt } from "node:crypto";
import { createServer } from "node:net";

// Below the range that Linux takes outgoing connections' ports from (32768), and below that of
// local/processes/ports.ts.
const lowestPort = 10_000;
const highestPort = 19_999;

/**
 * Ports of loopback that nothing listens on. The kernel's own choice (port 0) won't do for a
 * program that binds later: any outgoing connection of the machine may be given the same port
 * meanwhile.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(lowestPort, highestPort + 1);
    if (await isFree(port)) {
      ports.add(port);
    }
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
