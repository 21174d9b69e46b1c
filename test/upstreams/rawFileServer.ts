import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Fault, send } from "../charts/chartServer";
import { type UpstreamKind, pinnedFiles } from "./upstreamFiles";

/** GitHub's raw files of the pinned commits, on loopback. */
export class RawFileServer {
  /** Paths asked for. */
  readonly requests: string[] = [];
  fault: Fault = () => false;
  readonly #files = new Map<string, string>();
  readonly #server = createServer((request, response) => {
    this.requests.push(request.url!);
    if (this.fault(request, response)) {
      return;
    }
    const file = this.#files.get(request.url!);
    if (file === undefined) {
      send(response, 404, "404: Not Found");
    } else {
      response.end(readFileSync(file));
    }
  });

  /** @param folder what is served of a kind, in the layout of its pinned files */
  add(kind: UpstreamKind, folder: string): void {
    for (const { repository, commit, path, file } of pinnedFiles(kind)) {
      this.#files.set(`/${repository}/${commit}/${path}`, join(folder, file));
    }
  }

  async start(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
}
