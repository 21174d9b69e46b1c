import { createHash } from "node:crypto";
import type { Wire, WireObject } from "../../../preview/engine/values/wire";
import type { PropertyType } from "../standIn/declarations";
import { placeProperties } from "../standIn/github";
import { withReadOnly } from "../standIn/readOnly";
import type { SdkSchema } from "../standIn/sdkSchema";
import { type CloudResource, type Service, ServiceRefusal } from "./service";

const repositoryType = "github:index/repository:Repository";
const environmentType = "github:index/repositoryEnvironment:RepositoryEnvironment";

/** GitHub, in memory: repositories and what is in them. */
export class GitHub implements Service {
  readonly resources = new Map<string, CloudResource>();

  constructor(private readonly sdk: SdkSchema) {}

  create(type: string, inputs: WireObject): CloudResource {
    const id = idOf(type, inputs);
    // Source: the SDK's comment on it. Only files have it.
    const overwrites = inputs.overwriteOnCreate === true;
    if (this.resources.has(id.toLowerCase()) && !overwrites) {
      throw new ServiceRefusal(422, "already_exists", `${id} already exists.`);
    }
    if (type !== repositoryType) {
      this.#findPlace(type, inputs);
    }
    return this.#made(type, id, inputs);
  }

  update({ type, id }: CloudResource, inputs: WireObject): CloudResource {
    return this.#made(type, id, inputs);
  }

  remove({ type, id, inputs }: CloudResource): void {
    if (type !== repositoryType) {
      return;
    }
    for (const [key, other] of this.resources) {
      if (other.id !== id && other.inputs.repository === inputs.name) {
        this.resources.delete(key);
      }
    }
  }

  invoke(token: string): WireObject {
    throw new ServiceRefusal(501, "not_implemented", `the stand-in of GitHub has no ${token}.`);
  }

  writerOf(): undefined {
    return undefined;
  }

  busy(type: string): ServiceRefusal {
    return new ServiceRefusal(409, "conflict", type);
  }

  #findPlace(type: string, { repository, environment }: WireObject): void {
    const missing = (what: string) =>
      new ServiceRefusal(404, "not_found", `${what} of ${type} was not found.`);
    if (!this.resources.has(idOf(repositoryType, { name: repository! }).toLowerCase())) {
      throw missing(`repository ${String(repository)}`);
    }
    if (environment === undefined || type === environmentType) {
      return;
    }
    const place = idOf(environmentType, { repository: repository!, environment });
    if (!this.resources.has(place.toLowerCase())) {
      throw missing(`environment ${String(environment)}`);
    }
  }

  #made(type: string, id: string, inputs: WireObject): CloudResource {
    const schema = this.sdk.resource(type);
    const outputs = withReadOnly(this.sdk, schema, inputs, (at, property) =>
      filled(`${id} ${at.join(".")}`, at.at(-1)!, property),
    );
    return { type, id, inputs, outputs };
  }
}

/** What one thing of a repository has for itself: two of a kind can't share it. */
function idOf(type: string, inputs: WireObject): string {
  const kind = type.split(":")[2]!;
  const keys = [...placeProperties, "branchPattern", "name"];
  const place = keys.map((key) => inputs[key]).filter((part) => part !== undefined);
  return [kind, ...place].join(":");
}

function filled(seed: string, key: string, type: PropertyType): Wire {
  const hash = createHash("sha256").update(seed).digest("hex");
  if (type.kind === "number") {
    return Number.parseInt(hash.slice(0, 6), 16);
  }
  if (type.kind === "boolean") {
    return false;
  }
  return /url$/i.test(key) ? `https://github.test/${hash.slice(0, 12)}` : hash.slice(0, 12);
}
