import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListMultipartUploadsCommand, S3Client } from "@aws-sdk/client-s3";
import { startMinio, startSeaweedfs, type TestStore } from "../testbed/objectStores";
import { startRelay } from "../testbed/relay";
import { uploadInParts } from "./multipartUpload";
import { openObjectStore } from "./objectStore";

const mib = 1 << 20;
// Beyond 64 MiB in parts of 16: the first answer is that of the beginning, the last of the end.
const fileBytes = 66 * mib;
const parts = 5;

// The second end of an upload is no fault to SeaweedFS, and names no upload to MinIO.
for (const [name, start] of [
  ["SeaweedFS", startSeaweedfs],
  ["MinIO", startMinio],
] as const) {
  describe(`an upload in parts on ${name}`, function () {
    // MinIO is built from source on first use.
    this.timeout(600_000);
    let server: TestStore;
    let client: S3Client;
    let folder: string;
    let file: string;

    before(async () => {
      server = await start();
      client = new S3Client({ ...server.options, forcePathStyle: true, maxAttempts: 1 });
      folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-upload-"));
      file = join(folder, "large");
      await fs.writeFile(file, randomBytes(fileBytes));
    });
    after(async () => {
      client?.destroy();
      await server?.stop();
      await fs.rm(folder, { recursive: true, force: true });
    });

    const unfinished = async (): Promise<number> => {
      const command = new ListMultipartUploadsCommand({ Bucket: server.options.bucket });
      return ((await client.send(command)).Uploads ?? []).length;
    };

    for (const [what, others] of [
      ["a part", 2],
      ["its end", 1 + parts],
    ] as const) {
      it(`is whole where the answer to ${what} was lost`, async () => {
        const relay = await startRelay(server.options.endpoint!);
        const store = openObjectStore({
          ...server.options,
          endpoint: relay.endpoint,
          retry: { attemptTimeoutMs: 5_000 },
        });
        try {
          relay.loseAnswer(others);
          await store.putFile(`lost-${others}`, file);
          assert.equal(relay.lostAnswers(), 1);
          const copy = join(folder, "copy");
          await store.getFile(`lost-${others}`, copy);
          assert.ok((await fs.readFile(copy)).equals(await fs.readFile(file)));
          assert.equal(await unfinished(), 0);
        } finally {
          store.close();
          await relay.stop();
        }
      });
    }

    it("leaves no parts behind where it fails, and says why", async () => {
      const policy = {
        attemptTimeoutMs: 5_000,
        deadlineMs: 5_000,
        baseDelayMs: 10,
        maxDelayMs: 10,
      };
      const upload = uploadInParts({
        client,
        bucket: server.options.bucket,
        key: "shorter",
        file,
        bytes: fileBytes + 1,
        context: (what) => ({ what, policy }),
        put: {},
      });
      await assert.rejects(upload, /became shorter during its upload/);
      assert.equal(await unfinished(), 0);
    });
  });
}
