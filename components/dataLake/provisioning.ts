import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Placement } from "../kubernetes/placement";
import { restrictedContainer, restrictedPodSpec } from "../kubernetes/pod";
import { childOptions, type Scope } from "../scope";

/**
 * Secret in the lake's namespace with the administrator's key; only provisioning Jobs and the store
 * read it.
 */
export const adminSecretName = "lake-admin";

/** User and group id of the store and of its provisioning Jobs. */
export const lakeUid = 10001;

/** Where a Job finds the files of its ConfigMap. */
export const provisioningFiles = "/provisioning";

/** A Job that changes the store as its administrator. Running it again changes nothing. */
export interface ProvisioningSettings extends Scope {
  namespace: pulumi.Input<string>;
  /** Image with a POSIX shell and the client of the store. */
  image: pulumi.Input<string>;
  /** POSIX shell script; it reads secrets from the environment only. */
  script: pulumi.Input<string>;
  /** Plain environment. */
  env: Record<string, pulumi.Input<string>>;
  /** ConfigMap mounted at {@link provisioningFiles}. */
  files?: pulumi.Input<string>;
  /** Secret whose keys become environment variables, beside the administrator's. */
  secretName?: pulumi.Input<string>;
  placement?: Placement;
}

/**
 * Makes the Job. It carries no name of its own, so that a changed script is a new Job made before
 * the old one goes, and no time to live, so that a refresh still finds it.
 */
export function createProvisioningJob(settings: ProvisioningSettings): k8s.batch.v1.Job {
  const { files } = settings;
  const secrets = [adminSecretName, ...(settings.secretName ? [settings.secretName] : [])];
  const labels = { "app.kubernetes.io/name": "lake-provisioning" };
  return new k8s.batch.v1.Job(
    settings.name,
    {
      metadata: { namespace: settings.namespace, labels },
      spec: {
        // The store may still format its drives; a client that waits for it must end some time.
        backoffLimit: 10,
        activeDeadlineSeconds: 1800,
        template: {
          metadata: { labels },
          spec: {
            ...restrictedPodSpec(lakeUid, settings.placement),
            restartPolicy: "Never",
            containers: [
              {
                name: "provision",
                image: settings.image,
                command: ["/bin/sh", "-euc", settings.script],
                env: Object.entries(settings.env).map(([key, value]) => ({ name: key, value })),
                envFrom: secrets.map((secret) => ({ secretRef: { name: secret } })),
                resources: {
                  requests: { cpu: "10m", memory: "64Mi" },
                  limits: { memory: "256Mi" },
                },
                securityContext: restrictedContainer,
                volumeMounts: [
                  { name: "tmp", mountPath: "/tmp" },
                  ...(files
                    ? [{ name: "files", mountPath: provisioningFiles, readOnly: true }]
                    : []),
                ],
              },
            ],
            volumes: [
              { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
              ...(files ? [{ name: "files", configMap: { name: files } }] : []),
            ],
          },
        },
      },
    },
    childOptions(settings),
  );
}
