import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { root, runCli } from "../../cli/runCli";
import { deployableConfig } from "../../preview/deployable";
import { sharedRegistry } from "../compliant";

/** One broken rule, as `mlp policy check --json` prints it. */
export interface CheckFinding {
  file: string;
  policy: string;
  enforcement: "mandatory" | "advisory";
  message: string;
}

/** What one run of `mlp policy check --stack prod` says of many folders, in their order. */
export async function checkFiles(
  folders: Record<string, string | Uint8Array>[],
): Promise<CheckFinding[][]> {
  const dir = await mkdtemp(join(tmpdir(), "mlplatform-bypasses-"));
  try {
    const projectDir = join(dir, "project");
    await writeProject(projectDir);
    const manifests = join(dir, "manifests");
    for (const [index, files] of folders.entries()) {
      for (const [name, content] of Object.entries(files)) {
        const path = join(manifests, String(index), name);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, content);
      }
    }
    const args = ["policy", "check", manifests, "--stack", "prod", "--json"];
    const { stdout, stderr } = await runCli(args, { projectDir });
    assert.equal(stderr, "");
    const { findings } = JSON.parse(stdout) as { findings: CheckFinding[] };
    return folders.map((_, index) => findings.filter(({ file }) => file.startsWith(`${index}/`)));
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** The platform as its `prod` is, with a registry of the projects' own and images on the nodes. */
async function writeProject(folder: string): Promise<void> {
  await mkdir(folder);
  await copyFile(join(root, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  const config = deployableConfig("prod");
  const policies = { ...config["mlplatform:policies"], registries: [sharedRegistry] };
  const changed = {
    ...config,
    "mlplatform:policies": policies,
    "mlplatform:images": { preloaded: true },
  };
  await writeFile(join(folder, "Pulumi.prod.yaml"), stringify({ config: changed }));
}
