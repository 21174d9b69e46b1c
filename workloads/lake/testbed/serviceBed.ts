import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serviceVariables } from "@mlplatform/contracts/environment";
import { type Lake, openLake } from "../ask/lake";
import { type ObjectCache, openObjectCache } from "@mlplatform/lake/store/objectCache";
import { openObjectStore, type ObjectStore } from "@mlplatform/lake/store/objectStore";
import { type ChildService, startChildService } from "./childService";
import { startSeaweedfs, type TestStore } from "./objectStores";

/**
 * What each test of a suite finds: an empty lake, a folder of its own, and no process of the
 * service yet.
 */
export interface ServiceBed {
  readonly server: TestStore;
  readonly store: ObjectStore;
  readonly cache: ObjectCache;
  readonly lake: Lake;
  readonly folder: string;
  /** The process that the last `start` made. */
  readonly service: ChildService;
  /** Starts the service, with its state in `folder`, and resolves when it is up: see `isUp`. */
  start(env?: NodeJS.ProcessEnv): Promise<string>;
}

/** Empties a store. */
export async function emptyStore(store: ObjectStore): Promise<void> {
  for await (const page of store.listPages("")) {
    await Promise.all(page.map(({ key }) => store.delete(key)));
  }
}

/** How a bed differs from most. */
export interface ServiceBedOptions {
  /** @default startSeaweedfs */
  startStore?: () => Promise<TestStore>;
  /** What it says when it is up; `start` resolves with the first capture. @default its URL */
  isUp?: RegExp;
}

/**
 * Registers mocha's hooks in the suite around it: one store for the suite, the rest for each test.
 */
export function useServiceBed(
  workload: string,
  { startStore = startSeaweedfs, isUp = /listening on (http:[^"]+)/ }: ServiceBedOptions = {},
): ServiceBed {
  let server: TestStore;
  let store: ObjectStore;
  let cache: ObjectCache;
  let lake: Lake;
  let folder: string;
  let service: ChildService | undefined;

  before(async () => {
    server = await startStore();
  });
  after(() => server?.stop());
  beforeEach(async () => {
    folder = await fs.mkdtemp(join(tmpdir(), `mlplatform-${workload}-`));
    store = openObjectStore(server.options);
    await emptyStore(store);
    cache = await openObjectCache({ store, directory: join(folder, "cache") });
    lake = openLake({ store, cache });
  });
  afterEach(async () => {
    await service?.end("SIGKILL");
    service = undefined;
    store.close();
    await fs.rm(folder, { recursive: true, force: true });
  });

  return {
    get server() {
      return server;
    },
    get store() {
      return store;
    },
    get cache() {
      return cache;
    },
    get lake() {
      return lake;
    },
    get folder() {
      return folder;
    },
    get service() {
      if (service === undefined) {
        throw new Error(`${workload} wasn't started`);
      }
      return service;
    },
    async start(env = {}) {
      service = startChildService(workload, {
        ...server.environment,
        [serviceVariables.stateDirectory]: join(folder, "state"),
        [serviceVariables.port]: "0",
        ...env,
      });
      return service.waitFor(isUp);
    },
  };
}
