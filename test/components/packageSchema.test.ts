import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as grpc from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { GetSchemaRequest } from "@pulumi/pulumi/proto/provider_pb";
import { Analyzer } from "@pulumi/pulumi/provider/experimental/analyzer";
import { generateSchema } from "@pulumi/pulumi/provider/experimental/schema";
import * as components from "../../components";

const root = resolve(__dirname, "../..");
const folder = join(root, "components");
const goldenFile = join(root, "test/golden/packageSchema.json");
const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

const componentNames = [
  "AksPlatform",
  "DataLake",
  "LakeAccess",
  "MlProject",
  "MlflowStack",
  "ObservabilityStack",
  "RayStack",
  "ServingMesh",
];

/** The schema as Pulumi infers it from the sources. */
function inferredSchema(): any {
  const { name, version, description } = manifest;
  const analyzer = new Analyzer(folder, name, manifest, new Set(componentNames));
  const { components: found, typeDefinitions, dependencies } = analyzer.analyze();
  const schema = generateSchema(name, version, description, found, typeDefinitions, dependencies);
  return sorted(JSON.parse(JSON.stringify(schema)));
}

/** With keys in order, so that moving a declaration changes nothing. */
function sorted(value: any): any {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}

describe("the package for other languages", function () {
  // Both type-check the sources with the SDKs, which takes tens of seconds on a busy machine.
  this.timeout(300_000);
  let schema: any;
  before(() => {
    schema = inferredSchema();
  });

  it("offers every component that the entry file exports, and no other", () => {
    const exported = Object.entries<any>(components)
      .filter(([, value]) => isComponent(value))
      .map(([name]) => name)
      .sort();
    assert.deepEqual(exported, componentNames);
    assert.deepEqual(
      Object.keys(schema.resources),
      componentNames.map((name) => `mlplatform:index:${name}`),
    );
  });

  it("has the reviewed schema (UPDATE_GOLDEN=1 writes a new one)", () => {
    if (process.env.UPDATE_GOLDEN === "1") {
      writeFileSync(goldenFile, `${JSON.stringify(schema, null, 2)}\n`);
    }
    assert.deepEqual(schema, JSON.parse(readFileSync(goldenFile, "utf8")));
  });

  it("leaks no internal field as an output", () => {
    for (const [token, { properties }] of Object.entries<any>(schema.resources)) {
      for (const [name, property] of Object.entries<any>(properties ?? {})) {
        assert.ok(property.description, `${token}.${name} is an output without a description`);
      }
    }
  });

  it("answers getSchema when Pulumi runs it as a plugin", async () => {
    const engine = new grpc.Server();
    const enginePort = await listen(engine);
    const plugin = await startPlugin(`127.0.0.1:${enginePort}`);
    try {
      const served = JSON.parse(await getSchema(plugin.port));
      assert.deepEqual(sorted(served), schema);
    } finally {
      plugin.child.kill();
      engine.forceShutdown();
    }
  });
});

function isComponent(value: any): boolean {
  return typeof value === "function" && value.prototype instanceof pulumi.ComponentResource;
}

function listen(server: grpc.Server): Promise<number> {
  return new Promise((settle, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : settle(port),
    ),
  );
}

/** Starts the package as Pulumi's language host does; it prints its port. */
function startPlugin(engine: string): Promise<{ child: ChildProcess; port: number }> {
  const runner = require.resolve("@pulumi/pulumi/cmd/run-plugin");
  const child = spawn(process.execPath, [runner, folder, engine], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "", PULUMI_NODEJS_TYPESCRIPT: "true" },
  });
  return new Promise((settle, reject) => {
    let [out, err] = ["", ""];
    child.stderr.on("data", (chunk) => (err += chunk));
    child.stdout.on("data", (chunk) => {
      out += chunk;
      if (/^\d+\s/.test(out)) {
        settle({ child, port: Number.parseInt(out, 10) });
      }
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`the plugin ended with ${code}: ${err}`)));
  });
}

function getSchema(port: number): Promise<string> {
  const client = new ResourceProviderClient(
    `127.0.0.1:${port}`,
    grpc.credentials.createInsecure(),
    { "grpc.max_receive_message_length": -1 },
  );
  return new Promise<string>((settle, reject) =>
    client.getSchema(new GetSchemaRequest(), (error: Error | null, response: any) =>
      error ? reject(error) : settle(response.getSchema()),
    ),
  ).finally(() => client.close());
}
