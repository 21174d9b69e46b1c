import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { LakeKind, S3Addressing } from "../../../components/connections";
import { bucketOf } from "../../../components/lakeAccess/bucketOf";
import { LakeAccess } from "../../../components/lakeAccess/lakeAccess";
import {
  type LakeAccessArgs,
  type LakeGrant,
  LakePermission,
} from "../../../components/lakeAccess/args";
import { kserveAnnotations, policyDocument } from "../../../components/lakeAccess/lakePolicy";
import { lakeAccessProblems } from "../../../components/lakeAccess/problems";
import { minioBucketsScript, minioGrantScript } from "../../../components/dataLake/minioScripts";
import {
  seaweedBucketsScript,
  seaweedGrantScript,
} from "../../../components/dataLake/seaweedScripts";
import { lakeConnection } from "../connections";
import { plainSecrets } from "../plainSecrets";
import { record, type RecordOptions } from "../recorder";

const secretKey = "generated-secret-key";
const outputs: RecordOptions["outputs"] = (type) =>
  type === "random:index/randomPassword:RandomPassword" ? { result: secretKey } : {};

const bucket = lakeConnection({ kind: LakeKind.Minio });
const grants: LakeGrant[] = [{ prefix: "datasets/fraud/", permission: LakePermission.Read }];
const fraud: LakeAccessArgs = {
  lake: bucket,
  namespace: "fraud",
  grants,
};

const access = async (args: Partial<LakeAccessArgs> = {}, options: RecordOptions = {}) => {
  let component: LakeAccess | undefined;
  const recording = await record(
    () => {
      const provider = new k8s.Provider("cluster", { kubeconfig: "{}" });
      component = new LakeAccess(
        "fraud-lake",
        { ...fraud, ...args },
        { providers: { kubernetes: provider } },
      );
    },
    { outputs, ...options },
  );
  return { recording, component: component! };
};

const valueOf = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));

