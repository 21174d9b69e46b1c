import { setTimeout as sleep } from "node:timers/promises";
import { type KubeApi, type KubeObject, Refusal } from "../cluster/kubeApi";

const pollMs = 250;

/** What an operator of the platform says of an object once it is there. */
const readiness: { apiVersion: string; kind: string; status: object }[] = [
  ...[
    ["cert-manager.io/v1", "Certificate"],
    ["cert-manager.io/v1", "ClusterIssuer"],
    ["operator.knative.dev/v1beta1", "KnativeServing"],
    ["postgresql.cnpg.io/v1", "Cluster"],
  ].map(([apiVersion, kind]) => ({
    apiVersion: apiVersion!,
    kind: kind!,
    status: {
      conditions: [
        {
          type: "Ready",
          status: "True",
          reason: "Bed",
          message: "",
          lastTransitionTime: "2026-01-01T00:00:00Z",
        },
      ],
    },
  })),
  { apiVersion: "postgresql.cnpg.io/v1", kind: "Database", status: { applied: true } },
];

/** Rounds that may fail one after the other: a server under load answers the next one. */
const mostFailures = 20;

/**
 * In place of the storage driver and of the operators that the charts would bring: each claim gets
 * a volume, each load balancer an address, and what the program waits for becomes ready.
 */
export class BedControllers {
  #running = true;
  #failure: unknown;
  readonly #loop: Promise<void>;

  constructor(private readonly api: KubeApi) {
    this.#loop = this.#run().catch((error: unknown) => {
      this.#failure = error;
    });
  }

  /** @throws whatever ended them before */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#loop;
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (this.#running) {
      try {
        await this.#round();
        failures = 0;
      } catch (error) {
        if (++failures === mostFailures) {
          throw error;
        }
      }
      await sleep(pollMs);
    }
  }

  async #round(): Promise<void> {
    for (const claim of await this.api.list("v1", "PersistentVolumeClaim")) {
      if (claim.status?.phase === "Pending") {
        await this.#bind(claim);
      }
    }
    for (const service of await this.api.list("v1", "Service")) {
      if (service.spec.type !== "LoadBalancer" || service.status?.loadBalancer?.ingress) {
        continue;
      }
      await this.#say(service, { loadBalancer: { ingress: [{ ip: "203.0.113.10" }] } });
    }
    for (const { apiVersion, kind, status } of readiness) {
      for (const object of await this.api.list(apiVersion, kind)) {
        const said = JSON.stringify(object.status ?? {});
        if (!said.includes('"Bed"') && object.status?.applied !== true) {
          await this.#say(object, status);
        }
      }
    }
  }

  async #bind({ metadata, spec }: KubeObject): Promise<void> {
    const { namespace, name, uid } = metadata;
    const volume: KubeObject = {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: `${namespace}-${name}` },
      spec: {
        capacity: { storage: spec.resources.requests.storage },
        accessModes: spec.accessModes,
        storageClassName: spec.storageClassName,
        persistentVolumeReclaimPolicy: "Retain",
        // With the uid, as a driver writes it: without it the claim waits up to 15 s for its turn.
        claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid },
        hostPath: { path: "/nowhere" },
      },
    };
    if (!(await this.api.get(volume))) {
      await this.api.apply(volume);
    }
  }

  async #say(object: KubeObject, status: object): Promise<void> {
    const path = `${await this.api.path(object)}/${object.metadata.name}/status`;
    try {
      await this.api.call("PATCH", path, { status }, "application/merge-patch+json");
    } catch (error) {
      // It went in the meantime.
      if (!(error instanceof Refusal && [404, 409].includes(error.code))) {
        throw error;
      }
    }
  }
}
