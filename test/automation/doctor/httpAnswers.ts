import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A server of this machine for one test. Returns what `use` returns. */
export async function withServer<T>(
  handle: (request: IncomingMessage, response: ServerResponse, origin: string) => void,
  use: (origin: string) => Promise<T>,
): Promise<T> {
  let origin = "";
  const server = createServer((request, response) => handle(request, response, origin));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    return await use(origin);
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}
