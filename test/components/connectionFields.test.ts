import assert from "node:assert/strict";
import {
  type InferenceTableConnection,
  LakeKind,
  S3Addressing,
  type S3Connection,
  type ServingConnection,
  type TrackingConnection,
} from "../../components/connections";
import { MlflowDatabase } from "../../components/mlflowStack/args";
import { MlflowStack } from "../../components/mlflowStack/mlflowStack";
import { MlProject } from "../../components/mlProject/mlProject";
import { ObservabilityStack } from "../../components/observabilityStack/observabilityStack";
import { ServingMesh } from "../../components/servingMesh/servingMesh";
import { azure, inferenceTableConnection, lakeConnection, trackingConnection } from "./connections";
import { record } from "./recorder";
import { chart, observabilityArgs, servingArgs } from "./servingMesh/servingFixtures";

/** Everything that a consumer may be handed. */
interface Connections {
  lake: S3Connection;
  tracking: TrackingConnection;
  inferenceTable: InferenceTableConnection;
  serving: ServingConnection;
}

const connections: Connections = {
  lake: lakeConnection({ kind: LakeKind.Minio }),
  tracking: trackingConnection(),
  inferenceTable: inferenceTableConnection(),
  serving: {
    ingressHost: "models.example.com",
    gateway: "knative-serving/g",
    gatewayNamespace: "istio-system",
    jwtIssuer: "",
  },
};

/** Another value of each field. Who adds a field to a connection adds it here, or tsc refuses. */
const others: {
  lake: Required<Omit<S3Connection, "secretName">>;
  tracking: Required<TrackingConnection>;
  inferenceTable: Required<InferenceTableConnection>;
  serving: Pick<ServingConnection, "ingressHost" | "gatewayNamespace">;
} = {
  lake: {
    kind: LakeKind.SeaweedFs,
    endpoint: "https://s3.example.com",
    address: "s3.example.com",
    usesTls: true,
    namespace: "other-lake",
    podPort: 8333,
    region: "eu-west-1",
    bucket: "other",
    addressing: S3Addressing.VirtualHost,
    clientImage: "example.com/weed:1.0.0",
    rawLogRetentionDays: 180,
  },
  tracking: {
    uri: "http://other.mlflow.svc.cluster.local:5000",
    namespace: "other-mlflow",
    podPort: 5001,
    authSecretName: "other-admin",
    clientImage: "example.com/other:1.0.0",
  },
  inferenceTable: {
    url: "http://other.observability.svc.cluster.local",
    namespace: "other-observability",
    podPort: 8081,
  },
  // The gateway and the tokens' issuer are for programs that bind hosts of their own.
  serving: { ingressHost: "other.example.com", gatewayNamespace: "other-gateway" },
};

/** Inputs of every resource by URN that consumers make of connections. */
async function consume({ lake, tracking, inferenceTable, serving }: Connections) {
  const recording = await record(
    () => {
      new ObservabilityStack("observability", { ...observabilityArgs, lake });
      new ServingMesh("serving", { ...servingArgs, lake });
      new MlflowStack("mlflow", {
        lake,
        azure,
        // The backups of the other kind know buckets in paths only.
        database: MlflowDatabase.AzureFlexibleServer,
        charts: { cloudNativePg: chart("cloudnative-pg"), barmanCloud: chart("barman") },
        image: "example.com/mlflow:1.0.0",
        postgresImage: "example.com/postgres:1.0.0",
      });
      new MlProject("churn", {
        lake,
        tracking,
        inferenceTable,
        serving,
        clusterQueue: "mlplatform",
        ingestKey: "ingest-key",
        owner: "growth",
        costCenter: "4711",
        cpuQuota: 8,
        memoryQuotaGiB: 32,
        access: { callers: ["shop"] },
        oidc: {
          issuer: "https://login.example.com/v2.0",
          jwksUri: "https://login.example.com/keys",
          audiences: ["models"],
        },
        github: {
          repository: "churn",
          images: { trainingBase: "a:1", logOffloader: "b:1", modelServer: "c:1" },
        },
      });
    },
    {
      outputs: (type, name) =>
        type === "random:index/randomPassword:RandomPassword"
          ? { result: `secret-of-${name}` }
          : {},
    },
  );
  return new Map(
    recording.resources
      .filter(({ custom }) => custom)
      .map(({ urn, inputs }) => [urn, JSON.stringify(inputs)]),
  );
}

describe("connections", function () {
  this.timeout(120_000);
  let unchanged: Map<string, string>;
  before(async () => {
    unchanged = await consume(connections);
  });

  const changedBy = async (name: keyof Connections, change: object): Promise<string[]> => {
    const after = await consume({
      ...connections,
      [name]: { ...connections[name], ...change },
    });
    return [...after].filter(([urn, inputs]) => unchanged.get(urn) !== inputs).map(([urn]) => urn);
  };

  for (const [name, fields] of Object.entries(others)) {
    for (const [field, value] of Object.entries(fields)) {
      it(`reach a resource by ${name}.${field}`, async () => {
        const changed = await changedBy(name as keyof Connections, { [field]: value });
        assert.notDeepEqual(changed, []);
      });
    }
  }

  it("tell every reader of the lake how its bucket is addressed", async () => {
    const changed = await changedBy("lake", { addressing: S3Addressing.VirtualHost });
    assert.deepEqual(changed.map((urn) => urn.split("::").pop()).sort(), [
      "churn-serving-credentials",
      "churn-training-credentials",
      "churn-variable-LAKE_ADDRESSING",
      "mlflow-artifacts-credentials",
      "mlflow-server",
      "observability-inference-lake-credentials",
      "observability-inference-table-server",
      "observability-keeper-lake-credentials",
      "observability-log-keeper",
      "observability-loki",
      "observability-loki-lake-credentials",
      "serving-kserve-controller",
    ]);
  });
});
