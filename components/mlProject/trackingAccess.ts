import { readFileSync } from "node:fs";
import { join } from "node:path";
import { provisioningVariables, trackingVariables } from "@mlplatform/contracts/environment";
import { projectSecrets } from "@mlplatform/contracts/platformNames";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { TrackingConnection } from "../connections";
import { createPassword } from "../kubernetes/password";
import type { Placement } from "../kubernetes/placement";
import { restrictedContainer, restrictedPodSpec } from "../kubernetes/pod";
import type { ProjectScope } from "./projectScope";

/** What a project's MLflow user is made from. */
export interface TrackingAccessSettings {
  /** The server, with the administrator's Secret in its own namespace. */
  tracking: pulumi.Output<TrackingConnection>;
  /** Where the Job runs. @default - anywhere */
  placement?: Placement;
}

/** Any unprivileged user: the Job writes nothing. */
const provisioningUid = 65_532;

const scriptFile = join(__dirname, "provisionTracking.py");

/**
 * Gives a project its own workspace and user in MLflow. A Job beside the server signs in as the
 * administrator, so that the administrator's Secret never enters the project's namespace; the
 * project's namespace gets its own user's Secret only.
 */
export function createTrackingAccess(
  scope: ProjectScope,
  settings: TrackingAccessSettings,
): pulumi.Output<TrackingConnection> {
  const { name, parent, namespace, labels } = scope;
  const { tracking } = settings;
  const credentials = {
    [trackingVariables.username]: name,
    [trackingVariables.password]: createPassword({
      name: `${name}-mlflow-password`,
      parent,
      length: 32,
    }),
  };
  const secret = new k8s.core.v1.Secret(
    `${name}-mlflow-credentials`,
    {
      metadata: { name: projectSecrets.tracking, namespace, labels },
      stringData: credentials,
    },
    // A Secret with a fixed name cannot be created beside the one it replaces.
    { parent, deleteBeforeReplace: true },
  );

  const besideServer = { namespace: tracking.namespace, labels };
  // Named by Pulumi, so that a new password is a new Secret, hence a new Job that sets it.
  const provisioningSecret = new k8s.core.v1.Secret(
    `${name}-mlflow-user`,
    { metadata: besideServer, stringData: credentials },
    { parent },
  );
  const script = new k8s.core.v1.ConfigMap(
    `${name}-mlflow-provision`,
    {
      metadata: besideServer,
      data: { "provisionTracking.py": readFileSync(scriptFile, "utf8") },
    },
    { parent },
  );
  const job = new k8s.batch.v1.Job(
    `${name}-mlflow-user`,
    {
      metadata: besideServer,
      spec: provisioningJob(scope, settings, {
        script: script.metadata.name,
        user: provisioningSecret.metadata.name,
      }),
    },
    { parent },
  );
  // Whoever uses the connection waits until the user exists.
  return pulumi
    .all([tracking, secret.metadata.name, job.id])
    .apply(([server, authSecretName]) => ({ ...server, authSecretName }));
}

/** Names of the objects that the Job reads. */
interface ProvisioningObjects {
  /** ConfigMap with the script. */
  script: pulumi.Input<string>;
  /** Secret with the project's user. */
  user: pulumi.Input<string>;
}

function provisioningJob(
  { name: project, labels }: ProjectScope,
  { tracking, placement }: TrackingAccessSettings,
  { script, user }: ProvisioningObjects,
): k8s.types.input.batch.v1.JobSpec {
  const fromSecret = (name: string, secretName: pulumi.Input<string>, key: string) => ({
    name,
    valueFrom: { secretKeyRef: { name: secretName, key } },
  });
  return {
    backoffLimit: 6,
    activeDeadlineSeconds: 900,
    template: {
      metadata: { labels: { ...labels, "app.kubernetes.io/name": "mlflow-provision" } },
      spec: {
        ...restrictedPodSpec(provisioningUid, placement),
        restartPolicy: "OnFailure",
        containers: [
          {
            name: "provision",
            image: tracking.clientImage,
            command: ["python3", "/scripts/provisionTracking.py"],
            env: [
              { name: provisioningVariables.project, value: project },
              { name: trackingVariables.uri, value: tracking.uri },
              fromSecret(
                provisioningVariables.adminUsername,
                tracking.authSecretName,
                trackingVariables.username,
              ),
              fromSecret(
                provisioningVariables.adminPassword,
                tracking.authSecretName,
                trackingVariables.password,
              ),
              fromSecret(provisioningVariables.projectUsername, user, trackingVariables.username),
              fromSecret(provisioningVariables.projectPassword, user, trackingVariables.password),
            ],
            resources: {
              requests: { cpu: "50m", memory: "64Mi" },
              limits: { cpu: "500m", memory: "256Mi" },
            },
            securityContext: restrictedContainer,
            volumeMounts: [{ name: "scripts", mountPath: "/scripts", readOnly: true }],
          },
        ],
        volumes: [{ name: "scripts", configMap: { name: script } }],
      },
    },
  };
}
