import { createServer } from "node:net";
import { UserError, shown } from "../../screen/userError";

/**
 * Below the ephemeral range of Linux (32768), so that no outgoing connection takes a chosen port.
 */
const lowestPort = 20_000;
const highestPort = 32_000;
const attempts = 200;
/** Ports of one run, with one for the claim and some to spare. */
const block = 32;

/** The listeners of a run; each gets a port of its own. */
export enum PortName {
  S3 = "s3",
  S3Grpc = "s3Grpc",
  S3Master = "s3Master",
  S3MasterGrpc = "s3MasterGrpc",
  S3Volume = "s3Volume",
  S3VolumeGrpc = "s3VolumeGrpc",
  S3Filer = "s3Filer",
  S3FilerGrpc = "s3FilerGrpc",
  Postgres = "postgres",
  Mlflow = "mlflow",
  RayGcs = "rayGcs",
  RayDashboard = "rayDashboard",
  RayAgentHttp = "rayAgentHttp",
  RayAutoscalerMetrics = "rayAutoscalerMetrics",
  RayDashboardMetrics = "rayDashboardMetrics",
  ModelServer = "modelServer",
  KserveAgent = "kserveAgent",
  InferenceTable = "inferenceTable",
  LogOffloader = "logOffloader",
}

export type Ports = Record<PortName, number>;

/** Whether nothing listens on a port, on loopback or on any address. */
export async function isPortFree(port: number): Promise<boolean> {
  for (const host of ["127.0.0.1", "0.0.0.0"]) {
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once("error", () => resolve(false));
      probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
    });
    if (!free) {
      return false;
    }
  }
  return true;
}

/**
 * Chooses a port for each listener.
 *
 * @param base first port of a fixed block; a taken port in it is an error. Without it a block is
 *   drawn at random and claimed, so that runs side by side never share a port.
 */
export async function choosePorts(base?: number): Promise<Ports> {
  const names = Object.values(PortName);
  const chosen = new Map<PortName, number>();
  if (base !== undefined) {
    if (!Number.isInteger(base) || base < 1024 || base + names.length > 65_535) {
      throw new UserError({
        what: `--port-base must be a whole number from 1024 to ${65_535 - names.length}`,
        seen: shown(base),
        remedy: "Choose another base, or leave it out: free ports are found by themselves.",
      });
    }
    const taken: number[] = [];
    for (const [index, name] of names.entries()) {
      chosen.set(name, base + index);
      if (!(await isPortFree(base + index))) {
        taken.push(base + index);
      }
    }
    if (taken.length > 0) {
      throw new UserError({
        what: `port ${taken.join(", ")} is taken by another program`,
        remedy:
          `Choose another --port-base (the run needs ${names.length} ports in a row), or leave ` +
          "it out.",
      });
    }
    return Object.fromEntries(chosen) as Ports;
  }
  for (let attempt = 0; attempt < attempts; attempt++) {
    const first =
      lowestPort + block * Math.floor((Math.random() * (highestPort - lowestPort)) / block);
    const ports = await claimBlock(first, names);
    if (ports !== undefined) {
      return ports;
    }
  }
  throw new UserError({
    what: `no block of ${block} free ports was found from ${lowestPort} to ${highestPort}`,
    remedy: "End programs that hold many ports, or give a free block with --port-base.",
  });
}

/**
 * Takes a block by listening on its first port for as long as this process lives, so that another
 * run cannot choose ports that this one has yet to open.
 */
async function claimBlock(first: number, names: PortName[]): Promise<Ports | undefined> {
  const guard = createServer();
  const isMine = await new Promise<boolean>((resolve) => {
    guard.once("error", () => resolve(false));
    guard.listen({ port: first, host: "127.0.0.1", exclusive: true }, () => resolve(true));
  });
  if (!isMine) {
    return undefined;
  }
  const ports = names.map((name, index) => [name, first + 1 + index] as const);
  for (const [, port] of ports) {
    if (!(await isPortFree(port))) {
      guard.close();
      return undefined;
    }
  }
  guard.unref();
  return Object.fromEntries(ports) as Ports;
}
