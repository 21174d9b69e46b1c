import { platformNamespaces } from "@mlplatform/contracts/platformNames";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { NodePoolKind } from "../connections";
import { createNamespace, PodSecurity } from "../kubernetes/namespace";
import { restrictIngress } from "../kubernetes/networkPolicy";
import { placementOn } from "../kubernetes/placement";
import { restrictedContainer } from "../kubernetes/pod";
import { Priority } from "../kubernetes/priority";
import type { Scope } from "../scope";

/**
 * Runs NVIDIA's device plugin on the GPU pool: without it no node reports `nvidia.com/gpu`, and AKS
 * does not install it (https://learn.microsoft.com/azure/aks/use-nvidia-gpu).
 */
export function createDevicePlugin(
  { name, parent }: Scope,
  image: pulumi.Input<string>,
): k8s.apps.v1.DaemonSet {
  // Privileged: the plugin registers over a socket in a folder of the node, which `baseline`
  // refuses.
  const namespace = createNamespace({
    name: `${name}-gpu-device-plugin`,
    parent,
    namespace: platformNamespaces.gpuDevicePlugin,
    podSecurity: PodSecurity.Privileged,
  }).metadata.name;
  // It speaks to the kubelet over a socket and listens to nobody.
  restrictIngress({ name: `${name}-device-plugin-ingress`, parent, namespace });
  const labels = { "app.kubernetes.io/name": "nvidia-device-plugin" };
  const { nodeSelector, tolerations } = placementOn(NodePoolKind.Gpu);
  return new k8s.apps.v1.DaemonSet(
    `${name}-device-plugin`,
    {
      metadata: { name: "nvidia-device-plugin", namespace, labels },
      spec: {
        selector: { matchLabels: labels },
        updateStrategy: { type: "RollingUpdate" },
        template: {
          metadata: { labels },
          spec: {
            priorityClassName: Priority.Node,
            automountServiceAccountToken: false,
            securityContext: { seccompProfile: { type: "RuntimeDefault" } },
            nodeSelector,
            tolerations,
            containers: [
              {
                name: "nvidia-device-plugin",
                image,
                // A node without a working driver must not restart the plugin for ever.
                env: [{ name: "FAIL_ON_INIT_ERROR", value: "false" }],
                resources: {
                  requests: { cpu: "20m", memory: "64Mi" },
                  limits: { cpu: "100m", memory: "128Mi" },
                },
                securityContext: restrictedContainer,
                volumeMounts: [
                  { name: "device-plugins", mountPath: "/var/lib/kubelet/device-plugins" },
                ],
              },
            ],
            volumes: [
              {
                name: "device-plugins",
                hostPath: { path: "/var/lib/kubelet/device-plugins", type: "Directory" },
              },
            ],
          },
        },
      },
    },
    { parent },
  );
}
