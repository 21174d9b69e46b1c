import { readFileSync } from "node:fs";
import { join } from "node:path";
import { provisioningVariables, trackingVariables } from "@mlplatform/contracts/environment";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { TrackingConnection } from "../connections";
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
 * administrator, so that the administrator's Secret never enters the project's namespace. The user
 * has a password that nobody knows: pods sign in as it by the tokens of their service account.
 */
export function createTrackingAccess(
  scope: ProjectScope,
  settings: TrackingAccessSettings,
): pulumi.Output<TrackingConnection> {
  const { name, parent, labels } = scope;
  const { tracking } = settings;
  const besideServer = { namespace: tracking.namespace, labels };
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
      spec: provisioningJob(scope, settings, script.metadata.name),
    },
    { parent },
  );
  // Whoever uses the connection waits until the user exists.
  return pulumi
    .all([tracking, job.id])
    .apply(([{ authSecretName: _administrators, ...server }]) => server);
}

function provisioningJob(
  { name: project, labels }: ProjectScope,
  { tracking, placement }: TrackingAccessSettings,
  script: pulumi.Input<string>,
): k8s.types.input.batch.v1.JobSpec {
  const fromAdministrator = (name: string, key: string) => ({
    name,
    valueFrom: {
      secretKeyRef: { name: tracking.apply(({ authSecretName }) => authSecretName!), key },
    },
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
              fromAdministrator(provisioningVariables.adminUsername, trackingVariables.username),
              fromAdministrator(provisioningVariables.adminPassword, trackingVariables.password),
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
