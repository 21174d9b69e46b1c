import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { previewStack } from "../../preview/engine/previewStack";
import { servedSchema } from "./packagePlugin";

const root = resolve(__dirname, "../..");
const goldenFile = join(root, "test/golden/packageSchema.json");

describe("the package outside of this repository", function () {
  // It installs the SDKs from npm's cache and type-checks with them.
  this.timeout(600_000);
  let scratch: string;
  let clone: string;
  let program: string;

  before(() => {
    scratch = mkdtempSync(join(tmpdir(), "mlplatform-consumer-"));
    clone = join(scratch, "clone");
    program = join(scratch, "program");
    copyRepository(clone);
    // `pulumi package add <repository>/components` clones the whole repository, and installs at the
    // root of its workspaces (pulumi/pulumi#18322).
    npm(clone, "ci", "--workspace", "mlplatform");
  });
  after(() => rmSync(scratch, { recursive: true, force: true }));

  it("is served from a clone: every component, and what it shares with other parts", async () => {
    const { resources, types } = JSON.parse(await servedSchema(join(clone, "components")));
    const golden = JSON.parse(readFileSync(goldenFile, "utf8"));
    assert.deepEqual(Object.keys(resources).sort(), Object.keys(golden.resources));
    assert.deepEqual(Object.keys(types).sort(), Object.keys(golden.types));
  });

  it("is taken by its path into a program of another folder", async () => {
    mkdirSync(program);
    const dependencies = {
      mlplatform: "file:../clone/components",
      "@pulumi/pulumi": "file:../clone/node_modules/@pulumi/pulumi",
    };
    write("package.json", JSON.stringify({ name: "consumer", main: "index.ts", dependencies }));
    write("tsconfig.json", readFileSync(join(root, "tsconfig.json"), "utf8"));
    write("Pulumi.yaml", "name: consumer\nruntime: nodejs\n");
    write("Pulumi.dev.yaml", "");
    write(
      "index.ts",
      `import { DataLake } from "mlplatform";
new DataLake("lake", { image: "registry.example/minio:1", clientImage: "registry.example/mc:1" });
`,
    );
    npm(program, "install");
    const { result } = await previewStack({ projectDir: program, stack: "dev" });
    assert.deepEqual(result.diagnostics, []);
    const types = new Set(result.resources.map(({ type }) => type));
    assert.ok(types.has("mlplatform:index:DataLake"), [...types].join(", "));
    assert.ok(types.has("kubernetes:apps/v1:StatefulSet"), [...types].join(", "));
  });

  function write(name: string, text: string): void {
    writeFileSync(join(program, name), text);
  }
});

/** What a clone has of this working tree: nothing that git ignores. */
function copyRepository(folder: string): void {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const wanted = /^(components|contracts)\/|(^|\/)package\.json$|^(package-lock|tsconfig)\.json$/;
  for (const file of execFileSync("git", list, { cwd: root, encoding: "utf8" }).split("\0")) {
    if (wanted.test(file)) {
      cpSync(join(root, file), join(folder, file));
    }
  }
}

/** Offline: everything is in npm's cache since this repository was installed. */
function npm(folder: string, ...args: string[]): void {
  const flags = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", [...args, ...flags], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
}
