import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { UserError } from "../../screen/userError";
import { buildMinio } from "../services/objectStore";
import { findInstalledPostgres } from "../services/postgres";
import { findPython, requireFreeSpace } from "./pythonEnvironment";

async function withPath<T>(value: string, work: () => Promise<T>): Promise<T> {
  const before = process.env.PATH;
  process.env.PATH = value;
  try {
    return await work();
  } finally {
    process.env.PATH = before;
  }
}

describe("what the local run needs from the machine", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "mlp-test-"))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it("says which Python is needed when none is there", async () => {
    await withPath(directory, () =>
      assert.rejects(findPython(), (error: UserError) => {
        assert.match(error.message, /Python 3\.11 or 3\.12 is needed, found none/);
        assert.match(error.problems[0]?.remedy ?? "", /python3-venv/);
        return true;
      }),
    );
  });

  it("says which version it found when Python is too old", async () => {
    const python = join(directory, "python3");
    writeFileSync(python, "#!/bin/sh\necho 3 9 /usr/bin/python3\n", { mode: 0o755 });
    await withPath(directory, () => assert.rejects(findPython(), /found python3 is 3\.9/));
  });

  it("passes over an unfit Python for a fit one under another name", async () => {
    const old = join(directory, "python3");
    const fit = join(directory, "python3.12");
    writeFileSync(old, "#!/bin/sh\necho 3 9 old\n", { mode: 0o755 });
    writeFileSync(fit, `#!/bin/sh\necho 3 12 ${fit}\n`, { mode: 0o755 });
    assert.equal(await withPath(directory, findPython), fit);
  });

  it("says that Go is missing where MinIO has to be built, and what to do without it", async () => {
    const module = join(directory, "workloads", "minio", "server");
    mkdirSync(module, { recursive: true });
    writeFileSync(join(module, "go.sum"), "");
    await withPath(directory, () =>
      assert.rejects(
        buildMinio(directory, () => undefined),
        (error: UserError) => {
          assert.match(error.message, /Go is not installed/);
          assert.match(error.problems[0]?.remedy ?? "", /leave out `--s3 minio`/);
          return true;
        },
      ),
    );
    assert.deepEqual(readdirSync(join(directory, ".cache", "bin")), []);
  });

  it("stops early with both figures when space is short", () => {
    assert.throws(
      () => requireFreeSpace(directory, 10 ** 9),
      /\d+ MiB are free at .*, 1000000000 MiB are needed/,
    );
  });

  it("takes a PostgreSQL only where both of its programs are, and follows links to the real ones", () => {
    const real = join(directory, "real");
    const linked = join(directory, "linked");
    mkdirSync(real);
    mkdirSync(linked);
    writeFileSync(join(real, "initdb"), "");
    assert.equal(findInstalledPostgres([real]), undefined);
    writeFileSync(join(real, "postgres"), "");
    for (const name of ["initdb", "postgres"]) {
      symlinkSync(join(real, name), join(linked, name));
    }
    assert.equal(findInstalledPostgres([linked]), realpathSync(real));
  });
});
