import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root, shownProject } from "./runCli";

/** In place of the CLI: counts what it is told while it runs, and ends when a file says so. */
const cli = `#!${process.execPath}
const { appendFileSync, existsSync, writeFileSync } = require("node:fs");
const file = (name) => require("node:path").join(__dirname, name);
const [command] = process.argv.slice(2);
if (command === "version") {
  console.log("v3.276.0");
} else if (command === "stack") {
  console.log("{}");
} else {
  for (const name of ["SIGINT", "SIGTERM"]) {
    process.on(name, () => appendFileSync(file("told"), name + " "));
  }
  setInterval(() => existsSync(file("end")) && process.exit(255), 20);
  writeFileSync(file("parent"), String(process.ppid));
}
`;
const start = `
  require(${JSON.stringify(require.resolve("tsx/cjs"))});
  require(${JSON.stringify(join(root, "cli/mlp.ts"))})
    .main(["refresh", "-s", "dev"], { projectDir: ${JSON.stringify(shownProject)} })
    .then((code) => { process.exitCode = code; });`;

describe("the Pulumi CLI under Ctrl-C", function () {
  this.timeout(120_000);
  let folder: string;
  let run: ChildProcess;
  let ended: Promise<number | null>;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mlplatform-signals-"));
    writeFileSync(join(folder, "pulumi"), cli, { mode: 0o700 });
    writeFileSync(join(folder, "start.js"), start);
  });
  afterEach(async () => {
    writeFileSync(join(folder, "end"), "");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });

  const launch = async (program: string, ...args: string[]): Promise<number> => {
    run = spawn(program, args, {
      cwd: root,
      env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` },
      stdio: ["pipe", "ignore", "ignore"],
    });
    ended = new Promise((done) => run.once("close", done));
    return Number(await written("parent", (text) => text !== ""));
  };
  /** Text of a file of the run, as soon as it is as it is waited for. */
  const written = async (name: string, isWhole: (text: string) => boolean): Promise<string> => {
    const file = join(folder, name);
    for (let attempt = 0; attempt < 1200; attempt++) {
      const text = existsSync(file) ? readFileSync(file, "utf8") : "";
      if (isWhole(text)) {
        return text;
      }
      await sleep(50);
    }
    return assert.fail(`${name} did not come within a minute`);
  };

  it("is told once by a terminal, and mlp ends after it though npm says it again", async function () {
    const command = `${process.execPath} ${join(folder, "start.js")}`;
    const mlp = await launch("script", "--quiet", "--return", "--command", command, "/dev/null");
    run.stdin!.write("\u0003");
    await written("told", (text) => text !== "");
    process.kill(mlp, "SIGINT");
    await sleep(500);
    assert.equal(readFileSync(join(folder, "told"), "utf8"), "SIGINT ");
    assert.ok(existsSync(`/proc/${mlp}`) || process.platform !== "linux");
    writeFileSync(join(folder, "end"), "");
    assert.equal(await ended, 130);
  });

  it("is told once where its output and input are files, too", async () => {
    const command = `${process.execPath} ${join(folder, "start.js")} </dev/null >/dev/null 2>&1`;
    await launch("script", "--quiet", "--return", "--command", command, "/dev/null");
    run.stdin!.write("\u0003");
    await written("told", (text) => text !== "");
    await sleep(500);
    assert.equal(readFileSync(join(folder, "told"), "utf8"), "SIGINT ");
  });

  for (const name of ["SIGINT", "SIGTERM"] as const) {
    it(`is told once of ${name} where there is no terminal`, async () => {
      const mlp = await launch(process.execPath, join(folder, "start.js"));
      process.kill(mlp, name);
      await written("told", (text) => text !== "");
      process.kill(mlp, name);
      await sleep(500);
      assert.equal(readFileSync(join(folder, "told"), "utf8"), "SIGINT ");
      writeFileSync(join(folder, "end"), "");
      assert.equal(await ended, 130);
    });
  }
});
