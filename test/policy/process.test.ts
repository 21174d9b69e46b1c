import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { AnalyzerClient, AnalyzerService } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import * as analyzer from "@pulumi/pulumi/proto/analyzer_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { buildPolicyPack } from "../../preview/engine/policies/buildPolicyPack";
import { policies } from "../../policy/pack";

const packDir = resolve(__dirname, "../../policy");

describe("policy: the pack as Pulumi starts it", () => {
  let child: ChildProcess;
  let client: any;
  const call = (method: string, request: unknown) =>
    new Promise<any>((done, fail) => {
      client[method](request, (error: unknown, value: unknown) =>
        error ? fail(error) : done(value),
      );
    });
  const analyzePool = async (minCount: number) => {
    const request = new analyzer.AnalyzeRequest();
    request.setType("azure-native:containerservice:AgentPool");
    request.setName("gpu");
    request.setUrn("urn:pulumi:dev::mlplatform::azure-native:containerservice:AgentPool::gpu");
    request.setProperties(
      Struct.fromJavaScript({
        mode: "User",
        enableAutoScaling: true,
        minCount,
        tags: { owner: "a", project: "b", environment: "c", costCenter: "d" },
      }),
    );
    request.setOptions(new analyzer.AnalyzerResourceOptions());
    return (await call("analyze", request)).toObject().diagnosticsList;
  };

  before(async () => {
    await buildPolicyPack(packDir);
    child = spawn(
      process.execPath,
      [require.resolve("@pulumi/pulumi/cmd/run-policy-pack"), "127.0.0.1:0", packDir],
      {
        cwd: packDir,
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, PULUMI_CONFIG: "{}", PULUMI_NODEJS_DRY_RUN: "true" },
      },
    );
    const port = await new Promise<number>((done, fail) => {
      child.stdout!.once("data", (data) => done(Number.parseInt(String(data), 10)));
      child.once("exit", (code) =>
        fail(new Error(`the pack exited with ${code} before it served`)),
      );
    });
    client = new AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  });

  after(() => {
    client?.close();
    child?.kill();
  });

  it("offers every policy of the list under its name", async () => {
    const emptyRequest = (AnalyzerService.getAnalyzerInfo as any).requestType;
    const info = (await call("getAnalyzerInfo", new emptyRequest())).toObject();
    assert.equal(info.name, "mlplatform");
    assert.deepEqual(
      info.policiesList.map((policy: any) => policy.name),
      policies.map((policy) => policy.name),
    );
  });

  it("passes a compliant pool", async () => {
    assert.deepEqual(await analyzePool(0), []);
  });

  it("reports a violation as advisory until a config makes it mandatory", async () => {
    const [advisory] = await analyzePool(1);
    assert.equal(advisory.enforcementlevel, analyzer.EnforcementLevel.ADVISORY);
    assert.equal(
      advisory.message,
      'User node pools scale from zero nodes.\nNode pool "gpu" keeps 1 nodes while idle: set ' +
        "minCount to 0.",
    );

    await configure(analyzer.EnforcementLevel.MANDATORY, {});
    const [mandatory] = await analyzePool(1);
    assert.equal(mandatory.enforcementlevel, analyzer.EnforcementLevel.MANDATORY);
  });

  it("takes exemptions from the config", async () => {
    await configure(analyzer.EnforcementLevel.MANDATORY, {
      exemptions: { gpu: { reason: "reserved", expires: "9999-12-31" } },
    });
    assert.deepEqual(await analyzePool(1), []);
  });

  async function configure(level: number, properties: object) {
    const request = new analyzer.ConfigureAnalyzerRequest();
    const config = new analyzer.PolicyConfig();
    config.setEnforcementlevel(level as any);
    config.setProperties(Struct.fromJavaScript(properties as any));
    request.getPolicyconfigMap().set("mlplatform-aks-require-user-pools-from-zero", config);
    await call("configure", request);
  }
});
