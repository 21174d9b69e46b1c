import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { AdmissionPolicies } from "../../components/admissionPolicies/admissionPolicies";
import { AksPlatform } from "../../components/aksPlatform/aksPlatform";
import { aksPlatformProblems } from "../../components/aksPlatform/problems";
import { AksTier, KubeLogin, RegistrySku } from "../../components/aksPlatform/args";
import {
  type ArgumentProblem,
  choiceProblems,
  countProblems,
  problem,
  repeatProblems,
} from "../../components/argumentProblems";
import { LakeKind } from "../../components/connections";
import { DataLake } from "../../components/dataLake/dataLake";
import { dataLakeProblems } from "../../components/dataLake/problems";
import type { LakePermission } from "../../components/lakeAccess/args";
import { LakeAccess } from "../../components/lakeAccess/lakeAccess";
import { MlflowDatabase } from "../../components/mlflowStack/args";
import { MlflowStack } from "../../components/mlflowStack/mlflowStack";
import { mlflowStackProblems } from "../../components/mlflowStack/problems";
import { MlProject } from "../../components/mlProject/mlProject";
import { mlProjectProblems } from "../../components/mlProject/problems";
import { ObservabilityStack } from "../../components/observabilityStack/observabilityStack";
import { observabilityStackProblems } from "../../components/observabilityStack/problems";
import { RayStack } from "../../components/rayStack/rayStack";
import { rayStackProblems } from "../../components/rayStack/problems";
import { servingMeshProblems } from "../../components/servingMesh/problems";
import { ServingMesh } from "../../components/servingMesh/servingMesh";
import { charts } from "../../program/versions";
import { platformArgs } from "./aksPlatform/aksPlatformFixture";
import { record } from "./recorder";

const load = createRequire(__filename);
const folder = resolve(__dirname, "../../components");

/** Every component's folder, by the rule that the component's file has its name. */
const componentFolders = readdirSync(folder).filter(
  (name) =>
    existsSync(join(folder, name, `${name}.ts`)) &&
    readFileSync(join(folder, name, `${name}.ts`), "utf8").includes(
      "extends pulumi.ComponentResource",
    ),
);

const connection = {} as any;
const azure = {} as any;

/** Each component with two wrong arguments, a required one left as it should be. */
const wrong: Record<string, [path: string[], make: () => pulumi.ComponentResource]> = {
  admissionPolicies: [
    ["policies[0].name", "policies[0].binding.validationActions"],
    () =>
      new AdmissionPolicies("x", {
        policies: [
          { name: "No Name", spec: {}, binding: { policyName: "No Name", validationActions: [] } },
        ],
      }),
  ],
  aksPlatform: [
    ["tier", "logRetentionDays"],
    () => new AksPlatform("x", platformArgs({ tier: "Gold" as AksTier, logRetentionDays: 1 })),
  ],
  dataLake: [
    ["kind", "storageGiB"],
    () =>
      new DataLake("x", {
        kind: "ceph" as LakeKind,
        image: "i",
        clientImage: "c",
        storageGiB: NaN,
      }),
  ],
  lakeAccess: [
    ["grants[0].permission", "secretName"],
    () =>
      new LakeAccess("fraud-lake", {
        lake: connection,
        namespace: "fraud",
        secretName: "A b",
        grants: [{ prefix: "a/", permission: "all" as LakePermission }],
      }),
  ],
  mlProject: [
    ["cpuQuota", "access.members[0]"],
    () =>
      new MlProject("churn", {
        ...project(),
        cpuQuota: 0,
        access: { members: ["system:masters"] },
      }),
  ],
  mlflowStack: [
    ["database", "backupRetentionDays"],
    () =>
      new MlflowStack("x", {
        lake: connection,
        image: "i",
        postgresImage: "p",
        charts: charts.mlflow,
        database: "sqlite" as MlflowDatabase,
        backupRetentionDays: 0,
      }),
  ],
  observabilityStack: [
    ["inferenceRetentionByNamespace.churn", "inferenceRedaction[0].path"],
    () =>
      new ObservabilityStack("x", {
        charts: charts.observability,
        lake: connection,
        inferenceTableImage: "i",
        logKeeperImage: "k",
        inferenceRetentionByNamespace: { churn: 0.5 },
        inferenceRedaction: [{ path: "email", action: "drop" as any }],
      }),
  ],
  rayStack: [
    ["memoryQuotaGiB", "monitoringNamespace"],
    () =>
      new RayStack("x", {
        charts: charts.ray,
        cpuQuota: 1,
        memoryQuotaGiB: 0,
        monitoringNamespace: "Monitoring",
      }),
  ],
  servingMesh: [
    ["acme.email", "acme.dnsClientId"],
    () =>
      new ServingMesh("x", {
        charts: charts.serving,
        knativeVersion: "1.22.1",
        modelServerImage: "m",
        domain: "models.example.com",
        acme: {
          email: "ops",
          dnsZone: "example.com",
          dnsResourceGroup: "dns",
          dnsSubscriptionId: "00000000-0000-0000-0000-000000000001",
          dnsClientId: "me",
        },
      }),
  ],
};

function project() {
  return {
    lake: connection,
    tracking: connection,
    serving: connection,
    clusterQueue: "q",
    ingestKey: "ingest-key",
    inferenceTable: connection,
    owner: "growth",
    costCenter: "4711",
    cpuQuota: 8,
    memoryQuotaGiB: 32,
  };
}

