import { createHash } from "node:crypto";
import { jsonPieces } from "./jsonPieces";
import { type RayLogManifestKey, rayLogManifestKey } from "../tables/rayLogKeys";
import type { ObjectStore } from "../store/objectStore";

/**
 * What a node still owes: an open manifest without a final one names a node whose logs may be cut
 * short.
 */
export enum ManifestStatus {
  Open = "OPEN",
  Final = "FINAL",
}

/** One file identity in a manifest. */
export interface ManifestFile {
  uid: string;
  /** Path under the session's `logs` folder when first seen: the `file` column of its rows. */
  file: string;
  /** Every name it had, oldest first; rotation by rename adds one. */
  names: string[];
  session: string;
  /** Bytes that were read from it. */
  size: number;
  bytesCommitted: number;
  /**
   * Of the bytes [0, bytesCommitted). Null where it couldn't be computed; `sha256Reason` says why.
   */
  sha256: string | null;
  sha256Reason?: string;
  /** The file was gone from the disk when the manifest was written. */
  isRemoved: boolean;
}

/**
 * Earlier lives of one name, together: all gone from the disk, all bytes in the lake. Ray writes
 * its debug dumps anew every few seconds, and a manifest with each of them would grow without
 * bound.
 */
export interface ManifestLives {
  session: string;
  file: string;
  lives: number;
  bytes: number;
  /** The exclusive or of `lifeDigest` over all of them; null where the hash of one isn't known. */
  digest: string | null;
}

/** A node's statement about its logs, at `raylogs/_manifest/<namespace>/<cluster>/<node>.json`. */
export interface RayLogManifest {
  version: 1;
  status: ManifestStatus;
  namespace: string;
  cluster: string;
  rayjob: string;
  node: string;
  role: string;
  writer: string;
  openedAt: string;
  /** Null while open. */
  finalAt: string | null;
  files: ManifestFile[];
  /** @default none */
  earlierLives?: ManifestLives[];
  /** When the node last said that it lives; absent before the first time. */
  seenAt?: string;
}

/**
 * A life's part of `ManifestLives.digest`: whoever reads its bytes from the lake can compute it.
 */
export function lifeDigest(uid: string, size: number, sha256: string): Buffer {
  return createHash("sha256").update(`${uid}:${size}:${sha256}`).digest();
}

/** One more life in a digest; the order of lives doesn't matter. */
export function addLife(digest: string, life: Buffer): string {
  const sum = Buffer.from(digest, "hex");
  life.forEach((byte, index) => (sum[index]! ^= byte));
  return sum.toString("hex");
}

/** The digest of no lives. */
export const noLivesDigest = "0".repeat(64);

/** Writes a manifest; unlike a part, it is written again as the node goes on. */
export async function putRayLogManifest(
  store: ObjectStore,
  manifest: RayLogManifest,
): Promise<void> {
  const { files, ...rest } = manifest;
  const body = Buffer.concat(
    Array.from(jsonPieces(rest, "files", files), (text) => Buffer.from(text)),
  );
  await store.put(rayLogManifestKey(manifest), body, { contentType: "application/json" });
}

/**
 * Reads a node's manifest.
 *
 * @throws ObjectMissingError when the node never opened.
 * @throws Error when the object is no manifest of version 1.
 */
export async function getRayLogManifest(
  store: ObjectStore,
  key: RayLogManifestKey,
): Promise<RayLogManifest> {
  const objectKey = rayLogManifestKey(key);
  const manifest = JSON.parse((await store.get(objectKey)).toString("utf8")) as RayLogManifest;
  if (manifest.version !== 1 || !Array.isArray(manifest.files)) {
    throw new Error(`${objectKey} is no manifest of version 1; it was written by something else`);
  }
  return manifest;
}
