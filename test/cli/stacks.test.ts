import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { runCli } from "./runCli";

const urn = (name: string) => `urn:pulumi:dev::shown::test:index:Thing::${name}`;
const thing = (name: string, more: Record<string, unknown> = {}) => ({
  urn: urn(name),
  type: "test:index:Thing",
  custom: true,
  ...more,
});

/** In place of the CLI: notes how it was called, and answers from files beside it. */
const cli = `#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >> calls
case "$1 $2" in
  "version "*) cat version ;;
  "stack export") cat state.json ;;
  "stack import") cp "$6" imported.json ;;
  *) exit "$(cat code)" ;;
esac
`;

describe("mlp up, refresh, destroy", function () {
  this.timeout(60_000);
  let folder: string;
  let path: string | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mlplatform-stacks-"));
    path = process.env.PATH;
    process.env.PATH = `${folder}${delimiter}${path}`;
    write("pulumi", cli);
    chmodSync(join(folder, "pulumi"), 0o700);
    write("version", "v3.276.0\n");
    write("code", "0");
    state({});
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const state = (deployment: Record<string, unknown>) =>
    write("state.json", JSON.stringify({ version: 3, deployment }));
  /** Calls of the CLI that change something. */
  const changes = () =>
    existsSync(join(folder, "calls"))
      ? readFileSync(join(folder, "calls"), "utf8")
          .trim()
          .split("\n")
          .filter((line) => !/^(version|stack export)/.test(line))
      : [];
  const cutOff = () =>
    state({
      resources: [thing("there", { id: "/there" })],
      pending_operations: [{ type: "creating", resource: thing("made") }],
    });

  for (const command of ["refresh", "destroy"]) {
    it(`${command} runs the CLI's ${command} and nothing else`, async () => {
      const { code, stderr } = await runCli([command, "-s", "dev", "--yes"]);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      assert.deepEqual(changes(), [`${command} --stack dev --yes`]);
    });
  }

  it("fails as the CLI does", async () => {
    write("code", "255");
    assert.equal((await runCli(["refresh", "-s", "dev"])).code, 1);
    assert.deepEqual(changes(), ["refresh --stack dev"]);
  });

  it("up runs the CLI's up after the checks", async () => {
    const { code, stderr } = await runCli(["up", "-s", "dev", "-y"]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.deepEqual(changes(), ["up --stack dev --yes"]);
  });

  it("up touches nothing where the program fails", async () => {
    const { code, stderr } = await runCli(["up", "-s", "broken", "--yes"]);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /broken fails its checks, and nothing was changed: 1 error of the program\. `mlp preview --stack broken` shows each\./,
    );
    assert.deepEqual(changes(), []);
  });

  it("up of a new stack is refused where its program needs what its first preview can't know", async () => {
    const { code, stderr } = await runCli(["up", "-s", "early", "--yes"]);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /early fails its checks, and nothing was changed: 1 error of the program\. `mlp preview --stack early --first` shows each\./,
    );
    assert.deepEqual(changes(), []);
  });

  it("up of a stack whose cluster has nothing yet is refused for the same", async () => {
    state({ resources: [thing("there", { id: "/there" })] });
    assert.equal((await runCli(["up", "-s", "early", "--yes"])).code, 2);
    assert.deepEqual(changes(), []);
  });

  it("up of a stack whose cluster has objects asks for no first preview", async () => {
    state({
      resources: [{ ...thing("there", { id: "/there" }), type: "kubernetes:core/v1:Namespace" }],
    });
    const { code, stderr } = await runCli(["up", "-s", "early", "--yes"]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.deepEqual(changes(), ["up --stack early --yes"]);
  });

  for (const command of ["up", "refresh", "destroy"]) {
    it(`${command} refuses a stack whose last run was cut off, and says what to look at`, async () => {
      cutOff();
      const { code, stderr } = await runCli([command, "-s", "dev", "--yes"]);
      assert.equal(code, 2);
      assert.match(
        stderr,
        /a run on dev was cut off, or still goes on: 1 operation never finished/,
      );
      assert.ok(stderr.includes(`creating ${urn("made")}`));
      assert.match(stderr, /mlp refresh --stack dev --take-over '<urn>=<id>'/);
      assert.deepEqual(changes(), []);
    });
  }

  for (const name of ["", "-dev", "org/project/dev", "two words"]) {
    it(`takes ${JSON.stringify(name)} for no stack: the CLI would take the selected or another one`, async () => {
      for (const command of ["up", "refresh", "destroy"]) {
        const { code, stderr } = await runCli([command, `--stack=${name}`, "--yes"]);
        assert.equal(code, 2);
        assert.match(stderr, /--stack must be the name of a stack/);
      }
      assert.ok(!existsSync(join(folder, "calls")));
    });
  }

  it("refresh takes over what the run made, then refreshes", async () => {
    cutOff();
    const made = `${urn("made")}=/made`;
    const { code, stderr } = await runCli(["refresh", "-s", "dev", "--take-over", made]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    const { deployment } = JSON.parse(readFileSync(join(folder, "imported.json"), "utf8")) as {
      deployment: unknown;
    };
    assert.deepEqual(deployment, {
      resources: [thing("there", { id: "/there" }), thing("made", { id: "/made" })],
      pending_operations: [],
    });
    assert.match(changes().join("\n"), /^stack import .*\nrefresh --stack dev$/);
  });

  it("refresh changes nothing while an operation is undecided", async () => {
    cutOff();
    const { code, stderr } = await runCli(["refresh", "-s", "dev", "--take-over", "urn:other=1"]);
    assert.equal(code, 2);
    assert.match(stderr, /no operation on urn:other is pending/);
    assert.deepEqual(changes(), []);
  });

  it("refresh refuses a take-over without an id", async () => {
    const { code, stderr } = await runCli(["refresh", "-s", "dev", "--take-over", urn("made")]);
    assert.equal(code, 2);
    assert.match(stderr, /--take-over must be <urn>=<id>, got "urn:/);
    assert.deepEqual(changes(), []);
  });

  it("destroy refuses while data is protected, and says how to go on", async () => {
    state({ resources: [thing("data", { protect: true }), thing("other")] });
    const { code, stderr } = await runCli(["destroy", "-s", "dev", "--yes"]);
    assert.equal(code, 2);
    assert.match(stderr, /dev holds protected data: .* stop at 1 resource\n/);
    assert.ok(stderr.includes(urn("data")) && !stderr.includes(urn("other")));
    assert.match(stderr, /mlp destroy --stack dev --keep-data/);
    assert.match(stderr, /mlplatform:protectData: false/);
    assert.match(stderr, /pulumi state unprotect '<urn>' --stack dev/);
    assert.deepEqual(changes(), []);
  });

  it("destroy --keep-data deletes all but what is protected", async () => {
    state({ resources: [thing("data", { protect: true })] });
    const { code } = await runCli(["destroy", "-s", "dev", "--yes", "--keep-data"]);
    assert.equal(code, 0);
    assert.deepEqual(changes(), ["destroy --stack dev --yes --exclude-protected"]);
  });

  it("says what is missing where there is no CLI, or one that is too old", async () => {
    write("version", "v3.269.9\n");
    const old = await runCli(["refresh", "-s", "dev"]);
    assert.equal(old.code, 2);
    assert.match(old.stderr, /must be 3\.270\.0 or newer, got 3\.269\.9\. Install it/);
    process.env.PATH = "/nowhere";
    const none = await runCli(["refresh", "-s", "dev"]);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /there is no `pulumi` on PATH\. Install it/);
  });

  for (const [what, script, seen] of [
    ["fails", "exec no-secret-program", /`pulumi version` ended with 127\. Check by `command -v/],
    ["prints something else", "echo secret", /must print a version, got 7 characters\. Check by/],
    ["prints nothing", "true", /must print a version, got nothing\. Check by/],
    ["is killed", "kill -9 $$", /`pulumi version` was ended by SIGKILL\. Check by/],
  ] as const) {
    it(`repeats nothing of a \`pulumi\` that ${what}, and says what to check`, async () => {
      write("pulumi", `#!/bin/sh\n${script}\n`);
      const { code, stdout, stderr } = await runCli(["refresh", "-s", "dev"]);
      assert.equal(code, 2);
      assert.match(stderr, seen);
      assert.doesNotMatch(stdout + stderr, /secret|MLP_DEBUG/);
    });
  }

  it("says that a folder in place of `pulumi` can't be run", async () => {
    mkdirSync(join(folder, "other", "pulumi"), { recursive: true });
    process.env.PATH = join(folder, "other");
    const { code, stderr } = await runCli(["refresh", "-s", "dev"]);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /`pulumi` on PATH can't be run, got EACCES\. Check by `command -v pulumi`/,
    );
  });

  for (const text of [
    '{"secret": ',
    "secret",
    "",
    "null",
    "[]",
    '{"deployment":{"resources":1}}',
  ]) {
    it(`takes ${JSON.stringify(text)} for no state, and repeats nothing of it`, async () => {
      write("state.json", text);
      for (const more of [[], ["--forget", urn("made")]]) {
        const { code, stderr } = await runCli(["refresh", "-s", "dev", ...more]);
        assert.equal(code, 2);
        const seen = text === "" ? "nothing" : `${text.length} characters`;
        assert.ok(
          stderr.includes(`--stack dev\` must print the state as JSON, got ${seen}. Run it`),
        );
        assert.doesNotMatch(stderr, /secret/);
      }
      assert.deepEqual(changes(), []);
    });
  }

  it("finds nothing pending in a stack that was never deployed", async () => {
    write("state.json", '{"version":3,"deployment":null}');
    const { code, stderr } = await runCli(["refresh", "-s", "dev", "--forget", urn("made")]);
    assert.equal(code, 2);
    assert.match(stderr, /no operation on \S+made is pending/);
  });

  for (const [command, title] of [
    ["version", "looking for the Pulumi CLI"],
    ["stack export", "reading the state of dev"],
  ]) {
    it(`says on a terminal that it is ${title} once that takes long`, async () => {
      write(
        "pulumi",
        cli.replace('case "$1', `case "$*" in "${command} "*) sleep 2.6;; esac\ncase "$1`),
      );
      let written = "";
      const stderr = { isTTY: true, columns: 80, write: (text: string) => (written += text) };
      const { code } = await runCli(["refresh", "-s", "dev"], { stderr });
      assert.equal(code, 0, written);
      assert.ok(written.includes(title!), written);
      // The line is gone before the CLI writes.
      assert.ok(written.endsWith("\r\u001b[K"));
    });
  }
});