describe("LakeAccess", () => {
  it("gives the consumer a Secret that the AWS SDKs and KServe both read", async () => {
    const { recording } = await access();
    const secret = recording.one("kubernetes:core/v1:Secret", "fraud-lake-credentials");
    assert.deepEqual(secret.inputs.stringData, {
      AWS_ACCESS_KEY_ID: "fraud-lake",
      AWS_SECRET_ACCESS_KEY: secretKey,
    });
    assert.ok(secret.secretInputs.has("stringData"));
    assert.deepEqual(secret.inputs.metadata, {
      name: "lake-credentials",
      namespace: "fraud",
      annotations: {
        "serving.kserve.io/s3-endpoint": "minio.data-lake.svc.cluster.local:9000",
        "serving.kserve.io/s3-usehttps": "0",
        "serving.kserve.io/s3-verifyssl": "0",
        "serving.kserve.io/s3-region": "us-east-1",
        "serving.kserve.io/s3-usevirtualbucket": "false",
        "serving.kserve.io/s3-useanoncredential": "false",
      },
    });
  });

  it("shows the image of its Job to the policies before the lake is made", async () => {
    const recording = await record(
      () => {
        const notMade = new k8s.core.v1.Namespace("data-lake").id;
        const lake = pulumi.output({ ...bucket, endpoint: notMade, namespace: notMade });
        new LakeAccess("own", { ...fraud, lake });
        new LakeAccess("other", { ...fraud, lake: bucketOf(lake, "backups") });
      },
      { outputs, preview: true },
    );
    for (const name of ["own", "other"]) {
      const job = recording.one("kubernetes:batch/v1:Job", `${name}-provisioning`);
      const [container] = job.inputs.spec.template.spec.containers;
      assert.equal(container.image, bucket.clientImage);
    }
  });

  it("provisions the key beside the lake, from its environment and a policy file", async () => {
    const { recording } = await access();
    const job = recording.one("kubernetes:batch/v1:Job").inputs;
    assert.equal(job.metadata.namespace, "data-lake");
    const [container] = job.spec.template.spec.containers;
    assert.deepEqual(container.command, ["/bin/sh", "-euc", minioGrantScript]);
    assert.deepEqual(container.env, [{ name: "CONSUMER", value: "fraud-lake" }]);
    assert.equal(container.envFrom[0].secretRef.name, "lake-admin");
    const secret = recording.one("kubernetes:core/v1:Secret", "fraud-lake-provisioning").inputs;
    assert.deepEqual(secret.stringData, { CONSUMER_SECRET_KEY: secretKey });
    assert.equal(secret.metadata.namespace, "data-lake");
    const policy = recording.one("kubernetes:core/v1:ConfigMap").inputs;
    assert.deepEqual(
      JSON.parse(policy.data["policy.json"]),
      policyDocument("lake", grants, LakeKind.Minio),
    );
  });

  it("speaks to SeaweedFS in its own commands", async () => {
    const { recording } = await access({
      lake: lakeConnection({ kind: LakeKind.SeaweedFs }),
    });
    const [container] =
      recording.one("kubernetes:batch/v1:Job").inputs.spec.template.spec.containers;
    assert.equal(container.command[2], seaweedGrantScript);
  });

  it("takes a connection without a kind for MinIO's", async () => {
    const { recording } = await access({ lake: lakeConnection({ kind: undefined }) });
    const [container] =
      recording.one("kubernetes:batch/v1:Job").inputs.spec.template.spec.containers;
    assert.equal(container.command[2], minioGrantScript);
  });

  const noKeys = lakeConnection({ kind: LakeKind.AzureBlob });
  const refused =
    'LakeAccess "fraud-lake": `lake.kind` must be one that can give each consumer a key of its ' +
    'own, got "azureBlob". Choose minio or seaweedfs.';

  it("refuses a lake that cannot grant keys by consumer before it makes anything", async () => {
    const attempt = await record(() => {
      const make = () => new LakeAccess("fraud-lake", { ...fraud, lake: noKeys });
      assert.throws(make, { message: refused });
    });
    assert.deepEqual(attempt.resources, []);
  });

  it("refuses such a lake as soon as another component has returned it", async () => {
    let failure: unknown;
    await record(
      () => {
        const lake = pulumi.output(noKeys);
        const { connection } = new LakeAccess("fraud-lake", { ...fraud, lake });
        failure = (connection as any).promise().then(
          () => undefined,
          (error: Error) => error.message,
        );
      },
      { outputs },
    ).catch(() => undefined);
    assert.ok(String(await failure).endsWith(refused), String(await failure));
  });

  it("returns the bucket with the name of the Secret", async () => {
    const { component } = await access({ secretName: "model-store" });
    assert.deepEqual(await valueOf(component.connection), {
      ...bucket,
      secretName: "model-store",
    });
    assert.equal(await pulumi.isSecret(component.connection), false);
  });

  it("puts the key in no plain input", async () => {
    const { recording } = await access();
    assert.deepEqual(plainSecrets(recording, [secretKey]), []);
  });

  it("parents every child to the component and its provider", async () => {
    const { recording } = await access();
    const component = recording.one("mlplatform:index:LakeAccess").urn;
    const made = recording.resources.filter((r) => r.name.startsWith("fraud-lake-"));
    assert.equal(made.length, 5);
    for (const child of made) {
      assert.equal(child.parent, component, child.name);
      if (child.type.startsWith("kubernetes:")) {
        assert.match(child.provider, /::cluster::/);
      }
    }
  });

  it("previews the same children as an update makes", async () => {
    const names = async (preview: boolean) =>
      (await access({}, { preview })).recording.resources.map((r) => `${r.type} ${r.name}`).sort();
    assert.deepEqual(await names(true), await names(false));
  });

  it("gives two consumers of one program keys and Secrets of their own", async () => {
    const recording = await record(
      () => {
        new LakeAccess("fraud-lake", fraud);
        new LakeAccess("churn-lake", { ...fraud, namespace: "churn" });
      },
      { outputs },
    );
    const urns = recording.resources.map((r) => r.urn);
    assert.equal(new Set(urns).size, urns.length);
    const ids = ["fraud-lake-credentials", "churn-lake-credentials"].map(
      (name) =>
        recording.one("kubernetes:core/v1:Secret", name).inputs.stringData.AWS_ACCESS_KEY_ID,
    );
    assert.deepEqual(ids, ["fraud-lake", "churn-lake"]);
  });

  it("reports all wrong arguments at once", async () => {
    await record(() => {
      assert.throws(
        () => new LakeAccess("Fraud", { ...fraud, grants: [], secretName: "A b" }),
        (error: pulumi.InputPropertiesError) => {
          assert.deepEqual(
            error.errors?.map(({ propertyPath, reason }) => `${propertyPath}: ${reason}`),
            [
              'name: LakeAccess "Fraud": `name` must be 3–53 lower-case letters, digits and ' +
                'single hyphens to be an access key id, got "Fraud". Rename the component.',
              'grants: LakeAccess "Fraud": `grants` must grant at least one prefix, got []. ' +
                "A consumer without a grant needs no key.",
              'secretName: LakeAccess "Fraud": `secretName` must be a Kubernetes object ' +
                'name, got "A b". Use lower-case letters, digits, hyphens and dots, a letter ' +
                "or digit first and last.",
            ],
          );
          return true;
        },
      );
    });
  });
});

