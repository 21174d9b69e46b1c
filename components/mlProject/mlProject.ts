import * as pulumi from "@pulumi/pulumi";
import type { S3Connection, TrackingConnection } from "../connections";
import { createRepository } from "./githubRepository";
import {
  createRole,
  createServiceAccount,
  deployerRules,
  groupSubject,
  identitySubject,
  memberRules,
} from "./projectAccess";
import { checkMlProject } from "./problems";
import { admitMembers, createDeployers, createWorkloadIdentity } from "./projectIdentities";
import { createLakeAccess, secretNameOf } from "./projectLake";
import { serviceNamespace, urlPort } from "./projectNames";
import {
  createLocalQueue,
  createNamespace,
  createNetworkPolicies,
  servingAccount,
  trainingAccount,
} from "./projectNamespace";
import { connectRepository } from "./projectRepository";
import { createTrackingAccess } from "./trackingAccess";
import type { MlProjectArgs } from "./args";

/**
 * An ML team's place on the platform, under the component's name: a namespace with quota, queue,
 * network rules and rights; keys to its own prefixes of the lake; its own MLflow user and
 * experiment; and by choice Azure identities without stored credentials and a GitHub repository
 * with environments and workflows.
 *
 * @example
 * new MlProject("churn", {
 *   lake: lake.connection, lakeNamespace: lake.namespace, clientImage, tracking: mlflow.connection,
 *   trackingImage, serving: mesh.connection, clusterQueue: ray.clusterQueue,
 *   inferenceTableUrl: observability.inferenceTableUrl, owner: "growth", costCenter: "4711",
 *   cpuQuota: 32, memoryQuotaGiB: 128,
 * });
 */
export class MlProject extends pulumi.ComponentResource {
  /** Namespace of the project. */
  public readonly namespace: pulumi.Output<string>;
  /** The lake with the Secret of the project's training pods. */
  public readonly lake: pulumi.Output<S3Connection>;
  /** MLflow with the Secret of the project's own user. */
  public readonly tracking: pulumi.Output<TrackingConnection>;
  /** Repository as `owner/name`; absent without `github`. */
  public readonly repository?: pulumi.Output<string>;

  constructor(name: string, args: MlProjectArgs, opts?: pulumi.ComponentResourceOptions) {
    // The state keeps a component's arguments: without a mark, secrets would be plain in it.
    super("mlplatform:index:MlProject", name, withSecretMarks(args), opts);
    refuseBadArguments(name, args);
    const labels = {
      "app.kubernetes.io/part-of": "mlplatform",
      "mlplatform.dev/project": name,
    };
    const lake = pulumi.output(args.lake);
    const tracking = pulumi.output(args.tracking);

    const namespace = createNamespace(
      name,
      {
        project: name,
        labels,
        annotations: {
          "mlplatform.dev/team": args.owner,
          "mlplatform.dev/cost-center": args.costCenter,
        },
        quota: {
          cpu: args.cpuQuota,
          memoryGiB: args.memoryQuotaGiB,
          gpu: args.gpuQuota ?? 0,
        },
        protectData: args.protectData ?? true,
      },
      this,
    );
    const inNamespace = { namespace: namespace.metadata.name, labels };
    createNetworkPolicies(
      name,
      {
        ...inNamespace,
        platform: {
          lakeNamespace: args.lakeNamespace,
          lakePort: lake.apply(({ endpoint }) => urlPort(endpoint)),
          trackingNamespace: tracking.apply(({ uri }) => serviceNamespace(uri)),
          trackingPort: tracking.apply(({ uri }) => urlPort(uri)),
          inferenceTableNamespace: pulumi.output(args.inferenceTableUrl).apply(serviceNamespace),
        },
        isHttpsOpen: args.allowPublicHttps ?? false,
      },
      this,
    );
    createLocalQueue(name, { ...inNamespace, clusterQueue: args.clusterQueue }, this);

    const trainingLake = createLakeAccess(name, args, inNamespace.namespace, trainingAccount, this);
    const servingLake = createLakeAccess(name, args, inNamespace.namespace, servingAccount, this);
    this.tracking = createTrackingAccess(
      name,
      {
        project: name,
        ...inNamespace,
        tracking,
        image: args.trackingImage,
        placement: args.placement,
      },
      this,
    );

    for (const account of [trainingAccount, servingAccount]) {
      const identity = args.azure ? createWorkloadIdentity(name, args, account, this) : undefined;
      const secretNames = account === servingAccount ? [secretNameOf(servingLake)] : undefined;
      createServiceAccount(
        name,
        { account, ...inNamespace, clientId: identity?.clientId, secretNames },
        this,
      );
    }

    const repository = args.github
      ? createRepository(
          name,
          args.github,
          {
            description: `ML project ${name} of ${args.owner}`,
            protectData: args.protectData ?? true,
          },
          this,
        )
      : undefined;
    const deployers =
      repository && args.github && args.azure
        ? createDeployers(name, args, args.github, repository, this)
        : {};
    createRole(
      name,
      {
        role: "member",
        ...inNamespace,
        rules: memberRules,
        subjects: (args.members ?? []).map(groupSubject),
      },
      this,
    );
    createRole(
      name,
      {
        role: "deployer",
        ...inNamespace,
        rules: deployerRules,
        subjects: Object.values(deployers).map(({ principalId }) => identitySubject(principalId)),
      },
      this,
    );
    if (args.azure) {
      admitMembers(name, pulumi.output(args.azure), args.members ?? [], this);
    }
    if (repository && args.github) {
      connectRepository(name, args, args.github, repository, deployers, this);
    }

    this.namespace = namespace.metadata.name;
    this.lake = trainingLake.connection;
    this.repository = repository?.fullName;
    this.registerOutputs({
      namespace: this.namespace,
      lake: this.lake,
      tracking: this.tracking,
      repository: this.repository,
    });
  }
}

function withSecretMarks(args: MlProjectArgs): MlProjectArgs {
  if (!args.github?.secrets) {
    return args;
  }
  const marked = Object.entries(args.github.secrets).map(
    ([secretName, value]) => [secretName, pulumi.secret(value)] as const,
  );
  return { ...args, github: { ...args.github, secrets: Object.fromEntries(marked) } };
}

function refuseBadArguments(name: string, args: MlProjectArgs): void {
  const errors = checkMlProject(name, args).map(({ propertyPath, reason }) => ({
    propertyPath,
    reason: `MlProject "${name}": \`${propertyPath}\` ${reason}`,
  }));
  if (errors.length === 0) {
    return;
  }
  const message = errors.map(({ reason }) => reason).join("\n");
  throw new pulumi.InputPropertiesError({ message, errors });
}
