import type { bucketAddressings } from "@mlplatform/contracts/environment";
import { createHash } from "node:crypto";
import { createWriteStream, promises as fs } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandOutput,
  S3Client,
} from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { publishFile, temporaryPathBeside } from "../segmentLog/durableFile";
import type { PutOptions } from "./putOptions";
import { uploadInParts } from "./multipartUpload";
import { type RetryContext, type RetryPolicy, withRetries } from "./withRetries";
import { classifyFailure } from "./storeErrors";

/** Where a bucket stands in an object's address. */
export type BucketAddressing = (typeof bucketAddressings)[number];

/** Where a bucket is and how to reach it. */
export interface ObjectStoreOptions {
  /** http://host:port of the S3 API. @default - AWS's own for the region */
  endpoint?: string;
  region: string;
  bucket: string;
  /** @default - the SDK's chain: AWS_* variables, workload identity, files */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** Whether the bucket stands in the path or in the host name. @default "path" */
  addressing?: BucketAddressing;
  /** @default 30 000 ms an attempt, 120 000 ms in all, waits up to 5 000 ms */
  retry?: Partial<RetryPolicy>;
  /** Called before each repeated attempt, for a metric. */
  onRetry?: (what: string, code: string) => void;
}

/** An object's outer facts. */
export interface ObjectFacts {
  key: string;
  bytes: number;
  /** The store's opaque version of the content. */
  etag: string;
  modified: Date;
}

/**
 * A bucket. Every call retries what may pass, within its deadline; keys are never listed whole into
 * memory.
 */
export interface ObjectStore {
  readonly bucket: string;
  readonly endpoint: string;
  put(key: string, body: Uint8Array, options?: PutOptions): Promise<void>;
  /** Writes a file; beyond 64 MiB in parts, with one part in memory. */
  putFile(key: string, file: string, options?: PutOptions): Promise<void>;
  /** The object's bytes, or those of an inclusive range. */
  get(key: string, range?: { start: number; end: number }): Promise<Buffer>;
  /** The object as a stream. Only its opening is retried; a break later is the stream's error. */
  getStream(key: string, range?: { start: number; end: number }): Promise<Readable>;
  /** Brings an object to a local file, whole or not at all. */
  getFile(key: string, file: string): Promise<void>;
  head(key: string): Promise<ObjectFacts>;
  /** Pages of up to 1000 keys in the store's order (UTF-8 bytes). */
  listPages(prefix: string, options?: { startAfter?: string }): AsyncGenerator<ObjectFacts[]>;
  /** What comes after a prefix up to the next `/`: names as of folders, each with its `/`. */
  listFolders(prefix: string): Promise<string[]>;
  /** Deletes; an absent object is a success. */
  delete(key: string): Promise<void>;
  close(): void;
}

const defaultRetry: RetryPolicy = {
  attemptTimeoutMs: 30_000,
  deadlineMs: 120_000,
  baseDelayMs: 100,
  maxDelayMs: 5_000,
};
const multipartAboveBytes = 64 << 20;
const maxSockets = 32;

/**
 * Opens a bucket by the S3 API.
 *
 * @example const lake = openObjectStore({ endpoint, region: "us-east-1", bucket: "lake" });
 */
