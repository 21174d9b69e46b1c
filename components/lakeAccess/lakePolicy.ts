import { LakeKind, S3Addressing, type S3Connection } from "../connections";
import { type LakeGrant, LakePermission } from "./args";

/** A statement of an S3 policy document. */
export interface PolicyStatement {
  Sid: string;
  Effect: string;
  Action: string[];
  /** @default - none: what the action is on is no object */
  Resource?: string[];
  Condition?: Record<string, Record<string, string[]>>;
}

/** An S3 policy document, in the dialect that MinIO and SeaweedFS share with AWS. */
export interface PolicyDocument {
  Version: string;
  Statement: PolicyStatement[];
}

const put = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"];

/** Actions on the objects under a granted prefix. */
const objectActions: Record<LakePermission, string[]> = {
  [LakePermission.Read]: ["s3:GetObject"],
  [LakePermission.Write]: put,
  [LakePermission.ReadWrite]: ["s3:DeleteObject", "s3:GetObject", ...put],
};

/**
 * Lets a client ask whether the bucket is there, as barman does before it archives. MinIO has an
 * action for that. To SeaweedFS it is a listing without a prefix, told apart by its method. Each
 * refuses the other's way.
 */
const headBucket: Record<LakeKind, Omit<PolicyStatement, "Sid" | "Effect" | "Resource">> = {
  [LakeKind.Minio]: { Action: ["s3:HeadBucket"] },
  [LakeKind.SeaweedFs]: {
    Action: ["s3:ListBucket"],
    Condition: { StringEquals: { "s3:RequestMethod": ["HEAD"] } },
  },
  // Granted by other means, and not offered yet.
  [LakeKind.AzureBlob]: { Action: ["s3:HeadBucket"] },
};

/**
 * MinIO lets a user make further keys with the user's own rights, which a new secret of the user
 * doesn't end. SeaweedFS has no such keys.
 */
const ownKeysOnly: PolicyStatement = {
  Sid: "OwnKeysOnly",
  Effect: "Deny",
  Action: ["admin:CreateServiceAccount", "admin:UpdateServiceAccount"],
};

/**
 * The least policy that covers the grants: objects by prefix, and a listing only of the prefixes
 * that may be read. Whether and where the bucket is names no key: clients ask it first.
 */
export function policyDocument(
  bucket: string,
  grants: LakeGrant[],
  kind: LakeKind,
): PolicyDocument {
  const arn = `arn:aws:s3:::${bucket}`;
  const statements: PolicyStatement[] = [
    { Sid: "Locate", Effect: "Allow", Action: ["s3:GetBucketLocation"], Resource: [arn] },
    { Sid: "Head", Effect: "Allow", ...headBucket[kind], Resource: [arn] },
    ...(kind === LakeKind.Minio ? [ownKeysOnly] : []),
  ];
  const listed = grants
    .filter((grant) => grant.permission !== LakePermission.Write)
    .map((grant) => `${grant.prefix}*`);
  if (listed.length > 0) {
    statements.push({
      Sid: "List",
      Effect: "Allow",
      Action: ["s3:ListBucket"],
      Resource: [arn],
      Condition: { StringLike: { "s3:prefix": listed } },
    });
  }
  for (const permission of Object.values(LakePermission)) {
    const resources = grants
      .filter((grant) => grant.permission === permission)
      .map((grant) => `${arn}/${grant.prefix}*`);
    if (resources.length === 0) {
      continue;
    }
    statements.push({
      Sid: permission.charAt(0).toUpperCase() + permission.slice(1),
      Effect: "Allow",
      Action: objectActions[permission],
      Resource: resources,
    });
  }
  return { Version: "2012-10-17", Statement: statements };
}

/**
 * Annotations by which KServe's storage initializer finds the store of a credentials Secret
 * (kserve v0.20.0, pkg/credentials/s3): host and port without scheme, flags as text.
 */
export function kserveAnnotations(lake: S3Connection): Record<string, string> {
  const useTls = lake.usesTls ? "1" : "0";
  return {
    "serving.kserve.io/s3-endpoint": lake.address,
    "serving.kserve.io/s3-usehttps": useTls,
    "serving.kserve.io/s3-verifyssl": useTls,
    "serving.kserve.io/s3-region": lake.region,
    "serving.kserve.io/s3-usevirtualbucket": String(lake.addressing === S3Addressing.VirtualHost),
    "serving.kserve.io/s3-useanoncredential": "false",
  };
}
