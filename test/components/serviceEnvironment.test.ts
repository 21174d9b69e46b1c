import assert from "node:assert/strict";
import { bucketAddressings } from "@mlplatform/contracts/environment";
import { SettingsError } from "@mlplatform/lake/service/settings";
import { S3Addressing } from "../../components/connections";
import {
  type ObservabilityStackArgs,
  RedactionAction,
} from "../../components/observabilityStack/args";
import { ObservabilityStack } from "../../components/observabilityStack/observabilityStack";
import { readConfig as readInferenceTable } from "../../workloads/inferenceTable/config";
import { readConfig as readLogOffloader } from "../../workloads/logOffloader/config";
import { readKeeperConfig } from "../../workloads/logOffloader/keeper/config";
import { lakeConnection } from "./connections";
import { manifest } from "./mlProject/templateManifests";
import { record, type Recording } from "./recorder";
import { observabilityArgs } from "./servingMesh/servingFixtures";

type Variable = { name: string; value?: string };

const rawLogRetentionDays = 180;

/** Every variable that a service asks its environment for, whether or not it is set. */
function variablesRead(read: (env: NodeJS.ProcessEnv) => unknown): string[] {
  const seen = new Set<string>();
  const env = new Proxy<NodeJS.ProcessEnv>(
    {},
    {
      get(_, name) {
        seen.add(String(name));
        return undefined;
      },
    },
  );
  try {
    read(env);
  } catch (error) {
    // Nothing is set, so what is required is missing; by then every variable was asked for.
    assert.ok(error instanceof SettingsError, String(error));
  }
  return [...seen];
}

/** The objects that the observability stack makes with every option, some of them changed. */
async function observability(change: Partial<ObservabilityStackArgs> = {}): Promise<Recording> {
  return record(
    () =>
      new ObservabilityStack("observability", {
        ...observabilityArgs,
        lake: lakeConnection({ rawLogRetentionDays, addressing: S3Addressing.VirtualHost }),
        inferenceRetentionDays: 30,
        inferenceRetentionByNamespace: { churn: 400 },
        inferenceRedaction: [{ path: "$.email", action: RedactionAction.Drop }],
        ...change,
      }),
    {
      outputs: (type) =>
        type === "random:index/randomPassword:RandomPassword" ? { result: "generated" } : {},
    },
  );
}

// Set by no manifest: each has a value that holds for every platform, and tests change it.
const sameEverywhere = {
  inferenceTable: [
    "MLP_COMMIT_INTERVAL_MS",
    "MLP_COMPACT_GRACE_HOURS",
    "MLP_COMPACT_MIB",
    // The image's own.
    "MLP_HOST",
    "MLP_INLINE_MIB",
    "MLP_MAX_BODY_MIB",
    "MLP_PAIRING",
    "MLP_PAIR_GRACE_MS",
    "MLP_PAIR_INTERVAL_MS",
    "MLP_SEGMENT_MIB",
    "MLP_TIDY_INTERVAL_MS",
  ],
  logKeeper: [
    "MLP_COMPACT_GRACE_HOURS",
    "MLP_COMPACT_MIB",
    // Needs a token of the API server, which the keeper is not given.
    "MLP_POD_LIST",
    "MLP_REPORT_DAYS",
  ],
  logOffloader: [
    "MLP_DRAIN_MS",
    // The image's own.
    "MLP_HOST",
    "MLP_LOG_MIB",
    "MLP_POLL_INTERVAL_MS",
    "MLP_SHIP_INTERVAL_MS",
    "MLP_SHIP_MIB",
  ],
};

describe("the environment of the platform's services", () => {
  const environments: Record<keyof typeof sameEverywhere, Variable[]> = {
    inferenceTable: [],
    logKeeper: [],
    logOffloader: [],
  };

  before(async () => {
    const recording = await observability();
    const { spec: table } = recording.one("kubernetes:apps/v1:StatefulSet").inputs;
    environments.inferenceTable = table.template.spec.containers[0].env;
    const { spec: keeper } = recording.one("kubernetes:batch/v1:CronJob").inputs;
    environments.logKeeper = keeper.jobTemplate.spec.template.spec.containers[0].env;
    const rayJob = manifest("rayJob.yaml", { LAKE_ADDRESSING: "virtualHost" });
    const { headGroupSpec } = rayJob.spec.rayClusterSpec;
    environments.logOffloader = headGroupSpec.template.spec.initContainers[0].env;
  });

  const services = [
    { service: "inferenceTable", read: readInferenceTable },
    { service: "logKeeper", read: readKeeperConfig },
    { service: "logOffloader", read: readLogOffloader },
  ] as const;

  for (const { service, read } of services) {
    it(`${service} is given all that it reads, but for what is the same everywhere`, () => {
      const given = new Set(environments[service].map(({ name }) => name));
      const missing = variablesRead(read).filter((name) => !given.has(name));
      assert.deepEqual(missing.sort(), sameEverywhere[service]);
    });

    it(`${service} reads all that it is given`, () => {
      // Keys of the lake are the S3 client's to read.
      const given = environments[service].filter(({ name }) => !name.startsWith("AWS_"));
      const known = new Set(variablesRead(read));
      assert.deepEqual(
        given.map(({ name }) => name).filter((name) => !known.has(name)),
        [],
      );
    });

    it(`${service} addresses the bucket as the connection says`, () => {
      const env = Object.fromEntries(
        environments[service].map(({ name, value }) => [name, value ?? "0"]),
      );
      delete env["MLP_REDACTION_FILE"];
      assert.equal(read(env).lake.addressing, "virtualHost");
    });
  }

  for (const [bound, size, days] of [
    ["least", 1, 1],
    ["most", 4096, 36_500],
  ] as const) {
    it(`the inference table starts with the ${bound} that the stack may be given`, async () => {
      const recording = await observability({
        inferenceBufferGiB: size,
        inferenceReplicas: bound === "most" ? 50 : 1,
        inferenceRetentionDays: days,
        inferenceRetentionByNamespace: { churn: days },
        inferenceRedaction: [],
      });
      const { spec } = recording.one("kubernetes:apps/v1:StatefulSet").inputs;
      const variables: Variable[] = spec.template.spec.containers[0].env;
      const env = Object.fromEntries(variables.map(({ name, value }) => [name, value ?? "0"]));
      assert.equal(readInferenceTable(env).maxLogBytes, Math.floor(size * 1024 * 0.7) * 2 ** 20);
    });
  }

  it("keeps raw logs as long as the lake does", () => {
    const env = Object.fromEntries(environments.logKeeper.map(({ name, value }) => [name, value]));
    assert.equal(readKeeperConfig(env).retentionDays, rawLogRetentionDays);
  });

  it("has one spelling for how a bucket is addressed", () => {
    assert.deepEqual(Object.values(S3Addressing), [...bucketAddressings]);
  });
});
