import { partOfPlatform } from "@mlplatform/contracts/platformLabels";
import * as k8s from "@pulumi/kubernetes";
import { type Scope, statefulOptions } from "../scope";

/** Pod Security Standard that a namespace enforces. */
export enum PodSecurity {
  /** No root, no privileges, no host access: our own workloads. */
  Restricted = "restricted",
  /** Known privilege escalations refused. */
  Baseline = "baseline",
  /** Anything: only for agents that read the node. */
  Privileged = "privileged",
}

/** A namespace of the platform. */
export interface NamespaceSettings extends Scope {
  /** Name in the cluster. */
  namespace: string;
  podSecurity: PodSecurity;
  /** Labels beside those that every namespace of the platform has. */
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Protects the namespace and keeps it when its stack is destroyed. Default false. */
  protectData?: boolean;
}

/** Makes a namespace with the platform's labels. Deleting it deletes every volume in it. */
export function createNamespace(settings: NamespaceSettings): k8s.core.v1.Namespace {
  const { name, namespace, podSecurity, labels, annotations } = settings;
  return new k8s.core.v1.Namespace(
    name,
    {
      metadata: {
        name: namespace,
        labels: {
          ...partOfPlatform,
          "pod-security.kubernetes.io/enforce": podSecurity,
          ...labels,
        },
        annotations,
      },
    },
    statefulOptions(settings, settings.protectData ?? false),
  );
}
