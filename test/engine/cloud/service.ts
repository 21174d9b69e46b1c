import type { WireObject } from "../../../preview/engine/values/wire";

/** A refusal by a service, as its own API words it. */
export class ServiceRefusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "ServiceRefusal";
  }
}

/** What exists in a service. */
export interface CloudResource {
  type: string;
  /** Names the resource for good; another one can't have it while this one lives. */
  id: string;
  inputs: WireObject;
  outputs: WireObject;
}

/** One service of the stand-in for the clouds. */
export interface Service {
  resources: Map<string, CloudResource>;
  create(type: string, inputs: WireObject): CloudResource;
  update(resource: CloudResource, inputs: WireObject): CloudResource;
  remove(resource: CloudResource): void;
  invoke(token: string, args: WireObject): WireObject;
  /** Key of what is written by one request at a time; undefined where requests don't meet. */
  writerOf(type: string, inputs: WireObject): string | undefined;
  /** What a second writer is told. */
  busy(type: string): ServiceRefusal;
}