export function openObjectStore(options: ObjectStoreOptions): ObjectStore {
  const { bucket } = options;
  const policy = { ...defaultRetry, ...options.retry };
  const client = new S3Client({
    endpoint: options.endpoint,
    region: options.region,
    credentials: options.credentials,
    forcePathStyle: options.addressing !== "virtualHost",
    // Retrying is withRetries' work: two loops would multiply attempts and blur the deadline.
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 5_000,
      httpAgent: { keepAlive: true, maxSockets: maxSockets },
      httpsAgent: { keepAlive: true, maxSockets: maxSockets },
    }),
  });

  const context = (what: string, signal?: AbortSignal): RetryContext => ({
    what: `${what} (bucket ${bucket})`,
    policy,
    signal,
    onRetry: options.onRetry,
  });

  async function open(key: string, signal: AbortSignal, range?: { start: number; end: number }) {
    const answer = await client.send(
      new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        Range: range === undefined ? undefined : `bytes=${range.start}-${range.end}`,
      }),
      { abortSignal: signal },
    );
    return { body: answer.Body as Readable, bytes: answer.ContentLength };
  }

  async function put(key: string, body: Uint8Array, put: PutOptions = {}): Promise<void> {
    const sha256 = createHash("sha256").update(body).digest("base64");
    await withRetries(context(`put ${key}`, put.signal), async (signal) => {
      const answer = await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body,
          ContentLength: body.length,
          ContentType: put.contentType,
          ChecksumSHA256: sha256,
          IfNoneMatch: put.onlyIfAbsent === true ? "*" : undefined,
        }),
        { abortSignal: signal },
      );
      if (!speaksOf(answer, body, sha256)) {
        await expectStored(key, body, answer.ETag, signal);
      }
    });
  }

  // Not every store's ETag is an MD5 (encryption makes it another one), so a strange one alone
  // proves nothing.
  async function expectStored(
    key: string,
    body: Uint8Array,
    etag: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const found = await client
      .send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal })
      .catch((error: unknown) => {
        if (classifyFailure(error).kind === "missing") {
          return undefined;
        }
        throw error;
      });
    if (found?.ContentLength !== body.length || found.ETag !== etag) {
      const there =
        found === undefined ? "nothing" : `${found.ContentLength} bytes with ETag ${found.ETag}`;
      throw new Error(
        `the store took ${body.length} bytes with ETag ${etag}, and has ${there} there`,
      );
    }
  }

  return {
    bucket,
    endpoint: options.endpoint ?? `s3.${options.region}`,
    put,
    async putFile(key, file, putOptions = {}) {
      const { size } = await fs.stat(file);
      if (size <= multipartAboveBytes) {
        await put(key, await fs.readFile(file), putOptions);
      } else {
        await uploadInParts({ client, bucket, key, file, bytes: size, context, put: putOptions });
      }
    },
    get: (key, range) =>
      withRetries(context(`get ${key}`), async (signal) => {
        const { body, bytes } = await open(key, signal, range);
        const chunks: Buffer[] = [];
        for await (const chunk of body) {
          chunks.push(chunk as Buffer);
        }
        return wholeBody(Buffer.concat(chunks), bytes);
      }),
    getStream: (key, range) =>
      withRetries(context(`get ${key}`), async (signal) => (await open(key, signal, range)).body),
    getFile: (key, file) =>
      withRetries(context(`get ${key}`), async (signal) => {
        const temporary = temporaryPathBeside(file);
        try {
          const { body, bytes } = await open(key, signal);
          await pipeline(body, createWriteStream(temporary, { mode: 0o600 }), { signal });
          const { size } = await fs.stat(temporary);
          if (bytes !== undefined && size !== bytes) {
            throw new Error(`got ${size} of ${bytes} bytes`);
          }
          await publishFile(temporary, file);
        } catch (error) {
          await fs.rm(temporary, { force: true });
          throw error;
        }
      }),
    head: (key) =>
      withRetries(context(`head ${key}`), async (signal) => {
        const answer = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), {
          abortSignal: signal,
        });
        return objectFacts(key, answer.ContentLength, answer.ETag, answer.LastModified);
      }),
    async *listPages(prefix, list = {}) {
      let token: string | undefined;
      do {
        const page = await withRetries(context(`list ${prefix}`), (signal) =>
          client.send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix,
              StartAfter: list.startAfter,
              ContinuationToken: token,
            }),
            { abortSignal: signal },
          ),
        );
        yield (page.Contents ?? []).map((each) =>
          objectFacts(each.Key ?? "", each.Size, each.ETag, each.LastModified),
        );
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
    },
    async listFolders(prefix) {
      const folders: string[] = [];
      let token: string | undefined;
      do {
        const page = await withRetries(context(`list ${prefix}`), (signal) =>
          client.send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix,
              Delimiter: "/",
              ContinuationToken: token,
            }),
            { abortSignal: signal },
          ),
        );
        folders.push(
          ...(page.CommonPrefixes ?? []).map((each) => (each.Prefix ?? "").slice(prefix.length)),
        );
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
      return folders;
    },
    async delete(key) {
      await withRetries(context(`delete ${key}`), (signal) =>
        client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }), {
          abortSignal: signal,
        }),
      );
    },
    close: () => client.destroy(),
  };
}

/** All keys under a prefix, one at a time. */
export async function* listObjects(
  store: ObjectStore,
  prefix: string,
): AsyncGenerator<ObjectFacts> {
  for await (const page of store.listPages(prefix)) {
    yield* page;
  }
}

/**
 * Whether the answer to a write names the bytes that were sent: by their SHA-256, or an ETag that
 * is their MD5.
 */
function speaksOf(
  { ChecksumSHA256, ETag }: PutObjectCommandOutput,
  body: Uint8Array,
  sha256: string,
): boolean {
  return ChecksumSHA256 === sha256 || ETag === `"${createHash("md5").update(body).digest("hex")}"`;
}

function wholeBody(body: Buffer, expected: number | undefined): Buffer {
  if (expected !== undefined && body.length !== expected) {
    throw new Error(`got ${body.length} of ${expected} bytes`);
  }
  return body;
}

function objectFacts(
  key: string,
  bytes: number | undefined,
  etag: string | undefined,
  modified: Date | undefined,
): ObjectFacts {
  return { key, bytes: bytes ?? 0, etag: etag ?? "", modified: modified ?? new Date(0) };
}
