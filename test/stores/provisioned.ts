import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { PreviewResource } from "../../preview/engine/programRun";
import { provisioningFiles } from "../../components/dataLake/provisioning";
import {
  minioClientProgram,
  seaweedfsProgram,
  type TestStore,
} from "../../workloads/lake/testbed/objectStores";

/** A provisioning Job of the program, by logical names. */
export interface ProvisioningJob {
  job: string;
  /** ConfigMap of its files. */
  files?: string;
}

const limitMs = 120_000;

/**
 * Runs the script of a provisioning Job against a running store, as the program of a stack writes
 * it: with its environment, its files and the store's own client.
 *
 * @param secrets what its Secrets would give it
 * @throws Error with the script's last words where it fails
 */
export async function provision(
  store: TestStore,
  resources: PreviewResource[],
  { job, files }: ProvisioningJob,
  secrets: NodeJS.ProcessEnv = {},
): Promise<void> {
  const [container] = inputsOf(resources, job)["spec"].template.spec.containers;
  const [shell, flags, script] = container.command as [string, string, string];
  const directory = mkdtempSync(join(tmpdir(), "mlplatform-provisioning-"));
  const folder = join(directory, "files");
  mkdirSync(folder);
  const contents: Record<string, string> = files ? inputsOf(resources, files)["data"] : {};
  for (const [name, content] of Object.entries(contents)) {
    writeFileSync(join(folder, name), content);
  }
  const plain = (container.env as { name: string; value: string }[]).map(({ name, value }) => [
    name,
    value,
  ]);
  const client = store.name === "minio" ? await minioClientProgram() : await seaweedfsProgram();
  try {
    await ended(shell, [flags, script.replaceAll(provisioningFiles, folder)], {
      ...Object.fromEntries(plain),
      ...store.administration,
      ...secrets,
      HOME: directory,
      PATH: [dirname(client), process.env["PATH"]].join(delimiter),
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Runs a program to its end and returns its output.
 *
 * @throws Error with its exit code and its last words where it fails
 */
export function ended(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  user?: { uid: number; gid: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, timeout: limitMs, cwd: "/", ...user });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) {
        resolve(output);
      } else {
        reject(new Error(`${program} ended with ${code ?? signal}: ${output.slice(-2000)}`));
      }
    });
  });
}

/** Inputs of the one resource with a logical name and a kind. */
function inputsOf(resources: PreviewResource[], name: string): Record<string, any> {
  const found = resources.filter(
    ({ name: logical, inputs }) =>
      logical === name && ["ConfigMap", "Job"].includes(String(inputs["kind"])),
  );
  assert.equal(found.length, 1, name);
  return found[0]!.inputs;
}
