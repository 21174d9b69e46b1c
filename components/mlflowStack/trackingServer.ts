import {
  authConfigVariable,
  trackingMigration,
  trackingServerEnvironment,
} from "@mlplatform/contracts/trackingServer";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { S3Addressing, type S3Connection } from "../connections";
import { createDisruptionBudget } from "../kubernetes/disruptionBudget";
import { restrictedContainer, restrictedPodSpec, spreadConstraints } from "../kubernetes/pod";
import type { Placement } from "../kubernetes/placement";
import { createServiceAccount } from "../kubernetes/serviceAccount";
import type { Scope } from "../scope";
import type { MlflowStackSettings } from "./normalize";
import { mlflowPort, serverArguments } from "./serverSettings";
import { authConfigSecretName, serverSecretName } from "./serverSecrets";
import { createSignIn, type SignInParts } from "./signIn";

/** Selects the tracking server. */
export const serverLabels = { "app.kubernetes.io/name": "mlflow" };

/** User and group id of the server. */
const uid = 10001;

/** What the tracking server is made from. */
export interface TrackingServerSettings {
  namespace: pulumi.Output<string>;
  image: string;
  replicas: number;
  /** Public host name, where there is one. */
  host?: string;
  /** The lake, with the Secret of the server's key. */
  lake: pulumi.Output<S3Connection>;
  placement?: Placement;
  /** People who sign in by tokens. */
  people?: MlflowStackSettings["people"];
}

/**
 * The server behind the Service `mlflow`. Everything that it keeps is in the database and the lake.
 */
export function createTrackingServer(
  { name, parent, dependsOn }: Scope,
  settings: TrackingServerSettings,
): k8s.core.v1.Service {
  const { namespace, replicas } = settings;
  const account = createServiceAccount({
    name: `${name}-server`,
    parent,
    metadata: { name: "mlflow", namespace },
  });
  const signIn = createSignIn({ name, parent }, namespace, settings.people);
  const deployment = new k8s.apps.v1.Deployment(
    `${name}-server`,
    {
      metadata: { name: "mlflow", namespace, labels: serverLabels },
      spec: {
        replicas,
        selector: { matchLabels: serverLabels },
        template: {
          metadata: { labels: serverLabels },
          spec: {
            ...restrictedPodSpec(uid, settings.placement),
            serviceAccountName: account.metadata.name,
            topologySpreadConstraints: replicas > 1 ? spreadConstraints(serverLabels) : [],
            initContainers: [migrationContainer(settings.image)],
            containers: [serverContainer(settings, signIn)],
            volumes: [
              { name: "tmp", emptyDir: { sizeLimit: "2Gi" } },
              { name: "auth", secret: { secretName: authConfigSecretName } },
              ...signIn.volumes,
            ],
          },
        },
      },
    },
    { parent, dependsOn },
  );
  if (replicas > 1) {
    createDisruptionBudget({
      name: `${name}-server`,
      parent,
      metadata: { name: "mlflow", namespace },
      matchLabels: serverLabels,
    });
  }
  return new k8s.core.v1.Service(
    `${name}-server`,
    {
      metadata: { name: "mlflow", namespace, labels: serverLabels },
      spec: {
        selector: serverLabels,
        ports: [{ name: "http", port: mlflowPort, targetPort: "http" }],
      },
    },
    { parent, dependsOn: [deployment] },
  );
}

const tmpMount = { name: "tmp", mountPath: "/tmp" };

/** Only `/tmp` can be written, so it is the home directory too. */
const writableHome = { name: "HOME", value: "/tmp" };

function migrationContainer(image: string): k8s.types.input.core.v1.Container {
  return {
    name: "migrate",
    image,
    command: ["python", "-m", trackingMigration],
    env: [writableHome],
    envFrom: [{ secretRef: { name: serverSecretName } }],
    resources: { requests: { cpu: "100m", memory: "512Mi" }, limits: { memory: "1Gi" } },
    securityContext: restrictedContainer,
    volumeMounts: [tmpMount],
  };
}

/** `addressing_style` of boto3, by which MLflow reads and writes artifacts. */
const botoAddressing: Record<S3Addressing, string> = {
  [S3Addressing.Path]: "path",
  [S3Addressing.VirtualHost]: "virtual",
};

function serverContainer(
  settings: TrackingServerSettings,
  signIn: SignInParts,
): k8s.types.input.core.v1.Container {
  const { lake } = settings;
  const probe = { httpGet: { path: "/health", port: "http" }, timeoutSeconds: 5 };
  return {
    name: "mlflow",
    image: settings.image,
    command: ["mlflow"],
    args: lake.apply(({ bucket }) => serverArguments(bucket, settings.host)),
    env: [
      writableHome,
      { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      { name: authConfigVariable, value: "/etc/mlflow/auth.ini" },
      { name: "MLFLOW_S3_ENDPOINT_URL", value: lake.endpoint },
      { name: "AWS_DEFAULT_REGION", value: lake.region },
      {
        name: "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE",
        value: lake.addressing.apply((addressing) => botoAddressing[addressing]),
      },
      ...Object.entries(trackingServerEnvironment).map(([name, value]) => ({ name, value })),
      ...signIn.env,
    ],
    envFrom: [
      { secretRef: { name: serverSecretName } },
      { secretRef: { name: lake.apply(({ secretName }) => secretName!) } },
    ],
    ports: [{ name: "http", containerPort: mlflowPort }],
    startupProbe: { ...probe, periodSeconds: 5, failureThreshold: 60 },
    livenessProbe: { ...probe, periodSeconds: 20, failureThreshold: 4 },
    readinessProbe: { ...probe, periodSeconds: 10 },
    resources: { requests: { cpu: "250m", memory: "1Gi" }, limits: { memory: "2Gi" } },
    securityContext: restrictedContainer,
    volumeMounts: [
      tmpMount,
      { name: "auth", mountPath: "/etc/mlflow", readOnly: true },
      ...signIn.volumeMounts,
    ],
  };
}
