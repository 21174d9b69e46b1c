import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { LakeKind, type S3Connection } from "../connections";
import { minioGrantScript } from "../dataLake/minioScripts";
import { createProvisioningJob } from "../dataLake/provisioning";
import { seaweedGrantScript } from "../dataLake/seaweedScripts";
import { createPassword } from "../kubernetes/password";
import type { Scope } from "../scope";
import type { LakeAccessArgs } from "./args";
import { grantProblems, kserveAnnotations, policyDocument } from "./lakePolicy";

/**
 * One consumer's access to the lake: a key of its own, the Secret that carries it, and the user and
 * policy in the store. The name of the component is the access key id, so the store's audit log
 * names the consumer; it is unique in the store. Rotating is replacing `<name>-key`. Taking the
 * component out of the program deletes the Secrets; the user in the store stays and is removed by
 * the store's administrator.
 *
 * ```ts
 * new LakeAccess("fraud-lake", {
 *   lake: lake.connection, namespace: "fraud",
 *   grants: [{ prefix: "datasets/fraud/", permission: LakePermission.ReadWrite }],
 * });
 * ```
 */
export class LakeAccess extends pulumi.ComponentResource {
  /** The bucket with the name of the consumer's Secret. Resolves when the store knows the key. */
  public readonly connection: pulumi.Output<S3Connection>;

  constructor(name: string, args: LakeAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mlplatform:index:LakeAccess", name, args, opts);
    const secretName = args.secretName ?? "lake-credentials";
    checkArguments(name, secretName, args);
    const lake = pulumi.output(args.lake).apply((connection) => grantable(name, connection));
    const scope = { name, parent: this };
    const key = createPassword({ name: `${name}-key`, parent: this });
    const provisioned = provision(scope, args, { lake, key });
    const secret = createConsumerSecret(scope, args, { lake, key, secretName });
    this.connection = pulumi
      .all([lake, secret.urn, provisioned.urn])
      .apply(([connection]) => ({ ...connection, secretName }));
    this.registerOutputs({ connection: this.connection });
  }
}

const grantScript: Partial<Record<LakeKind, string>> = {
  [LakeKind.Minio]: minioGrantScript,
  [LakeKind.SeaweedFs]: seaweedGrantScript,
};

function checkArguments(name: string, secretName: string, args: LakeAccessArgs): void {
  const problems = grantProblems(args.grants);
  if (!/^[a-z0-9](-?[a-z0-9]){2,52}$/.test(name)) {
    problems.push({
      propertyPath: "name",
      reason:
        "must be 3–53 lowercase letters, digits and single hyphens to be an access key id, got " +
        `"${name}". Rename the component.`,
    });
  }
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(secretName)) {
    problems.push({
      propertyPath: "secretName",
      reason:
        `must be a Kubernetes object name, got "${secretName}". Use lowercase letters, digits ` +
        "and hyphens.",
    });
  }
  if (problems.length > 0) {
    throw new pulumi.InputPropertiesError({
      message: `LakeAccess "${name}" has invalid arguments`,
      errors: problems,
    });
  }
}

/** A lake whose kind is known. */
interface GrantableLake extends S3Connection {
  kind: LakeKind;
}

/** The lake with its kind. A connection that names none is MinIO's, the platform's default. */
function grantable(name: string, connection: S3Connection): GrantableLake {
  const kind = connection.kind ?? LakeKind.Minio;
  if (grantScript[kind] === undefined) {
    throw new Error(
      `LakeAccess "${name}": \`lake\` must be of a kind that grants keys by consumer, got ` +
        `"${kind}". ` +
        "Set the DataLake's kind to minio or seaweedfs.",
    );
  }
  return { ...connection, kind };
}

/** A lake, and a consumer's key to it. */
interface LakeKey {
  lake: pulumi.Output<GrantableLake>;
  key: pulumi.Output<string>;
}

/** Tells the store about the key and what it may do. */
function provision(
  { name, parent }: Scope,
  args: LakeAccessArgs,
  { lake, key }: LakeKey,
): k8s.batch.v1.Job {
  const { namespace } = lake;
  const secret = new k8s.core.v1.Secret(
    `${name}-provisioning`,
    { metadata: { namespace }, stringData: { CONSUMER_SECRET_KEY: key } },
    { parent },
  );
  const policy = new k8s.core.v1.ConfigMap(
    `${name}-policy`,
    {
      metadata: { namespace },
      data: {
        "policy.json": lake.apply(({ bucket }) =>
          JSON.stringify(policyDocument(bucket, args.grants)),
        ),
      },
    },
    { parent },
  );
  return createProvisioningJob({
    name: `${name}-provisioning`,
    parent,
    namespace,
    image: lake.clientImage,
    script: lake.apply(({ kind }) => grantScript[kind]!),
    env: { CONSUMER: name },
    secretName: secret.metadata.name,
    files: policy.metadata.name,
    placement: args.placement,
  });
}

function createConsumerSecret(
  { name, parent }: Scope,
  { namespace }: LakeAccessArgs,
  { lake, key, secretName }: LakeKey & { secretName: string },
): k8s.core.v1.Secret {
  return new k8s.core.v1.Secret(
    `${name}-credentials`,
    {
      metadata: {
        name: secretName,
        namespace,
        annotations: lake.apply(kserveAnnotations),
      },
      stringData: { AWS_ACCESS_KEY_ID: name, AWS_SECRET_ACCESS_KEY: key },
    },
    // Consumers refer to the name, so a changed Secret cannot be made beside the old one.
    { parent, deleteBeforeReplace: true },
  );
}
