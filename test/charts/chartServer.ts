import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a request is answered with instead of what is there. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * An OCI registry and a classic chart repository in one, on loopback. The registry asks for a token
 * and hands it to everyone, as public registries do. It has every chart at every version: the
 * archive of `name` at `version` is the text `name version`.
 */
export class ChartServer {
  /** Requests as `METHOD path`. */
  readonly requests: string[] = [];
  fault: Fault = () => false;
  /** Charts and versions of the repository's index. */
  index: [name: string, version: string][] = [];
  private readonly server = createServer((request, response) => {
    this.requests.push(`${request.method} ${request.url}`);
    if (!this.fault(request, response)) {
      this.answer(request, response);
    }
  });

  async start(): Promise<void> {
    await new Promise<void>((done) => this.server.listen(0, "127.0.0.1", done));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private answer({ url, headers }: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(url!, "http://loopback");
    const oci = /^\/v2\/(?<path>.+)\/(?<kind>manifests|blobs)\/(?<what>[^/]+)$/.exec(pathname);
    if (pathname === "/token") {
      send(response, 200, JSON.stringify({ token: `for ${searchParams.get("scope")}` }));
    } else if (oci) {
      const { path, kind, what } = oci.groups as Record<string, string>;
      const scope = `repository:${path}:pull`;
      if (headers.authorization !== `Bearer for ${scope}`) {
        response.setHeader(
          "www-authenticate",
          `Bearer realm="http://${this.host}/token",service="charts",scope="${scope}"`,
        );
        send(response, 401, "{}");
      } else if (kind === "manifests") {
        this.sendManifest(response, path!, what!);
      } else {
        this.sendBlob(response, what!);
      }
    } else if (pathname === "/charts/index.yaml") {
      send(response, 200, this.indexFile());
    } else if (pathname.endsWith(".tgz")) {
      const [, name, version] = /\/([^/]+?)-(v?\d[^/]*)\.tgz$/.exec(pathname)!;
      send(response, 200, archive(name!, version!));
    } else {
      send(response, 404, "not here");
    }
  }

  /** Archives by digest, known once their manifest was sent. */
  private readonly blobs = new Map<string, string>();

  private sendManifest(response: ServerResponse, path: string, tag: string): void {
    const text = archive(path.split("/").at(-1)!, tag.replaceAll("_", "+"));
    this.blobs.set(sha256(text), text);
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.cncf.helm.config.v1+json" },
      layers: [
        {
          mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
          digest: sha256(text),
          size: text.length,
        },
      ],
    });
    response.setHeader("docker-content-digest", sha256(manifest));
    send(response, 200, manifest);
  }

  private sendBlob(response: ServerResponse, digest: string): void {
    const text = this.blobs.get(digest);
    send(response, text === undefined ? 404 : 200, text ?? "not here");
  }

  private indexFile(): string {
    const names = [...new Set(this.index.map(([name]) => name))];
    const entries = names.map((name) => {
      const versions = this.index.filter(([other]) => other === name);
      return `  ${name}:\n${versions.map(([, version]) => indexEntry(name, version)).join("")}`;
    });
    return `apiVersion: v1\nentries:\n${entries.join("")}generated: "2026-01-01T00:00:00Z"\n`;
  }
}

/** One version as Helm writes it into an index. */
function indexEntry(name: string, version: string): string {
  return [
    `  - apiVersion: v2`,
    `    description: |-`,
    `      entries:`,
    ``,
    `      of ${name}`,
    `    digest: ${sha256(archive(name, version)).slice("sha256:".length)}`,
    `    name: ${name}`,
    `    urls:`,
    `    - archives/${name}-${version}.tgz`,
    `    version: ${version}`,
    ``,
  ].join("\n");
}

/** Bytes of a chart's archive. */
export function archive(name: string, version: string): string {
  return `${name} ${version}`;
}

/** Digest of a text. */
export function sha256(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** Answers a request. */
export function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status).end(body);
}
