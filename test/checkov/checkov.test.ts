import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { previewStack } from "../../preview/engine/previewStack";
import { deployable } from "../preview/deployable";
import type { PreviewResource } from "../../preview/engine/programRun";
import { PythonEnvironment } from "../../local/programs/pythonEnvironment";

const run = promisify(execFile);
const root = resolve(__dirname, "../..");
const decision = "docs/decisions/005-what-checkov-finds.md";

/** Download and installation on a slow machine, once. */
const installTimeoutMs = 900_000;
const scanTimeoutMs = 300_000;

interface Report {
  results: { failed_checks: { check_id: string; file_path: string }[] };
  summary: { passed: number; parsing_errors: number; resource_count: number };
}

/** Check and name of the object that fails it. */
type Finding = [check: string, object: string];

interface Scan {
  findings: Finding[];
  passed: number;
  unreadable: number;
}

/**
 * A Kubernetes object that the program writes itself, with a name where the cluster would give one.
 */
function manifestOf({ type, name, inputs }: PreviewResource): Record<string, any> | undefined {
  if (!type.startsWith("kubernetes:") || inputs["kind"] === undefined) {
    return undefined;
  }
  if (type.includes(":helm.sh/")) {
    return undefined;
  }
  const metadata = { name, ...(inputs["metadata"] as object) };
  return { ...inputs, metadata };
}

async function scan(program: string, manifests: Record<string, any>[]): Promise<Scan> {
  const folder = mkdtempSync(join(tmpdir(), "mlplatform-checkov-"));
  try {
    const nameOf = new Map<string, string>();
    for (const [index, manifest] of manifests.entries()) {
      const file = `${index}-${manifest["kind"]}.json`;
      nameOf.set(`/${file}`, String(manifest["metadata"].name));
      writeFileSync(join(folder, file), JSON.stringify(manifest));
    }
    const { stdout } = await run(
      program,
      [
        ...["--directory", folder, "--framework", "kubernetes", "secrets"],
        // The findings are the result; an exit code would only say that there are some.
        ...["--skip-download", "--compact", "--quiet", "--soft-fail", "--output", "json"],
      ],
      { maxBuffer: 1 << 28, timeout: scanTimeoutMs },
    );
    // A list where both frameworks have results.
    const reports = [JSON.parse(stdout)].flat() as Report[];
    const findings = reports
      .flatMap(({ results }) => results.failed_checks)
      .map((failed): Finding => [failed.check_id, nameOf.get(failed.file_path)!]);
    return {
      findings,
      passed: reports.reduce((sum, { summary }) => sum + summary.passed, 0),
      unreadable: reports.reduce((sum, { summary }) => sum + summary.parsing_errors, 0),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Rows of the decision's table: check, place, reason. */
function acceptedFindings(): [check: string, place: string, reason: string][] {
  const rows = readFileSync(join(root, decision), "utf8").matchAll(
    /^\| (CKV\w+) *\| ([\w-]+) *\| (.+?) *\|$/gm,
  );
  return [...rows].map(([, check, place, reason]) => [check!, place!, reason!]);
}

/** Findings and rows of the table that have no counterpart. */
function differences(findings: Finding[]): string[] {
  const accepted = acceptedFindings();
  const isAccepted = ([check, object]: Finding) =>
    accepted.some(([id, place]) => id === check && (place === "anywhere" || place === object));
  const unexpected = findings
    .filter((finding) => !isAccepted(finding))
    .map(([check, object]) => `${check} fails in ${object} and is not in ${decision}`);
  const unneeded = accepted
    .filter(
      ([id, place]) =>
        !findings.some(
          ([check, object]) => id === check && (place === "anywhere" || place === object),
        ),
    )
    .map(([id, place]) => `${id} no longer fails ${place}: remove it from ${decision}`);
  return [...unexpected, ...unneeded];
}

describe("checkov over prod's objects", function () {
  let program: string;
  let manifests: Record<string, any>[];
  let found: Scan;

  before(async function () {
    this.timeout(installTimeoutMs + scanTimeoutMs);
    const environment = await PythonEnvironment.prepare(
      join(root, ".cache", "checkov"),
      join(root, "local", "python", "checkov.txt"),
      (text) => console.log(`      ${text}`),
    );
    program = environment.program("checkov");
    const { result } = await previewStack({
      projectDir: root,
      stack: "prod",
      mode: "up",
      config: deployable("prod"),
    });
    manifests = result.resources.flatMap((resource) => manifestOf(resource) ?? []);
    found = await scan(program, manifests);
  });

  it("reads every object", () => {
    assert.ok(manifests.length > 150, `${manifests.length} objects`);
    assert.equal(found.unreadable, 0);
    assert.ok(found.passed > 1000, `${found.passed} checks passed`);
  });

  it("fails exactly the checks that the decision gives reasons for", () => {
    assert.deepEqual(differences(found.findings), []);
    acceptedFindings().forEach(([id, , reason]) => assert.ok(reason.length > 5, id));
  });

  it("reports a check that is new, and one that is gone", async function () {
    this.timeout(scanTimeoutMs);
    const server = structuredClone(
      manifests.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "mlflow")!,
    );
    server["spec"].template.spec.containers[0].securityContext.privileged = true;
    delete server["spec"].template.spec.containers[0].readinessProbe;
    const reported = differences((await scan(program, [server])).findings);
    for (const expected of [
      `CKV_K8S_16 fails in mlflow and is not in ${decision}`,
      `CKV_K8S_9 fails in mlflow and is not in ${decision}`,
      `CKV_K8S_23 no longer fails nvidia-device-plugin: remove it from ${decision}`,
    ]) {
      assert.ok(reported.includes(expected), reported.join("\n"));
    }
  });
});