describe("every component's arguments", () => {
  it("are in args.ts, and checked by one function of one name", () => {
    assert.deepEqual(componentFolders, Object.keys(wrong).sort());
    for (const name of componentFolders) {
      assert.ok(existsSync(join(folder, name, "args.ts")), name);
      const exported = load(join(folder, name, "problems.ts"));
      assert.equal(exported[`${name}Problems`]?.length, 2, `${name}Problems(name, args)`);
    }
  });

  for (const [name, [paths, make]] of Object.entries(wrong)) {
    it(`of ${name} are refused together, before anything is registered`, async () => {
      const attempt = await record(() => {
        assert.throws(make, (error: unknown) => {
          assert.ok(pulumi.InputPropertiesError.isInstance(error), String(error));
          assert.deepEqual(
            error.errors.map(({ propertyPath }) => propertyPath),
            paths,
          );
          const lines = error.message.split("\n");
          assert.deepEqual(
            error.errors.map(({ reason }) => reason),
            lines,
          );
          const className = name[0]!.toUpperCase() + name.slice(1);
          // Component, argument, what is wrong, value seen, remedy.
          const parts = new RegExp(`^${className} "[^"]+": \`[^\`]+\` must .+, got .+\\. .+\\.$`);
          lines.forEach((line) => assert.match(line, parts));
          return true;
        });
      });
      assert.deepEqual(attempt.resources, []);
    });
  }
});

describe("defaults", () => {
  /** The least that each component must be given, by what its other defaults depend on. */
  const accepted: Record<string, ArgumentProblem[]> = {
    ...Object.fromEntries(
      Object.values(LakeKind).map((kind) => [
        `a ${kind} lake`,
        dataLakeProblems("lake", { kind, azure, seaweedfsChart: charts.seaweedfs }),
      ]),
    ),
    "a lake": dataLakeProblems("lake", {}),
    MLflow: mlflowStackProblems("mlflow", {}),
    ...Object.fromEntries(
      Object.values(MlflowDatabase).flatMap((database) =>
        [1, 2].map((databaseInstances) => [
          `MLflow on ${databaseInstances} ${database}`,
          mlflowStackProblems("mlflow", { database, databaseInstances, azure }),
        ]),
      ),
    ),
    Ray: rayStackProblems("ray", { cpuQuota: 1, memoryQuotaGiB: 1 }),
    serving: servingMeshProblems("serving", { domain: "models.example.com" }),
    observability: observabilityStackProblems("observability", {}),
    "a project": mlProjectProblems("churn", project()),
    "a project with a repository": mlProjectProblems("churn", {
      ...project(),
      github: { repository: "churn" },
    }),
    ...Object.fromEntries(
      Object.values(AksTier).map((tier) => [
        `a cluster of tier ${tier}`,
        aksPlatformProblems("core", leastCluster({ tier })),
      ]),
    ),
    ...Object.fromEntries(
      Object.values(RegistrySku).map((registrySku) => [
        `a ${registrySku} registry`,
        aksPlatformProblems("core", leastCluster({ registrySku })),
      ]),
    ),
    ...Object.fromEntries(
      Object.values(KubeLogin).map((kubeLogin) => [
        `a login by ${kubeLogin}`,
        aksPlatformProblems("core", leastCluster({ kubeLogin })),
      ]),
    ),
  };
  for (const [what, problems] of Object.entries(accepted)) {
    it(`of ${what} pass its own check`, () => assert.deepEqual(problems, []));
  }

  /** Only what a cluster must be told; all else by default. */
  function leastCluster(choice: {
    tier?: AksTier;
    registrySku?: RegistrySku;
    kubeLogin?: KubeLogin;
  }) {
    const { location, kubernetesVersion, network, authorizedIpRanges, ...others } = platformArgs();
    const { adminGroupObjectIds, systemPool, budget, tags } = others;
    return {
      location,
      kubernetesVersion,
      network,
      authorizedIpRanges,
      adminGroupObjectIds,
      systemPool,
      budget,
      tags,
      ...choice,
    };
  }
});

describe("words of a problem", () => {
  const rows: [what: string, found: ArgumentProblem[], reason: string][] = [
    [
      "a count without an upper bound",
      countProblems("a", 0, { least: 1, unit: "pods" }),
      "must be a whole number of pods, 1 or more, got 0. Choose a number in that range.",
    ],
    [
      "what is no number",
      countProblems("a", NaN, { least: 1, most: 2, unit: "pods" }),
      "must be a whole number of pods from 1 to 2, got NaN. Choose a number in that range.",
    ],
    [
      "nothing",
      [problem("a", "must be set", undefined, "Set it.")],
      "must be set, got nothing. Set it.",
    ],
    [
      "the beginning of a long value",
      [problem("a", "must be short", "x".repeat(1000), "Shorten it.")],
      `must be short, got "${"x".repeat(118)}…. Shorten it.`,
    ],
    [
      "an address without its password",
      [problem("a", "must be public", ["https://me:pw@a.example/x", "oci://me@b"], "Change it.")],
      'must be public, got ["https://…@a.example/x","oci://…@b"]. Change it.',
    ],
    [
      "a choice",
      choiceProblems("a", "ceph", LakeKind),
      'must be one of minio, seaweedfs, azureBlob, got "ceph". Pick one.',
    ],
    [
      "a repeat",
      repeatProblems("a", ["x", "y", "x"]),
      'must be named once, got "x". Remove the repeat.',
    ],
  ];
  for (const [what, found, reason] of rows) {
    it(`say ${what}`, () =>
      assert.deepEqual(
        found.map((one) => one.reason),
        [reason],
      ));
  }

  it("name the second of two equal values", () => {
    assert.equal(repeatProblems("a", ["x", "y", "x"])[0]!.propertyPath, "a[2]");
  });
});
