import { createHash } from "node:crypto";
import { z } from "zod";
import { jsonPieces } from "./jsonPieces";
import { type RayLogManifestKey, rayLogManifestKey } from "../tables/rayLogKeys";
import type { ObjectStore } from "../store/objectStore";
import { UnreadableObjectError } from "../store/unreadableObject";

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

const moment = z.string().refine((text) => !Number.isNaN(Date.parse(text)), "is no time");
const byteCount = z.number().int().nonnegative();

const manifestSchema: z.ZodType<RayLogManifest> = z.object({
  version: z.literal(1),
  status: z.enum(ManifestStatus),
  namespace: z.string(),
  cluster: z.string(),
  rayjob: z.string(),
  node: z.string(),
  role: z.string(),
  writer: z.string(),
  openedAt: moment,
  finalAt: moment.nullable(),
  seenAt: moment.optional(),
  files: z.array(
    z.object({
      uid: z.string(),
      file: z.string(),
      names: z.array(z.string()),
      session: z.string(),
      size: byteCount,
      bytesCommitted: byteCount,
      sha256: z.string().nullable(),
      sha256Reason: z.string().optional(),
      isRemoved: z.boolean(),
    }),
  ),
  earlierLives: z
    .array(
      z.object({
        session: z.string(),
        file: z.string(),
        lives: byteCount,
        bytes: byteCount,
        digest: z.string().nullable(),
      }),
    )
    .optional(),
});

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
 * Reads a node's manifest. Whose it is stands in its key: what it says of that itself is a claim.
 *
 * @throws ObjectMissingError when the node never opened.
 * @throws UnreadableObjectError when the object is no manifest of version 1.
 */
export async function getRayLogManifest(
  store: ObjectStore,
  key: RayLogManifestKey,
): Promise<RayLogManifest> {
  const { namespace, cluster, node } = key;
  const objectKey = rayLogManifestKey(key);
  const text = (await store.get(objectKey)).toString("utf8");
  return { ...parseManifest(objectKey, text), namespace, cluster, node };
}

function parseManifest(objectKey: string, text: string): RayLogManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new UnreadableObjectError(objectKey, "it is no JSON");
  }
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue!.path.join(".");
    throw new UnreadableObjectError(
      objectKey,
      `it is no manifest of version 1: ${place === "" ? "" : `${place}: `}${issue!.message}`,
    );
  }
  return parsed.data;
}
