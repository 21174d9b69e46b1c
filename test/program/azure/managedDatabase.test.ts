import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { type PreviewRun, previewStack } from "../../../preview/engine/previewStack";
import { deployable } from "../../preview/deployable";
import type { PreviewResource } from "../../../preview/engine/programRun";
import { databaseInputs, serverName } from "./databaseInputs";

const root = resolve(__dirname, "../../..");

/** Runs this program as prod with other settings of MLflow, from a project folder of its own. */
async function previewWith(mlflow: Record<string, unknown>): Promise<PreviewRun> {
  const projectDir = mkdtempSync(join(tmpdir(), "mlplatform-database-"));
  try {
    const project = parse(readFileSync(join(root, "Pulumi.yaml"), "utf8"));
    const main = relative(projectDir, root);
    for (const folder of ["node_modules", "workloads"]) {
      symlinkSync(join(root, folder), join(projectDir, folder));
    }
    writeFileSync(join(projectDir, "Pulumi.yaml"), stringify({ ...project, main }));
    const { config } = parse(readFileSync(join(root, "Pulumi.prod.yaml"), "utf8"));
    writeFileSync(
      join(projectDir, "Pulumi.prod.yaml"),
      stringify({ config: { ...config, "mlplatform:mlflow": mlflow } }),
    );
    return await previewStack({
      projectDir,
      stack: "prod",
      mode: "up",
      config: deployable("prod"),
    });
  } finally {
    rmSync(projectDir, { recursive: true, force: true });
  }
}

const problemsOf = ({ type, name, inputs }: PreviewResource): string[] =>
  (databaseInputs[type]?.safeParse(inputs).error?.issues ?? []).map(
    ({ path, message }) => `${name}: ${path.join(".")} ${message}`,
  );

describe("prod on Azure's PostgreSQL", function () {
  this.timeout(120_000);
  let run: PreviewRun;
  const one = (type: string) => {
    const found = run.result.resources.filter((resource) => resource.type === type);
    assert.equal(found.length, 1, type);
    return found[0]!;
  };

  before(async () => {
    run = await previewWith({
      database: "azureFlexibleServer",
      databaseInstances: 2,
      databaseStorageGiB: 64,
      backupRetentionDays: 35,
      replicas: 2,
    });
  });

  it("has inputs that Azure takes", () => {
    assert.deepEqual(run.result.diagnostics, []);
    assert.ok(run.result.succeeded);
    for (const type of Object.keys(databaseInputs)) {
      assert.ok(
        run.result.resources.some((resource) => resource.type === type),
        type,
      );
    }
    assert.deepEqual(run.result.resources.flatMap(problemsOf), []);
    const { id } = run.state.resources.find(
      ({ type }) => type === "azure-native:dbforpostgresql:Server",
    )!;
    assert.match(id.slice(id.lastIndexOf("/") + 1), serverName);
  });

  it("has a standby in another zone, and a way in from the cluster's network only", () => {
    const { inputs } = one("azure-native:dbforpostgresql:Server") as { inputs: any };
    assert.equal(inputs.highAvailability.mode, "ZoneRedundant");
    assert.equal(inputs.backup.backupRetentionDays, 35);
    const subnet = run.result.resources.find(({ name }) => name === "core-database")!;
    assert.match(inputs.network.delegatedSubnetResourceId, /\/subnets\/core-database/);
    assert.ok((subnet.inputs as any).delegations.length > 0);
  });

  it("makes no PostgreSQL in the cluster, nor its operator", () => {
    const inCluster = run.result.resources.filter(
      ({ type, name }) => type.includes("postgresql.cnpg.io") || name === "mlflow-cloudnative-pg",
    );
    assert.deepEqual(inCluster, []);
  });

  const wrong: [path: string, value: unknown, expected: string][] = [
    ["sku", { name: "Standard_B2s", tier: "Burstable" }, "needs a tier above Burstable"],
    ["sku.tier", "MemoryOptimized", "does not fit the series"],
    ["storage.storageSizeGB", 100, "is no size of a disk"],
    ["backup.backupRetentionDays", 36, "Too big"],
    ["administratorLogin", "admin", "is a name that Azure keeps"],
    ["network.publicNetworkAccess", "Enabled", 'expected "Disabled"'],
    ["authConfig.passwordAuth", "Disabled", "lets nobody in"],
    ["version", "19", "Invalid option"],
    ["standby", true, 'Unrecognized key: "standby"'],
  ];
  for (const [path, value, expected] of wrong) {
    it(`would be refused with ${path} ${JSON.stringify(value)}`, () => {
      const server = structuredClone(one("azure-native:dbforpostgresql:Server"));
      const keys = path.split(".");
      let target: any = server.inputs;
      for (const key of keys.slice(0, -1)) {
        target = target[key];
      }
      target[keys.at(-1)!] = value;
      const problems = problemsOf(server);
      assert.ok(
        problems.some((problem) => problem.includes(expected)),
        problems.join("\n"),
      );
    });
  }
});
