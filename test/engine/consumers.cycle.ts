import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { PythonEnvironment } from "../../local/programs/pythonEnvironment";
import { Cloud } from "./cloud/cloud";
import type { PreviewStep } from "./differences";
import { EngineBed } from "./engineBed";
import { preparing, stepTimeoutMs } from "./prepareBed";
import { buildEngine } from "./programs";

const root = resolve(__dirname, "../..");

/** Arguments of an AKS platform, as somebody outside of this repository writes them. */
const platform = {
  location: "westeurope",
  tier: "Free",
  kubernetesVersion: "1.35",
  network: {
    vnetCidr: "10.10.0.0/16",
    nodeSubnetCidr: "10.10.0.0/20",
    databaseSubnetCidr: "10.10.16.0/24",
    endpointSubnetCidr: "10.10.17.0/24",
    podCidr: "192.168.0.0/16",
    serviceCidr: "172.16.0.0/16",
    dnsServiceIp: "172.16.0.10",
  },
  authorizedIpRanges: ["20.103.7.0/24"],
  adminGroupObjectIds: ["6a0d2f57-8e1b-4a53-9a0e-5d1f0c6c2b18"],
  systemPool: { vmSize: "Standard_D4ds_v5", minCount: 2, maxCount: 4 },
  cpuPool: { vmSize: "Standard_D8ds_v5", minCount: 0, maxCount: 4 },
  budget: {
    monthlyAmount: 1500,
    contactEmails: ["ml-platform@northwind.dev"],
    startDate: "2027-01-01",
  },
  tags: { owner: "risk", environment: "test", costCenter: "cc-1", project: "mlplatform" },
};

const consumers: { language: string; runtime: string; file: string; text: string }[] = [
  {
    language: "Python",
    runtime: "python",
    file: "__main__.py",
    text: `
import json
import pulumi

platform = pulumi.ComponentResource(
    "mlplatform:index:AksPlatform",
    "core",
    json.loads('''${JSON.stringify(platform)}'''),
    remote=True,
)
pulumi.export("platform", platform.urn)
`,
  },
  {
    language: "YAML",
    runtime: "yaml",
    file: "Main.yaml",
    text: stringify({
      resources: { core: { type: "mlplatform:index:AksPlatform", properties: platform } },
      outputs: { platform: "${core.urn}" },
    }),
  },
];

describe("programs in other languages take the components by the real CLI", function () {
  this.timeout(stepTimeoutMs);
  let cloud: Cloud;
  let bed: EngineBed;
  let python: string;

  before(preparing("pulumi", "yamlHost"));
  before(async () => {
    const say = (text: string) => console.log(`    ${text}`);
    const programs = await buildEngine(root, say, ["pulumi", "yamlHost"]);
    cloud = await Cloud.start(root, "{}");
    bed = new EngineBed({ programs, cloud: cloud.url });
    bed.copyProject();
    const requirements = join(root, "local/python/pulumi.txt");
    const folder = join(root, ".cache/engine-python");
    mkdirSync(folder, { recursive: true });
    python = (await PythonEnvironment.prepare(folder, requirements, say)).python;
  });
  after(async () => {
    await bed?.stop();
    await cloud?.stop();
  });

  for (const { language, runtime, file, text } of consumers) {
    it(`a ${language} program previews an AKS platform`, async () => {
      const folder = join(bed.folder, runtime);
      mkdirSync(folder);
      const project = {
        name: "consumer",
        runtime,
        plugins: { providers: [{ name: "mlplatform", path: join(bed.project, "components") }] },
      };
      writeFileSync(join(folder, "Pulumi.yaml"), stringify(project));
      writeFileSync(join(folder, file), text);
      const env = { MLP_ENGINE_PYTHON: python };
      const made = await bed.run(["stack", "init", runtime], { folder, env });
      assert.equal(made.code, 0, made.stderr);
      const ran = await bed.run(["preview", "--stack", runtime, "--json"], { folder, env });
      assert.equal(ran.code, 0, `${ran.stdout}${ran.stderr}`);
      const { steps } = JSON.parse(ran.stdout) as { steps: PreviewStep[] };
      const children = steps.filter(({ urn }) => urn.includes("mlplatform:index:AksPlatform$"));
      assert.ok(children.some(({ urn }) => urn.endsWith("ManagedCluster::core-cluster")));
      console.log(`      ${children.length} resources in ${ran.seconds.toFixed(1)} s`);
    });
  }
});
