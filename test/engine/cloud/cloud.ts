import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { WireObject } from "../../../preview/engine/values/wire";
import { SdkSchema } from "../standIn/sdkSchema";
import { Azure } from "./azure";
import { GitHub } from "./gitHub";
import { ServiceRefusal, type CloudResource, type Service } from "./service";

/** A change that a provider asked for. */
export interface CloudRequest {
  operation: "create" | "read" | "update" | "delete" | "invoke";
  service: "azure-native" | "github";
  type: string;
  id?: string;
  inputs?: WireObject;
}

/**
 * Azure and GitHub as one process that outlives every run of the engine: what a killed run made is
 * there afterwards, as it would be. It refuses what the services refuse.
 */
export class Cloud {
  readonly azure: Azure;
  readonly gitHub: GitHub;
  /** Every change that was carried out, in order. */
  readonly changes: { operation: string; type: string; id: string }[] = [];
  /** How long each change takes, in ms. */
  slowMs = 0;
  #server: Server | undefined;
  readonly #writers = new Set<string>();

  private constructor(root: string, kubeconfig: string) {
    this.azure = new Azure(new SdkSchema(root, "azure-native"), kubeconfig);
    this.gitHub = new GitHub(new SdkSchema(root, "github"));
  }

  /**
   * Starts the services on loopback.
   *
   * @param root folder with `node_modules`
   * @param kubeconfig what Azure hands out as the credentials of every cluster
   */
  static async start(root: string, kubeconfig: string): Promise<Cloud> {
    const cloud = new Cloud(root, kubeconfig);
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const asked = JSON.parse(Buffer.concat(chunks).toString("utf8")) as CloudRequest;
        void cloud.#answer(asked).then((answer) => response.end(JSON.stringify(answer)));
      });
    });
    cloud.#server = server;
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return cloud;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server!.address() as AddressInfo).port}`;
  }

  /** How many resources exist in all services. */
  get size(): number {
    return this.azure.resources.size + this.gitHub.resources.size;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((done) => this.#server?.close(done));
  }

  async #answer(asked: CloudRequest): Promise<object> {
    try {
      return await this.#carryOut(asked);
    } catch (error) {
      if (!(error instanceof ServiceRefusal)) {
        return { refused: String(error) };
      }
      const { status, code, message } = error;
      return { refused: `Status=${status} Code="${code}" Message="${message}"` };
    }
  }

  async #carryOut({ operation, service: name, type, id, inputs = {} }: CloudRequest) {
    const service: Service = name === "github" ? this.gitHub : this.azure;
    if (operation === "invoke") {
      return { outputs: service.invoke(type, inputs) };
    }
    const found = id === undefined ? undefined : service.resources.get(id.toLowerCase());
    if (operation === "read") {
      return found ?? {};
    }
    const given = operation === "delete" ? (found?.inputs ?? {}) : inputs;
    return this.#alone(service, type, given, async () => {
      switch (operation) {
        case "create": {
          const made = service.create(type, inputs);
          service.resources.set(made.id.toLowerCase(), made);
          return this.#done(operation, made);
        }
        case "update": {
          if (!found) {
            throw new ServiceRefusal(404, "ResourceNotFound", `${id} was not found.`);
          }
          const changed = service.update(found, inputs);
          service.resources.set(changed.id.toLowerCase(), changed);
          return this.#done(operation, changed);
        }
        case "delete":
          if (!found) {
            return {};
          }
          service.remove(found);
          service.resources.delete(found.id.toLowerCase());
          return this.#done(operation, found);
      }
    });
  }

  #done(operation: string, resource: CloudResource): CloudResource {
    this.changes.push({ operation, type: resource.type, id: resource.id });
    return resource;
  }

  /** Carries out a change, and refuses a second one of the same writer in the meantime. */
  async #alone<T>(service: Service, type: string, inputs: WireObject, change: () => Promise<T>) {
    const writer = service.writerOf(type, inputs);
    if (writer !== undefined && this.#writers.has(writer)) {
      throw service.busy(type);
    }
    if (writer !== undefined) {
      this.#writers.add(writer);
    }
    try {
      const answer = await change();
      // What was asked for is there; its answer takes time.
      await sleep(this.slowMs + (writer === undefined ? 0 : writerMs));
      return answer;
    } finally {
      if (writer !== undefined) {
        this.#writers.delete(writer);
      }
    }
  }
}

/** How long a writer keeps others out: long enough for requests sent at once to meet. */
const writerMs = 150;
