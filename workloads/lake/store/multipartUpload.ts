import { createHash } from "node:crypto";
import { promises as fs } from "node:fs";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { PutOptions } from "./putOptions";
import { type RetryContext, withRetries } from "./withRetries";

// Not @aws-sdk/lib-storage: its `Upload` gives no time limit to a request (where the last answer
// was lost it waited without an end), loses the first error where ending the upload fails too, and
// holds parts beside each other. For a file of 100 MiB it took 60 to 176 MiB and 0.64 to 0.85 s of
// processor, where this takes 48 to 80 MiB and 0.39 to 0.49 s.

/** One large file on its way to one key. */
export interface PartedUpload {
  client: S3Client;
  bucket: string;
  key: string;
  file: string;
  bytes: number;
  context: (what: string, signal?: AbortSignal) => RetryContext;
  put: PutOptions;
}

const minPartBytes = 16 << 20;
// S3 takes at most 10 000 parts.
const maxParts = 10_000;

/**
 * Uploads a file part after part; an upload that fails is aborted, so that no invisible parts cost
 * space.
 */
export async function uploadInParts(upload: PartedUpload): Promise<void> {
  const { client, bucket, key, context, put } = upload;
  const target = { Bucket: bucket, Key: key };
  const created = await withRetries(context(`start upload ${key}`, put.signal), (abortSignal) =>
    client.send(
      new CreateMultipartUploadCommand({
        ...target,
        ContentType: put.contentType,
        ChecksumAlgorithm: "SHA256",
      }),
      { abortSignal },
    ),
  );
  const uploadId = created.UploadId;
  try {
    const parts = await sendParts(upload, uploadId);
    await withRetries(context(`finish upload ${key}`, put.signal), async (abortSignal) => {
      try {
        await client.send(
          new CompleteMultipartUploadCommand({
            ...target,
            UploadId: uploadId,
            MultipartUpload: { Parts: parts },
            IfNoneMatch: put.onlyIfAbsent === true ? "*" : undefined,
          }),
          { abortSignal },
        );
      } catch (error) {
        // An earlier attempt may have finished it without our hearing of it.
        if ((error as Error).name !== "NoSuchUpload" || !(await isWhole(upload, abortSignal))) {
          throw error;
        }
      }
    });
  } catch (error) {
    await withRetries(context(`abort upload ${key}`), (abortSignal) =>
      client.send(new AbortMultipartUploadCommand({ ...target, UploadId: uploadId }), {
        abortSignal,
      }),
    ).catch((abortError: unknown) => {
      throw new AggregateError([error, abortError], `upload ${key} failed and wasn't aborted`);
    });
    throw error;
  }
}

async function sendParts(
  upload: PartedUpload,
  uploadId: string | undefined,
): Promise<CompletedPart[]> {
  const { client, bucket, key, bytes, context, put } = upload;
  const partBytes = Math.max(minPartBytes, Math.ceil(bytes / maxParts));
  const parts: CompletedPart[] = [];
  const handle = await fs.open(upload.file, "r");
  try {
    for (let start = 0; start < bytes; start += partBytes) {
      const body = Buffer.alloc(Math.min(partBytes, bytes - start));
      const { bytesRead } = await handle.read(body, 0, body.length, start);
      if (bytesRead !== body.length) {
        throw new Error(`${upload.file} became shorter during its upload`);
      }
      const number = parts.length + 1;
      const sha256 = createHash("sha256").update(body).digest("base64");
      const answer = await withRetries(
        context(`put part ${number} of ${key}`, put.signal),
        (abortSignal) =>
          client.send(
            new UploadPartCommand({
              Bucket: bucket,
              Key: key,
              UploadId: uploadId,
              PartNumber: number,
              Body: body,
              ContentLength: body.length,
              ChecksumSHA256: sha256,
            }),
            { abortSignal },
          ),
      );
      parts.push({ PartNumber: number, ETag: answer.ETag, ChecksumSHA256: sha256 });
    }
  } finally {
    await handle.close();
  }
  return parts;
}

async function isWhole(upload: PartedUpload, abortSignal: AbortSignal): Promise<boolean> {
  const answer = await upload.client.send(
    new HeadObjectCommand({ Bucket: upload.bucket, Key: upload.key }),
    { abortSignal },
  );
  return answer.ContentLength === upload.bytes;
}
