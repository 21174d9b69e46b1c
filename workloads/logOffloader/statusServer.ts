import { createServer, type Server } from "node:http";

/**
 * Serves GET /healthz and /metrics. `/healthz` answers as long as the event loop turns: a lake that
 * is down is an alert, and a restart of the sidecar would not bring it back.
 */
export function makeStatusServer(metrics: () => Promise<string>): Server {
  return createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0];
    response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
    if (request.method !== "GET" || (path !== "/healthz" && path !== "/metrics")) {
      response.statusCode = 404;
      response.end("there are /healthz and /metrics\n");
      return;
    }
    (path === "/healthz" ? Promise.resolve("ok\n") : metrics()).then(
      (text) => response.end(text),
      (error: unknown) => {
        response.statusCode = 500;
        response.end(`${String(error)}\n`);
      },
    );
  });
}
