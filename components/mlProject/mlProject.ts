import { serviceAccounts } from "@mlplatform/contracts/platformNames";
import * as pulumi from "@pulumi/pulumi";
import type { S3Connection, TrackingConnection } from "../connections";
import { createInferenceAddress } from "./inferenceAddress";
import { admitCallers } from "./modelCallers";
import { createRoles } from "./projectAccess";
import { createDeployers } from "./projectIdentities";
import { createLakeAccess, secretNameOf } from "./projectLake";
import {
  createLocalQueue,
  createNetworkPolicies,
  createProjectNamespace,
  createServiceAccounts,
  type ProjectFlows,
} from "./projectNamespace";
import { connectRepository, createProjectRepository } from "./projectRepository";
import { createTrackingAccess } from "./trackingAccess";
import { mlProjectProblems } from "./problems";
import { refuseProblems } from "../refuseProblems";
import type { MlProjectArgs } from "./args";
import { type MlProjectSettings, normalizeMlProject } from "./normalize";

/**
 * An ML team's place on the platform, under the component's name: a namespace with quota, queue,
 * network rules and rights; keys to its own prefixes of the lake; its own MLflow workspace and
 * user; and by choice Azure identities without stored credentials and a GitHub repository with
 * environments and workflows.
 *
 * @example
 * new MlProject("churn", {
 *   lake: lake.connection, tracking: mlflow.connection, serving: mesh.connection,
 *   clusterQueue: ray.clusterQueue, inferenceTable: observability.inferenceTable,
 *   ingestKey: observability.ingestKey,
 *   owner: "growth", costCenter: "4711", cpuQuota: 32, memoryQuotaGiB: 128,
 * });
 */
export class MlProject extends pulumi.ComponentResource {
  /** Namespace of the project. */
  public readonly namespace: pulumi.Output<string>;
  /** The lake with the Secret of the project's training pods. */
  public readonly lake: pulumi.Output<S3Connection>;
  /** MLflow. Resolves when the project has its workspace and user. */
  public readonly tracking: pulumi.Output<TrackingConnection>;
  /** Repository as `owner/name`; absent without `github`. */
  public readonly repository?: pulumi.Output<string>;

  constructor(name: string, args: MlProjectArgs, opts?: pulumi.ComponentResourceOptions) {
    refuseProblems("MlProject", name, mlProjectProblems(name, args));
    // The state keeps a component's arguments: without a mark, secrets would be plain in it.
    super("mlplatform:index:MlProject", name, withSecretMarks(args), opts);
    const settings = normalizeMlProject(args);
    const scope = createProjectNamespace({ name, parent: this }, settings);
    createNetworkPolicies(scope, flowsOf(settings));
    createLocalQueue(scope, settings.clusterQueue);
    const trainingLake = createLakeAccess(scope, settings, serviceAccounts.training);
    const servingLake = createLakeAccess(scope, settings, serviceAccounts.serving);
    createServiceAccounts(scope, settings, secretNameOf(servingLake));
    const repository = createProjectRepository(scope, settings);
    const deployers = createDeployers(scope, settings, repository);
    createRoles(scope, {
      access: settings.access,
      deployers: Object.values(deployers).map(({ principalId }) => principalId),
    });
    if (settings.oidc) {
      const { oidc, access } = settings;
      admitCallers(scope, pulumi.output(settings.serving), { oidc, access });
    }
    const inferenceAddress = createInferenceAddress(scope, settings);
    connectRepository(scope, settings, { repository, deployers, inferenceAddress });

    this.namespace = scope.namespace;
    this.tracking = createTrackingAccess(scope, {
      tracking: pulumi.output(settings.tracking),
      placement: settings.placement,
    });
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

function flowsOf(args: MlProjectSettings): ProjectFlows {
  return {
    platform: {
      lake: pulumi.output(args.lake),
      tracking: pulumi.output(args.tracking),
      inferenceTable: pulumi.output(args.inferenceTable),
    },
    isHttpsOpen: args.allowPublicHttps,
  };
}

function withSecretMarks(unmarked: MlProjectArgs): MlProjectArgs {
  const args = { ...unmarked, ingestKey: pulumi.secret(unmarked.ingestKey) };
  if (!args.github?.secrets) {
    return args;
  }
  const marked = Object.entries(args.github.secrets).map(
    ([secretName, value]) => [secretName, pulumi.secret(value)] as const,
  );
  return { ...args, github: { ...args.github, secrets: Object.fromEntries(marked) } };
}
