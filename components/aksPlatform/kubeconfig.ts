import { parse } from "yaml";
import type { KubeLogin } from "./args";

/** Application that every AKS cluster with Microsoft Entra accepts tokens for. */
const aksServerId = "6dae42f8-4368-4678-94ff-3960e28e3630";

/** What a kubeconfig for programs is made from. */
export interface KubeconfigSource {
  /** Kubeconfigs as Azure lists them: base64 of a YAML document. */
  kubeconfigs: { value: string }[] | undefined;
  /** Microsoft Entra tenant of the cluster. */
  tenantId: string;
  login: KubeLogin;
}

/**
 * Kubeconfig that signs in by kubelogin without a person. Azure's own document asks for a device
 * code, which hangs a program; server and certificate are taken from it, the sign-in is ours.
 * kubelogin must be on PATH (https://azure.github.io/kubelogin). The result is JSON, which is YAML.
 */
export function kubeconfigFor({ kubeconfigs, tenantId, login }: KubeconfigSource): string {
  const encoded = kubeconfigs?.[0]?.value;
  if (!encoded) {
    throw new Error(
      "AksPlatform: Azure listed no user kubeconfig, got " +
        `${JSON.stringify(kubeconfigs) ?? "nothing"}. ` +
        `Give the deployer a group of \`adminGroupObjectIds\`, then run again.`,
    );
  }
  const document = parse(Buffer.from(encoded, "base64").toString("utf8"));
  const cluster = document?.clusters?.[0];
  if (!cluster?.cluster?.server) {
    throw new Error(
      `AksPlatform: Azure's user kubeconfig names no server, got the keys ` +
        `${JSON.stringify(Object.keys(document ?? {}))}. Check that the cluster is running.`,
    );
  }
  const name: string = cluster.name;
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [cluster],
    users: [{ name, user: { exec: signIn(tenantId, login) } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  });
}

function signIn(tenantId: string, login: KubeLogin): Record<string, unknown> {
  return {
    apiVersion: "client.authentication.k8s.io/v1beta1",
    command: "kubelogin",
    args: ["get-token", "--login", login, "--server-id", aksServerId, "--tenant-id", tenantId],
    installHint: "Install kubelogin: https://azure.github.io/kubelogin/install.html",
    interactiveMode: "Never",
    provideClusterInfo: false,
  };
}
