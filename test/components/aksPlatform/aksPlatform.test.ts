import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { AksPlatform } from "../../../components/aksPlatform/aksPlatform";
import {
  type AksPlatformArgs,
  AksTier,
  KubeLogin,
  RegistrySku,
} from "../../../components/aksPlatform/args";
import { requireIssuer } from "../../../components/aksPlatform/cluster";
import type { AzureFoundation } from "../../../components/connections";
import { clusterChildren } from "./aksClusterChildren";
import { foundationChildren } from "./aksFoundationChildren";
import { azureAnswers, platformArgs, subscriptionId, tags, tenantId } from "./aksPlatformFixture";
import { record, type Recording } from "../recorder";

const children = [...foundationChildren, ...clusterChildren];
const component = "mlplatform:index:AksPlatform";
const cluster = "azure-native:containerservice:ManagedCluster";
const stateful = [
  ["azure-native:resources:ResourceGroup", "core-group"],
  ["azure-native:containerregistry:Registry", "core-registry"],
  ["azure-native:storage:StorageAccount", "core-audit"],
  ["azure-native:operationalinsights:Workspace", "core-logs"],
  [cluster, "core-cluster"],
] as const;

/** Types whose Azure resources take no tags. */
const untagged = new Set([
  component,
  "random:index/randomString:RandomString",
  "azure-native:authorization:RoleAssignment",
  "azure-native:consumption:Budget",
  "azure-native:containerservice:MaintenanceConfiguration",
  "azure-native:monitor:DiagnosticSetting",
  "azure-native:network:Subnet",
  "azure-native:storage:ManagementPolicy",
]);

const recordPlatform = (args: AksPlatformArgs = platformArgs(), preview = false) =>
  record(() => new AksPlatform("core", args), { ...azureAnswers, preview });

/** Value of an output, and whether it is secret and known. */
async function inspect<T>(output: pulumi.Output<T>) {
  const details = output as unknown as { isKnown: Promise<boolean>; promise(): Promise<T> };
  return {
    value: await details.promise(),
    isKnown: await details.isKnown,
    isSecret: await pulumi.isSecret(output),
  };
}

