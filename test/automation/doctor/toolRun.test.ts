import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type RunTool, toolsOnPath } from "../../../automation/doctor/toolRun";
import { examineTools } from "../../../automation/doctor/tools";
import { Severity } from "../../../automation/doctor/finding";

describe("mlp doctor's tools", () => {
  let folder: string;
  let run: RunTool;
  const path = process.env.PATH;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mlplatform-tools-"));
    run = toolsOnPath(folder, new AbortController().signal);
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true, force: true });
  });

  /** A folder of PATH with a program in it. */
  const withProgram = (place: string, name: string, script: string): string => {
    const made = join(folder, place);
    mkdirSync(made, { recursive: true });
    writeFileSync(join(made, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(made, name), 0o755);
    return made;
  };
  const finding = async (subject: string) =>
    (await examineTools(run)).find((each) => each.subject === subject)!;

  it("reports the user's Node, not the one that npm puts before it", async () => {
    const bundled = withProgram("node_modules/.bin", "node", "echo v24.1.0");
    const own = withProgram("own", "node", "echo v18.20.8");
    process.env.PATH = [bundled, `${bundled}/`, own].join(delimiter);
    const { severity, seen, remedy } = await finding("Node");
    assert.deepEqual([severity, seen], [Severity.Failure, "18.20.8"]);
    assert.match(remedy!, /Install 20\.0\.0 or newer/);
    process.env.PATH = bundled;
    assert.match((await finding("Node")).seen, /^not on PATH; needed for the program/);
  });

  it("tells a program that can't be run from one that isn't there", async () => {
    mkdirSync(join(folder, "pulumi"));
    process.env.PATH = folder;
    const { severity, seen } = await finding("Pulumi CLI");
    assert.equal(severity, Severity.Failure);
    assert.match(seen, /^on PATH, but can't be run \(EACCES\); needed for `pulumi up`$/);
    const backend = await finding("Pulumi backend");
    assert.equal(backend.severity, Severity.NotChecked);
    assert.match(backend.seen, /can't be run \(EACCES\)/);
  });

  it("takes no program that names no version for the Pulumi CLI", async () => {
    process.env.PATH = withProgram("own", "pulumi", "echo hello");
    assert.equal((await finding("Pulumi CLI")).severity, Severity.Failure);
    const { severity, seen } = await finding("Pulumi backend");
    assert.deepEqual(
      [severity, seen],
      [Severity.NotChecked, "the output of `pulumi whoami` can't be read"],
    );
  });
});
