import { logKeeperVariables } from "@mlplatform/contracts/environment";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { S3Connection } from "../connections";
import { restrictedContainer, restrictedPodSpec } from "../kubernetes/pod";
import type { Placement } from "../kubernetes/placement";
import { childOptions, type Scope } from "../scope";
import { lakeEnvironment } from "./lakeEnvironment";

/** User of the log offloader's image. */
const uid = 65532;

/** What decides the log keeper's objects. */
export interface LogKeeperSettings {
  namespace: pulumi.Input<string>;
  image: pulumi.Input<string>;
  /** Store with the Secret that grants it. */
  lake: pulumi.Output<S3Connection>;
  placement?: Placement;
}

/**
 * Runs the log keeper every hour over the Ray logs in the lake: which clusters' logs are complete,
 * small parts merged, old days deleted. It works from the lake alone and has no token of the API
 * server: each node's own manifest is there before its first part, and a node that can't put it has
 * the alert on lag.
 */
export function createLogKeeper(scope: Scope, settings: LogKeeperSettings): k8s.batch.v1.CronJob {
  const { lake } = settings;
  const labels = { "app.kubernetes.io/name": "log-keeper" };
  return new k8s.batch.v1.CronJob(
    scope.name,
    {
      metadata: { name: "log-keeper", namespace: settings.namespace, labels },
      spec: {
        schedule: "17 * * * *",
        timeZone: "Etc/UTC",
        // One writer owns a key: a second run beside a slow one would write the same keys.
        concurrencyPolicy: "Forbid",
        startingDeadlineSeconds: 1800,
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 3,
        jobTemplate: {
          spec: {
            backoffLimit: 2,
            // It ends with 3 when a cluster's logs are incomplete: another try would find the same.
            podFailurePolicy: {
              rules: [
                {
                  action: "FailJob",
                  onExitCodes: { containerName: "log-keeper", operator: "In", values: [2, 3] },
                },
              ],
            },
            activeDeadlineSeconds: 3 * 3600,
            template: {
              metadata: { labels },
              spec: {
                ...restrictedPodSpec(uid, settings.placement),
                restartPolicy: "Never",
                containers: [
                  {
                    name: "log-keeper",
                    image: settings.image,
                    args: ["keeper"],
                    env: [
                      ...lakeEnvironment(lake),
                      { name: logKeeperVariables.workDirectory, value: "/tmp/keeper" },
                      // The same days after which the store expires them: neither cuts the other.
                      {
                        name: logKeeperVariables.retentionDays,
                        value: lake.rawLogRetentionDays.apply(String),
                      },
                    ],
                    resources: {
                      requests: { cpu: "250m", memory: "512Mi" },
                      limits: { cpu: "1", memory: "2Gi" },
                    },
                    securityContext: restrictedContainer,
                    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
                  },
                ],
                volumes: [{ name: "tmp", emptyDir: { sizeLimit: "2Gi" } }],
              },
            },
          },
        },
      },
    },
    childOptions(scope),
  );
}