describe("AksPlatform", () => {
  let platform: Recording;
  before(async () => {
    platform = await recordPlatform();
  });

  for (const [type, name, inputs] of children) {
    it(`gives ${name} (${type.split(":").pop()}) its exact inputs`, () => {
      assert.deepStrictEqual(platform.one(type, name).inputs, inputs);
    });
  }

  it("makes no other resource", () => {
    const made = platform.resources.filter((r) => r.custom).map((r) => `${r.type} ${r.name}`);
    assert.deepStrictEqual(made.sort(), children.map(([type, name]) => `${type} ${name}`).sort());
  });

  it("is the parent of every child", () => {
    const { urn } = platform.one(component, "core");
    const strays = platform.resources.filter((r) => r.custom && r.parent !== urn);
    assert.deepStrictEqual(strays, []);
    assert.match(platform.one(cluster).urn, /mlplatform:index:AksPlatform\$azure-native:/);
  });

  it("tags everything that takes tags", () => {
    const bare = platform.resources.filter((r) => !untagged.has(r.type) && !r.inputs.tags);
    assert.deepStrictEqual(bare, []);
    for (const resource of platform.resources.filter((r) => !untagged.has(r.type))) {
      assert.deepStrictEqual(resource.inputs.tags, tags, resource.name);
    }
  });

  it("keeps what holds data when the stack is destroyed, and nothing else", () => {
    const kept = platform.resources.filter((r) => r.protect && r.retainOnDelete);
    const either = platform.resources.filter((r) => r.protect || r.retainOnDelete);
    assert.deepStrictEqual(kept.map((r) => r.name).sort(), stateful.map(([, name]) => name).sort());
    assert.deepStrictEqual(kept, either);
  });

  it("lets go of its data where protectData is false", async () => {
    const loose = await recordPlatform(platformArgs({ protectData: false }));
    assert.deepStrictEqual(
      loose.resources.filter((r) => r.protect || r.retainOnDelete),
      [],
    );
  });

  it("leaves to Azure what Azure changes", () => {
    const ignored = platform.resources
      .filter((r) => r.ignoreChanges.length > 0)
      .map((r) => [r.name, r.ignoreChanges.join()])
      .sort();
    assert.deepStrictEqual(ignored, [
      ["core-budget", "timePeriod"],
      ["core-cluster", "agentPoolProfiles"],
      ["core-pool-cpu", "count"],
      ["core-pool-gpu", "count"],
      ["core-pool-spot", "count"],
    ]);
  });

  it("deletes a pool before it makes its replacement of the same name", () => {
    const first = platform.resources.filter((r) => r.deleteBeforeReplace).map((r) => r.name);
    assert.deepStrictEqual(first.sort(), ["core-pool-cpu", "core-pool-gpu", "core-pool-spot"]);
  });

  it("creates the cluster after the rights of its identities", () => {
    const { dependencies } = platform.one(cluster);
    for (const name of ["core-join-nodes", "core-use-kubelet", "core-pull-images"]) {
      const { urn } = platform.one("azure-native:authorization:RoleAssignment", name);
      assert.ok(dependencies.includes(urn), name);
    }
  });

  it("makes the pools one after the other", () => {
    const [cpu, gpu, spot] = ["core-pool-cpu", "core-pool-gpu", "core-pool-spot"].map((name) =>
      platform.one("azure-native:containerservice:AgentPool", name),
    );
    assert.ok(gpu!.dependencies.includes(cpu!.urn));
    assert.ok(spot!.dependencies.includes(gpu!.urn));
  });

  it("changes the subnets one after the other", () => {
    const [nodes, database, endpoints] = ["core-nodes", "core-database", "core-endpoints"].map(
      (name) => platform.one("azure-native:network:Subnet", name),
    );
    assert.ok(database!.dependencies.includes(nodes!.urn));
    assert.ok(endpoints!.dependencies.includes(database!.urn));
  });

  it("returns its kubeconfig as a secret, and the rest plain", async () => {
    let made: AksPlatform | undefined;
    await record(() => {
      made = new AksPlatform("core", platformArgs());
    }, azureAnswers);
    const kubeconfig = await inspect<string>(made!.kubeconfig);
    assert.deepStrictEqual(
      { ...kubeconfig, value: JSON.parse(kubeconfig.value).kind },
      { value: "Config", isKnown: true, isSecret: true },
    );
    assert.deepStrictEqual(await inspect(made!.registry), {
      value: "coreregistryabcd1234.azurecr.io",
      isKnown: true,
      isSecret: false,
    });
    assert.deepStrictEqual(await inspect<AzureFoundation>(made!.azure), {
      value: {
        resourceGroupName: "core-group",
        location: "westeurope",
        virtualNetworkId: "core-network-id",
        databaseSubnetId: "core-database-id",
        endpointSubnetId: "core-endpoints-id",
        oidcIssuer: "https://issuer.example.com/core-cluster",
        clusterId: "core-cluster-id",
        tenantId,
        subscriptionId,
      },
      isKnown: true,
      isSecret: false,
    });
  });

  it("signs in as the program was told to", async () => {
    let made: AksPlatform | undefined;
    const args = platformArgs({ kubeLogin: KubeLogin.WorkloadIdentity });
    await record(() => {
      made = new AksPlatform("core", args);
    }, azureAnswers);
    const { value } = await inspect(made!.kubeconfig);
    const { command, args: words } = JSON.parse(value).users[0].user.exec;
    assert.strictEqual(command, "kubelogin");
    assert.deepStrictEqual(words.slice(0, 3), ["get-token", "--login", "workloadidentity"]);
  });

  it("gives a private cluster no public address and no way around the network", async () => {
    const hidden = await recordPlatform(
      platformArgs({ privateCluster: true, authorizedIpRanges: undefined }),
    );
    assert.deepStrictEqual(hidden.one(cluster).inputs.apiServerAccessProfile, {
      enablePrivateCluster: true,
      enablePrivateClusterPublicFQDN: false,
      privateDNSZone: "system",
      disableRunCommand: true,
    });
  });

  it("gives each project a registry that the nodes pull from", async () => {
    // Without their hyphens the two names are one.
    const two = await recordPlatform(platformArgs({ projectRegistries: ["a-b", "ab"] }));
    const registry = "azure-native:containerregistry:Registry";
    for (const project of ["a-b", "ab"]) {
      const { inputs, protect } = two.one(registry, `core-${project}-registry`);
      assert.deepStrictEqual(inputs.sku, { name: "Basic" });
      assert.strictEqual(inputs.adminUserEnabled, false);
      assert.strictEqual(inputs.anonymousPullEnabled, false);
      assert.strictEqual(protect, true);
      assert.ok(two.one("random:index/randomString:RandomString", `core-${project}-unique`));
      const rights = two
        .all("azure-native:authorization:RoleAssignment")
        .filter(({ inputs: to }) => to.scope === `core-${project}-registry-id`);
      assert.deepStrictEqual(
        rights.map(({ inputs: to }) => to.principalId),
        ["core-kubelet-principal", "core-kubelet-principal"],
      );
    }
  });

  it("leaves out the pools, zones and paid features that a small platform does not name", async () => {
    const small = await recordPlatform(
      platformArgs({
        tier: AksTier.Free,
        systemPool: { vmSize: "Standard_D4ds_v5", minCount: 2, maxCount: 4, osDiskGiB: 200 },
        cpuPool: undefined,
        gpuPool: undefined,
        spotPool: undefined,
        registrySku: RegistrySku.Basic,
        zoneRedundantRegistry: false,
        logRetentionDays: undefined,
      }),
    );
    assert.deepStrictEqual(small.all("azure-native:containerservice:AgentPool"), []);
    const { inputs } = small.one(cluster);
    assert.strictEqual(inputs.agentPoolProfiles[0].osDiskType, "Managed");
    assert.strictEqual("availabilityZones" in inputs.agentPoolProfiles[0], false);
    assert.deepStrictEqual(inputs.sku, { name: "Base", tier: "Free" });
    assert.deepStrictEqual(inputs.metricsProfile, { costAnalysis: { enabled: false } });
    const registry = small.one("azure-native:containerregistry:Registry").inputs;
    assert.deepStrictEqual(registry.sku, { name: "Basic" });
    assert.strictEqual(registry.zoneRedundancy, "Disabled");
    const archive = small.one("azure-native:storage:StorageAccount").inputs;
    assert.deepStrictEqual(archive.sku, { name: "Standard_LRS" });
    assert.strictEqual(
      small.one("azure-native:operationalinsights:Workspace").inputs.retentionInDays,
      30,
    );
  });

  it("buys long-term support with the Premium tier", async () => {
    const premium = await recordPlatform(platformArgs({ tier: AksTier.Premium }));
    assert.strictEqual(premium.one(cluster).inputs.supportPlan, "AKSLongTermSupport");
  });

  it("keeps the archive as long as the workspace where that is more than a year", async () => {
    const long = await recordPlatform(platformArgs({ logRetentionDays: 730 }));
    const { policy } = long.one("azure-native:storage:ManagementPolicy").inputs;
    const { delete: removal } = policy.rules[0].definition.actions.baseBlob;
    assert.deepStrictEqual(removal, { daysAfterModificationGreaterThan: 730 });
  });

  it("lives twice in one program", async () => {
    const both = await record(() => {
      new AksPlatform("core", platformArgs());
      new AksPlatform("lab", platformArgs());
    }, azureAnswers);
    const urns = both.resources.map((r) => r.urn);
    assert.strictEqual(new Set(urns).size, urns.length);
    assert.strictEqual(both.resources.length, 2 * (children.length + 1));
    for (const [type, name] of children) {
      assert.strictEqual(both.all(type, name.replace("core", "lab")).length, 1, name);
    }
    const accounts = both.all("azure-native:storage:StorageAccount");
    assert.deepStrictEqual(accounts.map((r) => r.inputs.accountName).sort(), [
      "coreauditabcd1234",
      "labauditabcd1234",
    ]);
  });

  it("registers the same resources in a preview, with a kubeconfig that is unknown and secret", async () => {
    let made: AksPlatform | undefined;
    const planned = await record(
      () => {
        made = new AksPlatform("core", platformArgs());
      },
      { ...azureAnswers, preview: true },
    );
    const named = (recording: Recording) =>
      recording.resources.map((r) => `${r.type} ${r.name}`).sort();
    assert.deepStrictEqual(named(planned), named(platform));
    const { isKnown, isSecret } = await inspect(made!.kubeconfig);
    assert.deepStrictEqual({ isKnown, isSecret }, { isKnown: false, isSecret: true });
    assert.strictEqual((await inspect(made!.azure)).isKnown, false);
  });

  for (const profile of [undefined, { enabled: true }]) {
    it(`says what to do where the issuer is in ${JSON.stringify(profile) ?? "nothing"}`, () => {
      assert.throws(() => requireIssuer("core", profile), {
        message:
          `AksPlatform "core": the cluster has no OIDC issuer, got ` +
          `${JSON.stringify(profile) ?? "nothing"}. Enable it with \`az aks update ` +
          `--enable-oidc-issuer\`, then run \`pulumi refresh\`.`,
      });
    });
  }

  it("asks Azure for credentials last, when pools and administrators exist", async () => {
    const events: string[] = [];
    const calls = new Proxy(azureAnswers.calls!, {
      get: (answers, token: string) => {
        events.push(token);
        return answers[token];
      },
    });
    await record(() => new AksPlatform("core", platformArgs()), {
      calls,
      outputs: (type, name, inputs) => {
        events.push(name);
        return azureAnswers.outputs!(type, name, inputs);
      },
    });
    const asked = events.indexOf("azure-native:containerservice:listManagedClusterUserCredentials");
    const needed = /^core-(cluster|pool-.*|administrators-.*)$/;
    const made = events.flatMap((event, index) => (needed.test(event) ? [index] : []));
    assert.strictEqual(made.length, 5);
    assert.ok(asked > Math.max(...made), events.join("\n"));
  });

  it("names all faults in one error before it registers anything", async () => {
    const args = platformArgs({
      kubernetesVersion: "1.20",
      gpuPool: { vmSize: "Standard_D8ds_v5", minCount: 0, maxCount: 4 },
    });
    const attempt = await record(() => {
      assert.throws(
        () => new AksPlatform("Core", args),
        (error: unknown) => {
          assert.ok(pulumi.InputPropertiesError.isInstance(error));
          assert.deepStrictEqual(
            error.errors.map(({ propertyPath }) => propertyPath),
            ["name", "kubernetesVersion", "gpuPool.vmSize"],
          );
          assert.strictEqual(
            error.message,
            [
              'AksPlatform "Core": `name` must start with a letter and have at most 43 ' +
                'lower-case letters, digits and inner hyphens, got "Core". Rename the ' +
                "component: Azure's names are made from it.",
              'AksPlatform "Core": `kubernetesVersion` must be 1.34 to 1.36, which AKS ' +
                'supports, got "1.20". Choose one of these, or widen the range in ' +
                "aksPlatform/problems.ts when AKS does.",
              'AksPlatform "Core": `gpuPool.vmSize` must have a GPU in the GPU pool, got ' +
                '"Standard_D8ds_v5". Use a size such as Standard_NC24ads_A100_v4, or move the ' +
                "pool to cpuPool.",
            ].join("\n"),
          );
          return true;
        },
      );
    });
    assert.deepStrictEqual(attempt.resources, []);
  });
});
