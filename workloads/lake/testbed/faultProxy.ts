import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What becomes of a request on its way to the store. */
export enum StoreFault {
  /** 500 InternalError, without a word to the store. */
  InternalError = "InternalError",
  /** 503 SlowDown. */
  SlowDown = "SlowDown",
  /** The connection breaks in the middle of the body. */
  Reset = "Reset",
  /** 200 with the ETag of other bytes; the store never hears of it. */
  WrongEtag = "WrongEtag",
  /** One byte of the body is another one when it reaches the store. */
  Damaged = "Damaged",
  /** The store does it, and its answer is lost with the connection. */
  LostAnswer = "LostAnswer",
  /** The store does it, and no answer ever comes. */
  Silence = "Silence",
  /** The answer comes a byte a second. */
  SlowLoris = "SlowLoris",
}

/** An HTTP proxy before a real store that treats chosen requests badly and passes on all others. */
export interface FaultProxy {
  endpoint: string;
  /** Treats the next `count` writes of objects whose key begins with `prefix` so. */
  spoil(fault: StoreFault, count: number, prefix: string): void;
  /** Requests that were treated badly so far. */
  spoiled(): number;
  stop(): Promise<void>;
}

const lorisMs = 1_000;

/** Starts a proxy to a store on loopback. */
export async function startFaultProxy(targetEndpoint: string): Promise<FaultProxy> {
  const target = new URL(targetEndpoint);
  let fault: StoreFault | undefined;
  let prefix = "";
  let left = 0;
  let spoiled = 0;

  function faultOf({ method, url }: http.IncomingMessage): StoreFault | undefined {
    const key = decodeURIComponent(new URL(url!, targetEndpoint).pathname).split("/").slice(2);
    if (left === 0 || method !== "PUT" || !key.join("/").startsWith(prefix)) {
      return undefined;
    }
    left -= 1;
    spoiled += 1;
    return fault;
  }

  function forward(
    { method, url, headers }: http.IncomingMessage,
    body: Buffer,
  ): Promise<{ answer: http.IncomingMessage; body: Buffer }> {
    return new Promise((resolve, reject) => {
      // The signature covers the host that the client meant, so it stays.
      const passed = { ...headers };
      // The whole body is here: nobody waits for a word to go on.
      delete passed.expect;
      const place = { host: target.hostname, port: target.port, method, path: url };
      const request = http.request({ ...place, headers: passed }, (answer) => {
        bytesOf(answer).then((bytes) => resolve({ answer, body: bytes }), reject);
      });
      request.once("error", reject);
      request.end(body);
    });
  }

  async function handle(
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<void> {
    const treatment = faultOf(request);
    if (treatment === StoreFault.Reset) {
      request.once("data", () => request.socket.destroy());
      return;
    }
    const body = await bytesOf(request);
    if (treatment === StoreFault.InternalError || treatment === StoreFault.SlowDown) {
      response.statusCode = treatment === StoreFault.SlowDown ? 503 : 500;
      response.setHeader("content-type", "application/xml");
      response.end(`<Error><Code>${treatment}</Code><Message>spoiled</Message></Error>`);
      return;
    }
    if (treatment === StoreFault.WrongEtag) {
      response.setHeader("etag", '"d41d8cd98f00b204e9800998ecf8427e"');
      response.end();
      return;
    }
    if (treatment === StoreFault.Damaged) {
      body[body.length >> 1]! ^= 1;
    }
    const { answer, body: answered } = await forward(request, body);
    if (treatment === StoreFault.LostAnswer) {
      request.socket.destroy();
    } else if (treatment === StoreFault.SlowLoris) {
      await drip(response, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    } else if (treatment !== StoreFault.Silence) {
      response.writeHead(answer.statusCode!, answer.rawHeaders);
      response.end(answered);
    }
  }

  const server = http.createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spoil(next, count, keys) {
      fault = next;
      left = count;
      prefix = keys;
    },
    spoiled: () => spoiled,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function bytesOf(message: http.IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) {
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces);
}

async function drip({ socket }: http.ServerResponse, text: string): Promise<void> {
  for (const byte of Buffer.from(text)) {
    if (socket === null || socket.destroyed) {
      return;
    }
    socket.write(Buffer.of(byte));
    await sleep(lorisMs);
  }
}
