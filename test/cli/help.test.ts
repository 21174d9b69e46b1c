import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { root, runCli } from "./runCli";

const execute = promisify(execFile);
const golden = (name: string) => readFile(join(__dirname, "golden", name), "utf8");

describe("mlp --help", () => {
  const pages: [string, string[]][] = [
    ["mlp.txt", ["--help"]],
    ["preview.txt", ["preview", "--help"]],
    ["doctor.txt", ["doctor", "--help"]],
    ["up.txt", ["up", "--help"]],
    ["refresh.txt", ["refresh", "--help"]],
    ["destroy.txt", ["destroy", "--help"]],
    ["policy.txt", ["policy", "--help"]],
    ["policyCheck.txt", ["policy", "check", "--help"]],
    ["prices.txt", ["prices", "--help"]],
    ["pricesUpdate.txt", ["prices", "update", "--help"]],
    ["images.txt", ["images", "--help"]],
    ["imagesList.txt", ["images", "list", "--help"]],
    ["imagesBuild.txt", ["images", "build", "--help"]],
    ["imagesPublish.txt", ["images", "publish", "--help"]],
    ["imagesBootstrap.txt", ["images", "bootstrap", "--help"]],
    ["versions.txt", ["versions", "--help"]],
    ["versionsVerify.txt", ["versions", "verify", "--help"]],
  ];
  for (const [file, args] of pages) {
    it(`mlp ${args.join(" ")} reads as in test/cli/golden/${file}`, async () => {
      const { code, stdout, stderr } = await runCli(args);
      if (process.env.UPDATE_GOLDEN) {
        await writeFile(join(__dirname, "golden", file), stdout);
      }
      assert.equal(stdout, await golden(file));
      assert.deepEqual([code, stderr], [0, ""]);
    });
  }

  it("shows the help where no command is given, and exits 2", async () => {
    const { code, stderr } = await runCli([]);
    assert.equal(stderr, await golden("mlp.txt"));
    assert.equal(code, 2);
  });

  it("starts as a program of its own", async () => {
    const { stdout } = await execute(process.execPath, [join(root, "cli/bin.js"), "--help"]);
    assert.equal(stdout, await golden("mlp.txt"));
  });
});
