import { createHash } from "node:crypto";
import { hourId } from "@mlplatform/lake/inferences/inferenceHours";

/** A replica among its like, numbered from 0. */
export interface Replica {
  ordinal: number;
  count: number;
}

/** Whether an hour falls to this replica; the others stand in for it after a while. */
export function isOwnHour(replica: Replica, namespace: string, start: number): boolean {
  const digest = createHash("sha256").update(hourId(namespace, start)).digest();
  return digest.readUInt32LE(0) % replica.count === replica.ordinal;
}
