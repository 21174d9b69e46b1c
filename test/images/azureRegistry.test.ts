import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { prepareAzureRegistry } from "../../images/azureRegistry";
import { runCli } from "../cli/runCli";

const token = "secret-token-of-the-registry";

/** Programs that only write down how they were called; what Azure answers is as it documents. */
const az = `#!/bin/sh
echo "az $*" >> "$MLP_TEST_CALLS"
case "$*" in
  *"group exists"*there*) echo true ;;
  *"group exists"*) echo false ;;
  *"acr list"*there*) echo '[{"name":"AcmeML","anonymousPullEnabled":'"$MLP_TEST_ANONYMOUS"'}]' ;;
  *"acr list"*garbled*) echo '${token}' ;;
  *"acr list"*) echo '[]' ;;
  *"acr login"*) echo '{"accessToken":"${token}","loginServer":"acmeml.azurecr.io"}' ;;
  *"group create"*refused*) echo "AuthorizationFailed: no right" >&2; exit 1 ;;
esac
`;
const buildah = `#!/bin/sh
echo "buildah $*" >> "$MLP_TEST_CALLS"
echo "stdin $(cat)" >> "$MLP_TEST_CALLS"
`;

describe("mlp images bootstrap on Azure", () => {
  let folder: string;
  let path: string | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mlplatform-azure-"));
    mkdirSync(join(folder, "bin"));
    for (const [name, text] of Object.entries({ az, buildah })) {
      writeFileSync(join(folder, "bin", name), text);
      chmodSync(join(folder, "bin", name), 0o755);
    }
    path = process.env.PATH;
    process.env.PATH = `${join(folder, "bin")}${delimiter}${path}`;
    process.env.MLP_TEST_CALLS = join(folder, "calls");
  });
  afterEach(() => {
    process.env.PATH = path;
    delete process.env.MLP_TEST_CALLS;
    delete process.env.MLP_TEST_ANONYMOUS;
    rmSync(folder, { recursive: true });
  });

  const prepare = (resourceGroup: string) =>
    prepareAzureRegistry(
      { name: "acmeml", resourceGroup, location: "westeurope" },
      folder,
      join(folder, "auth.json"),
    );

  it("makes group and registry, and signs in with the token on standard input alone", async () => {
    assert.equal(await prepare("mlplatform-images"), "acmeml.azurecr.io/mlplatform");
    const calls = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
    assert.deepEqual(
      calls.map((call) => call.split(" --")[0]),
      [
        "az group exists",
        "az group create",
        "az acr list",
        "az acr create",
        "az acr update",
        "az acr login",
        "buildah",
        `stdin ${token}`,
      ],
    );
    assert.match(calls[3]!, /--sku=Standard .*--admin-enabled=false/);
    assert.match(calls[4]!, /--anonymous-pull-enabled/);
    assert.match(
      calls[6]!,
      /login --authfile=\S+auth\.json .*--password-stdin acmeml\.azurecr\.io$/,
    );
    assert.ok(calls.slice(0, 7).every((call) => !call.includes(token)));
  });

  const calledAz = () =>
    readFileSync(join(folder, "calls"), "utf8")
      .trim()
      .split("\n")
      .filter((call) => call.startsWith("az "))
      .map((call) => call.split(" --")[0]);

  it("leaves a registry that is there as it is", async () => {
    process.env.MLP_TEST_ANONYMOUS = "true";
    assert.equal(await prepare("there"), "acmeml.azurecr.io/mlplatform");
    assert.deepEqual(calledAz(), ["az group exists", "az acr list", "az acr login"]);
  });

  it("opens no private registry to the world", async () => {
    process.env.MLP_TEST_ANONYMOUS = "false";
    await assert.rejects(
      prepare("there"),
      /the registry acmeml is there, and lets nobody pull without a right\. Name one/,
    );
    assert.deepEqual(calledAz(), ["az group exists", "az acr list"]);
  });

  it("shows nothing of an answer that it can't read", async () => {
    await assert.rejects(prepare("garbled"), (error: Error) => {
      assert.match(error.message, /`az acr list` answered with 29 characters that are no JSON/);
      return !error.message.includes(token);
    });
  });

  it("says in Azure's words what it refuses, with a remedy", async () => {
    await assert.rejects(
      prepare("refused"),
      /az group ended with 1:\n +AuthorizationFailed: no right.*\nSign in \(`az login`\)/,
    );
  });

  for (const [what, args, message] of [
    ["neither place", [], /exactly one of --acr and --prefix must be given/],
    ["both places", ["--acr", "a", "--prefix", "b/c"], /exactly one of --acr and --prefix/],
    ["no region", ["--acr", "acmeml"], /--location must be given with --acr/],
    ["a name with a dash", ["--acr", "acme-ml", "--location", "x"], /5-50 letters and digits/],
    ["a prefix without a path", ["--prefix", "ghcr.io"], /must be a registry with a path/],
    ["a prefix with a version", ["--prefix", "ghcr.io/a:1"], /must be a registry with a path/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const { code, stderr } = await runCli(["images", "bootstrap", ...args]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  }

  it("refuses an image that nobody knows, with the nearest name", async () => {
    const { code, stderr } = await runCli(["images", "build", "log-ofloader"]);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /no own image has that name, got "log-ofloader"\. Did you mean log-offloader\?/,
    );
  });
});
