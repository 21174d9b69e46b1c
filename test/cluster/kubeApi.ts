import * as https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

const busyAttempts = 120;
const busyPauseMs = 500;

/** A Kubernetes object as it is sent or received. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name?: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    [key: string]: any;
  };
  [key: string]: any;
}

/** A refusal by the API server. */
export class Refusal extends Error {
  constructor(
    readonly code: number,
    /** The server's own words. */
    message: string,
    /** `reason` of the Status, such as `Invalid`. */
    readonly reason: string,
  ) {
    super(message);
    this.name = "Refusal";
  }
}

/** An answer with the warnings that came with it. */
export interface Answer {
  object: KubeObject;
  warnings: string[];
}

interface ResourceKind {
  plural: string;
  namespaced: boolean;
}

/**
 * The API server's REST interface, strict: a field that a kind does not declare is refused instead
 * of dropped. kubectl does the same for people; here hundreds of calls would each start a process.
 */
export class KubeApi {
  readonly #kinds = new Map<string, Promise<Map<string, ResourceKind>>>();
  readonly #agent: https.Agent;

  constructor(
    readonly url: string,
    ca: string,
    readonly token: string,
  ) {
    this.#agent = new https.Agent({ ca, keepAlive: true, maxSockets: 8 });
  }

  /** Server-side apply, with strict fields. `dryRun` checks and stores nothing. */
  async apply(object: KubeObject, dryRun = false): Promise<Answer> {
    const query = new URLSearchParams({
      fieldManager: "mlplatform-test",
      fieldValidation: "Strict",
      force: "true",
      ...(dryRun && { dryRun: "All" }),
    });
    const path = `${await this.path(object)}/${object.metadata.name}`;
    return this.call("PATCH", `${path}?${query}`, object, "application/apply-patch+yaml");
  }

  /** Creates an object, with strict fields; `generateName` works. */
  async create(object: KubeObject, dryRun = false): Promise<Answer> {
    const query = new URLSearchParams({
      fieldValidation: "Strict",
      ...(dryRun && { dryRun: "All" }),
    });
    return this.call("POST", `${await this.path(object)}?${query}`, object);
  }

  /** Reads an object again; undefined where it is gone. */
  async get(object: KubeObject): Promise<KubeObject | undefined> {
    try {
      const path = `${await this.path(object)}/${object.metadata.name}`;
      return (await this.call("GET", path)).object;
    } catch (error) {
      if (error instanceof Refusal && error.code === 404) {
        return undefined;
      }
      throw error;
    }
  }

  /** Deletes an object, its dependents in the background; one that is gone is no error. */
  async delete(object: KubeObject): Promise<void> {
    const path = `${await this.path(object)}/${object.metadata.name}`;
    try {
      await this.call("DELETE", `${path}?propagationPolicy=Background`);
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 404)) {
        throw error;
      }
    }
  }

  /** Every object of a kind, in all namespaces or in one. */
  async list(apiVersion: string, kind: string, namespace?: string): Promise<KubeObject[]> {
    const resource = await this.#kind(apiVersion, kind);
    const place = namespace ? `namespaces/${namespace}/` : "";
    const { object } = await this.call("GET", `${group(apiVersion)}/${place}${resource.plural}`);
    // The items of a list of Kubernetes' own kinds don't say what they are.
    return object.items.map((item: object) => ({ apiVersion, kind, ...item }));
  }

  /** Whether the server knows a kind. */
  async knows(apiVersion: string, kind: string): Promise<boolean> {
    try {
      await this.#kind(apiVersion, kind);
      return true;
    } catch (error) {
      if (error instanceof Refusal && error.code === 404) {
        return false;
      }
      throw error;
    }
  }

  /** Whether objects of this one's kind lie in namespaces. */
  async isNamespaced({ apiVersion, kind }: KubeObject): Promise<boolean> {
    return (await this.#kind(apiVersion, kind)).namespaced;
  }

  /** Path of the collection that an object belongs to. */
  async path({ apiVersion, kind, metadata }: KubeObject): Promise<string> {
    const { plural, namespaced } = await this.#kind(apiVersion, kind);
    const place = namespaced ? `namespaces/${metadata.namespace ?? "default"}/` : "";
    return `${group(apiVersion)}/${place}${plural}`;
  }

  /**
   * One request, sent again while the server asks for patience: a kind whose watch is starting up
   * answers 429, as every Kubernetes client knows.
   *
   * @throws Refusal for every answer that is not 2xx
   */
  async call(
    method: string,
    path: string,
    body?: unknown,
    contentType = "application/json",
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#send(method, path, body, contentType, headers);
      } catch (error) {
        const isBusy = error instanceof Refusal && error.code === 429;
        if (!isBusy || attempt === busyAttempts) {
          throw error;
        }
        await sleep(busyPauseMs);
      }
    }
  }

  #send(
    method: string,
    path: string,
    body: unknown,
    contentType: string,
    headers: Record<string, string>,
  ): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = https.request(
        `${this.url}${path}`,
        {
          method,
          agent: this.#agent,
          headers: {
            authorization: `Bearer ${this.token}`,
            accept: "application/json",
            ...(text !== undefined && { "content-type": contentType }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.once("error", reject);
          response.once("end", () => {
            const answer = Buffer.concat(chunks).toString("utf8");
            const code = response.statusCode!;
            if (code >= 300) {
              reject(refusal(code, answer));
              return;
            }
            const warnings = [response.headers["warning"] ?? []].flat() as string[];
            resolve({ object: parsed(answer), warnings });
          });
        },
      );
      request.once("error", reject);
      request.end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #kind(apiVersion: string, kind: string): Promise<ResourceKind> {
    if (!this.#kinds.has(apiVersion)) {
      this.#kinds.set(apiVersion, this.#discover(apiVersion));
    }
    let kinds: Map<string, ResourceKind>;
    try {
      kinds = await this.#kinds.get(apiVersion)!;
    } catch (error) {
      this.#kinds.delete(apiVersion);
      throw error;
    }
    const found = kinds.get(kind);
    if (!found) {
      // A CRD may have come since.
      this.#kinds.delete(apiVersion);
      throw new Refusal(404, `the API server has no kind ${kind} in ${apiVersion}`, "NotFound");
    }
    return found;
  }

  async #discover(apiVersion: string): Promise<Map<string, ResourceKind>> {
    const { object } = await this.call("GET", group(apiVersion));
    return new Map(
      object.resources
        .filter(({ name }: { name: string }) => !name.includes("/"))
        .map((resource: any) => [
          resource.kind,
          { plural: resource.name, namespaced: resource.namespaced },
        ]),
    );
  }
}

const group = (apiVersion: string) =>
  apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

/** Some paths, such as `/readyz`, answer plain text. */
const parsed = (text: string): KubeObject =>
  text.startsWith("{") ? JSON.parse(text) : { apiVersion: "", kind: "Text", metadata: {}, text };

function refusal(code: number, answer: string): Refusal {
  const { message, reason } = parsed(answer);
  return new Refusal(code, message ?? answer, reason ?? "");
}
