import type { PreviewResource } from "../engine/programRun";
import { chartVolumes } from "./chartVolumes";
import { parseGiB } from "./quantity";
import { at, chartOf, countOf, label, listOf, releaseType } from "./readInputs";
import { type DiskCapacity, DiskKind, type VolumeClaim } from "./types";

/** Disks that the objects of a stack ask for, and what could not be counted. */
export interface Volumes {
  disks: DiskCapacity[];
  uncounted: string[];
}

const readers: Record<string, (resource: PreviewResource) => VolumeClaim[]> = {
  "kubernetes:core/v1:PersistentVolumeClaim": ({ inputs }) => [claim(inputs.spec, 1)],
  "kubernetes:apps/v1:StatefulSet": ({ inputs }) =>
    listOf(at(inputs, "spec", "volumeClaimTemplates")).map((template) =>
      claim(template.spec, at(inputs, "spec", "replicas") ?? 1),
    ),
  "kubernetes:postgresql.cnpg.io/v1:Cluster": ({ inputs }) =>
    (["storage", "walStorage"] as const)
      .map((part) => ({ part, storage: at(inputs, "spec", part) }))
      .filter(({ storage }) => storage !== undefined)
      .map(({ part, storage }) => ({
        part: part === "storage" ? "data" : "write-ahead log",
        size: storage.size,
        storageClass: storage.storageClass,
        replicas: at(inputs, "spec", "instances") ?? 1,
      })),
};

/** Counts persistent volumes and the storage of managed databases. Load does not change them. */
export function countVolumes(resources: PreviewResource[]): Volumes {
  const found: Volumes = { disks: [], uncounted: [] };
  for (const resource of resources) {
    const read = readers[resource.type];
    if (read !== undefined) {
      addClaims(found, label(resource), read(resource));
    }
    if (resource.type === "azure-native:dbforpostgresql:Server") {
      addDatabase(found, resource);
    }
    if (resource.type === releaseType) {
      const claims = chartVolumes(chartOf(resource), resource.inputs.values ?? {});
      if (typeof claims === "string") {
        found.uncounted.push(`${label(resource)}: ${claims}`);
      } else {
        addClaims(found, label(resource), claims);
      }
    }
  }
  return found;
}

function claim(spec: any, replicas: unknown): VolumeClaim {
  return {
    size: at(spec, "resources", "requests", "storage"),
    storageClass: at(spec, "storageClassName"),
    replicas,
  };
}

function addClaims(found: Volumes, owner: string, claims: VolumeClaim[]): void {
  for (const { size, storageClass, replicas, part } of claims) {
    const name = part === undefined ? owner : `${owner} (${part})`;
    const gib = parseGiB(size);
    const count = countOf(replicas);
    if (gib === undefined || count === undefined) {
      found.uncounted.push(`${name}: size or number of its volumes is not known before an update`);
      continue;
    }
    found.disks.push({
      owner: name,
      kind: DiskKind.Volume,
      storageClass: typeof storageClass === "string" ? storageClass : "",
      gib,
      zero: count,
      full: count,
    });
  }
}

function addDatabase(found: Volumes, server: PreviewResource): void {
  const gib = countOf(at(server.inputs, "storage", "storageSizeGB"));
  if (gib === undefined) {
    found.uncounted.push(`${label(server)}: storage.storageSizeGB is not known before an update`);
    return;
  }
  // A standby has its own copy of the storage.
  const mode = at(server.inputs, "highAvailability", "mode") ?? "Disabled";
  const copies = mode === "Disabled" ? 1 : 2;
  found.disks.push({
    owner: label(server),
    kind: DiskKind.Database,
    storageClass: String(at(server.inputs, "storage", "type") ?? "Premium_LRS"),
    gib,
    zero: copies,
    full: copies,
  });
}
