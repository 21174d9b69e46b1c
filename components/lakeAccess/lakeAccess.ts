import { lakeKeyVariables } from "@mlplatform/contracts/environment";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { LakeKind, type S3Connection } from "../connections";
import { minioGrantScript } from "../dataLake/minioScripts";
import { createProvisioningJob } from "../dataLake/provisioning";
import { seaweedGrantScript } from "../dataLake/seaweedScripts";
import { createPassword } from "../kubernetes/password";
import type { Scope } from "../scope";
import { normalizeLakeAccess } from "./normalize";
import { grantingLakeProblems, lakeAccessProblems } from "./problems";
import { checkedOutput, refuseProblems } from "../refuseProblems";
import type { LakeAccessArgs } from "./args";
import { kserveAnnotations, policyDocument } from "./lakePolicy";

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
    refuseProblems("LakeAccess", name, lakeAccessProblems(name, args));
    super("mlplatform:index:LakeAccess", name, args, opts);
    const { secretName } = normalizeLakeAccess(args);
    const lake = grantable(name, args.lake);
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

/** A lake whose kind is known. */
interface GrantableLake extends S3Connection {
  kind: LakeKind;
}

/** The lake with its kind. A connection that names none is MinIO's, the platform's default. */
function grantable(name: string, lake: pulumi.Input<S3Connection>): pulumi.Output<GrantableLake> {
  return checkedOutput("LakeAccess", name, lake, grantingLakeProblems).apply((connection) => ({
    ...connection,
    kind: connection.kind ?? LakeKind.Minio,
  }));
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
        "policy.json": lake.apply(({ bucket, kind }) =>
          JSON.stringify(policyDocument(bucket, args.grants, kind)),
        ),
      },
    },
    { parent },
  );
  return createProvisioningJob({
    name: `${name}-provisioning`,
    parent,
    namespace,
    // Not of the checked lake, which is unknown as a whole where one part is.
    image: pulumi.output(args.lake).clientImage,
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
      stringData: { [lakeKeyVariables.accessKeyId]: name, [lakeKeyVariables.secretAccessKey]: key },
    },
    // Consumers refer to the name, so a changed Secret cannot be made beside the old one.
    { parent, deleteBeforeReplace: true },
  );
}
