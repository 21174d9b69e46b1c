import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP relay before a real server: it can be cut, and it can lose an answer. */
export interface Relay {
  endpoint: string;
  /** Refuses and breaks every connection until `restore`. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** Swallows the answer that comes after `others`, though the server has done the work. */
  loseAnswer(others?: number): void;
  lostAnswers(): number;
  stop(): Promise<void>;
}

/** Starts a relay to a server on loopback. */
export async function startRelay(targetEndpoint: string): Promise<Relay> {
  const target = Number(new URL(targetEndpoint).port);
  const sockets = new Set<Socket>();
  let others: number | undefined;
  let lost = 0;
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on("data", (chunk) => {
      // "100 Continue" is no answer yet.
      if (others !== undefined && /^HTTP\/1\.1 [2-5]/.test(chunk.toString("latin1"))) {
        others -= 1;
        if (others < 0) {
          others = undefined;
          lost += 1;
          return;
        }
      }
      client.write(chunk);
    });
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const cut = async () => {
    const isClosed = new Promise<void>((resolve) => server.close(() => resolve()));
    sockets.forEach((socket) => socket.destroy());
    await isClosed;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    cut,
    restore: () => listen(port),
    loseAnswer: (count = 0) => (others = count),
    lostAnswers: () => lost,
    stop: () => (server.listening ? cut() : Promise.resolve()),
  };
}
