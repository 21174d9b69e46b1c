import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "../..");
const folders = [
  ".github/workflows",
  ".github/actions/buildImage",
  "workloads/projectTemplate/.github/workflows",
];

/**
 * What each action runs on, by commit: `runs.using` of its action.yml. GitHub's runners have Node
 * 20 no longer, so that an action that names it stops there. A new commit is a new row, read anew.
 */
const runtimes: Record<string, { version: string; using: "node20" | "node24" | "composite" }> = {
  "actions/attest@1e69f48acb82d1966a394da916b4c1698aa569d6": {
    version: "v4.2.2",
    using: "node24",
  },
  "actions/checkout@fbc6f3992d24b796d5a048ff273f7fcc4a7b6c09": {
    version: "v5.1.0",
    using: "node24",
  },
  "actions/download-artifact@37930b1c2abaa49bbe596cd826c3c89aef350131": {
    version: "v7.0.0",
    using: "node24",
  },
  "actions/setup-go@924ae3a1cded613372ab5595356fb5720e22ba16": {
    version: "v6.5.0",
    using: "node24",
  },
  "actions/setup-node@249970729cb0ef3589644e2896645e5dc5ba9c38": {
    version: "v6.5.0",
    using: "node24",
  },
  "actions/setup-python@ece7cb06caefa5fff74198d8649806c4678c61a1": {
    version: "v6.3.0",
    using: "node24",
  },
  "actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f": {
    version: "v6.0.0",
    using: "node24",
  },
  "azure/login@f5d393ae46f8fde4be8b75f32e3fc50e654ad0ca": { version: "v3.0.1", using: "node24" },
  "azure/use-kubelogin@0ce7c36141aa27d4934872cf00b0120804c98a29": {
    version: "v1.3",
    using: "node24",
  },
  "sigstore/cosign-installer@d58896d6a1865668819e1d91763c7751a165e159": {
    version: "v3.9.2",
    using: "composite",
  },
};

/** `action@commit # version` of every step; an action of this repository has no version. */
const used = folders.flatMap((folder) =>
  readdirSync(join(root, folder)).flatMap((file) =>
    [...readFileSync(join(root, folder, file), "utf8").matchAll(/\buses: ([^.].+)$/gm)].map(
      ([, action]) => ({ file: `${folder}/${file}`, action: action! }),
    ),
  ),
);

describe("the actions of the workflows", () => {
  it("are pinned by commits whose runtime is known and still there", () => {
    assert.ok(used.length >= 15);
    for (const { file, action } of used) {
      const [commit, version] = action.split(" # ") as [string, string?];
      const known = runtimes[commit];
      assert.ok(known, `${file}: ${action}: look its runtime up and add a row`);
      assert.equal(version, known.version, `${file}: ${commit}`);
      assert.notEqual(known.using, "node20", `${file}: ${action}`);
    }
  });

  it("have no row that nothing uses", () => {
    const commits = used.map(({ action }) => action.split(" # ")[0]!);
    assert.deepEqual(
      Object.keys(runtimes).filter((row) => !commits.includes(row)),
      [],
    );
  });
});