describe("Policies of the lake", () => {
  const actions = (permission: LakePermission) =>
    policyDocument("lake", [{ prefix: "p/", permission }], LakeKind.Minio)
      .Statement.filter(({ Effect }) => Effect === "Allow")
      .flatMap((s) => s.Action);

  it("lets a reader read and list, and nothing else", () => {
    assert.deepEqual(actions(LakePermission.Read), [
      "s3:GetBucketLocation",
      "s3:HeadBucket",
      "s3:ListBucket",
      "s3:GetObject",
    ]);
  });

  it("lets a writer put, and neither read, list nor delete", () => {
    assert.deepEqual(actions(LakePermission.Write), [
      "s3:GetBucketLocation",
      "s3:HeadBucket",
      "s3:AbortMultipartUpload",
      "s3:ListMultipartUploadParts",
      "s3:PutObject",
    ]);
  });

  it("names objects and listings by the granted prefixes only", () => {
    const several = [
      { prefix: "raylogs/", permission: LakePermission.Write },
      { prefix: "datasets/", permission: LakePermission.Read },
      { prefix: "artifacts/", permission: LakePermission.ReadWrite },
    ];
    const { Statement } = policyDocument("lake", several, LakeKind.Minio);
    assert.deepEqual(
      Statement.map(({ Sid, Resource, Condition }) => [Sid, Resource, Condition]),
      [
        ["Locate", ["arn:aws:s3:::lake"], undefined],
        ["Head", ["arn:aws:s3:::lake"], undefined],
        ["OwnKeysOnly", undefined, undefined],
        [
          "List",
          ["arn:aws:s3:::lake"],
          { StringLike: { "s3:prefix": ["datasets/*", "artifacts/*"] } },
        ],
        ["Read", ["arn:aws:s3:::lake/datasets/*"], undefined],
        ["Write", ["arn:aws:s3:::lake/raylogs/*"], undefined],
        ["ReadWrite", ["arn:aws:s3:::lake/artifacts/*"], undefined],
      ],
    );
  });

  it("refuses further keys on MinIO, which makes them unless it is told not to", () => {
    const denied = (kind: LakeKind) =>
      policyDocument("lake", [{ prefix: "p/", permission: LakePermission.ReadWrite }], kind)
        .Statement.filter(({ Effect }) => Effect === "Deny")
        .flatMap(({ Action }) => Action);
    assert.deepEqual(denied(LakeKind.Minio), [
      "admin:CreateServiceAccount",
      "admin:UpdateServiceAccount",
    ]);
    assert.deepEqual(denied(LakeKind.SeaweedFs), []);
  });

  it("lets SeaweedFS tell the question for the bucket from a listing by its method", () => {
    const one = [{ prefix: "p/", permission: LakePermission.Read }];
    const { Statement } = policyDocument("lake", one, LakeKind.SeaweedFs);
    assert.deepEqual(
      Statement.filter(({ Action }) => Action.includes("s3:ListBucket")).map(
        ({ Condition }) => Condition,
      ),
      [
        { StringEquals: { "s3:RequestMethod": ["HEAD"] } },
        { StringLike: { "s3:prefix": ["p/*"] } },
      ],
    );
  });

  const { Read } = LakePermission;
  const table: [string, LakeGrant[], string[]][] = [
    ["the whole bucket", [{ prefix: "", permission: Read }], []],
    ["a Hive partition", [{ prefix: "raylogs/namespace=fraud/", permission: Read }], []],
    [
      "a prefix that would cover its neighbours",
      [{ prefix: "raylogs", permission: Read }],
      [
        'grants[0].prefix: must be empty or key segments that each end in "/", got ' +
          '"raylogs". Write e.g. "raylogs/".',
      ],
    ],
    [
      "a wildcard",
      [{ prefix: "*/", permission: Read }],
      [
        'grants[0].prefix: must be empty or key segments that each end in "/", got "*/". ' +
          'Write e.g. "raylogs/".',
      ],
    ],
    [
      "one prefix twice",
      [
        { prefix: "a/", permission: Read },
        { prefix: "a/", permission: LakePermission.Write },
      ],
      [
        'grants[1].prefix: must be granted once, got "a/". Give each prefix one grant with ' +
          "the wider permission.",
      ],
    ],
  ];
  for (const [what, given, expected] of table) {
    it(`${expected.length === 0 ? "accepts" : "refuses"} ${what}`, () => {
      assert.deepEqual(
        lakeAccessProblems("fraud-lake", { ...fraud, grants: given }).map(
          ({ propertyPath, reason }) => `${propertyPath}: ${reason}`,
        ),
        expected,
      );
    });
  }

  it("tells KServe about TLS and virtual hosts where the endpoint has them", () => {
    const annotations = kserveAnnotations(
      lakeConnection({
        endpoint: "https://s3.example.com",
        address: "s3.example.com",
        usesTls: true,
        region: "eu-west-1",
        addressing: S3Addressing.VirtualHost,
      }),
    );
    assert.equal(annotations["serving.kserve.io/s3-endpoint"], "s3.example.com");
    assert.equal(annotations["serving.kserve.io/s3-usehttps"], "1");
    assert.equal(annotations["serving.kserve.io/s3-verifyssl"], "1");
    assert.equal(annotations["serving.kserve.io/s3-region"], "eu-west-1");
    assert.equal(annotations["serving.kserve.io/s3-usevirtualbucket"], "true");
  });
});

describe("Provisioning scripts", () => {
  const scripts = {
    minioBucketsScript,
    minioGrantScript,
    seaweedBucketsScript,
    seaweedGrantScript,
  };
  for (const [name, script] of Object.entries(scripts)) {
    it(`${name} hands keys to the shell's own printf and exports, never to a program's arguments`, () => {
      const lines = script.replaceAll("\\\n", " ").split("\n");
      const withKey = lines.filter((line) => /CONSUMER_SECRET_KEY|LAKE_ADMIN_PASSWORD/.test(line));
      for (const line of withKey) {
        assert.match(line, /^(printf '[^']*' [^|]*\||export MC_HOST_lake=)/);
      }
      assert.equal(
        withKey.length,
        name === "seaweedBucketsScript" ? 0 : name === "minioGrantScript" ? 2 : 1,
      );
    });
  }
});
