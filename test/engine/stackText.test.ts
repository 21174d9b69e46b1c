import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readStackConfig } from "./offlineEngine";
import { edited, stackText } from "./stackText";
import { updatesOf } from "./updates";

const root = resolve(__dirname, "../..");

// The cycles of local and prod take too long for every run: what they write into a stack's file is
// read here, so that it doesn't fall behind the committed files.
describe("the files that the cycles write", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mlplatform-stack-text-"));
    copyFileSync(join(root, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  for (const stack of ["local", "dev", "prod"]) {
    it(`${stack}: each update leaves a file that is read, with other values`, () => {
      let text = stackText(root, stack, { kubeconfig: "/kubeconfig" });
      const read = () => {
        writeFileSync(join(folder, `Pulumi.${stack}.yaml`), `${text}\n`);
        return readStackConfig(folder, stack).config;
      };
      let before = read();
      for (const { what, edit } of updatesOf(stack)) {
        edit({ edit: (from, to) => (text = edited(text, from, to)) });
        const after = read();
        assert.notDeepEqual(after, before, what);
        before = after;
      }
    });
  }
});
