/** Which connections a project's pods may make and take: data, without Outputs of its own. */
import { offloaderSidecar } from "@mlplatform/contracts/offloaderSidecar";
import { gatewayPods } from "@mlplatform/contracts/platformLabels";
import { platformNamespaces } from "@mlplatform/contracts/platformNames";
import { podPorts } from "@mlplatform/contracts/podPorts";
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { type NetworkPort, podsIn, tcpPorts } from "../kubernetes/networkPolicy";

type Policy = k8s.types.input.networking.v1.NetworkPolicySpec;

/** Pods that answer, as the traffic of other pods meets them. */
export interface PodEndpoint {
  namespace: pulumi.Input<string>;
  podPort: pulumi.Input<number>;
}

/** Where the services of the platform are. Connections are such endpoints. */
export interface PlatformEndpoints {
  lake: PodEndpoint;
  tracking: PodEndpoint;
  inferenceTable: PodEndpoint;
}

// Ports are those of the pods, not of the Services: policies are applied after translation.
const dashboard = tcpPorts(podPorts.rayDashboard);
const rayMetrics = tcpPorts(podPorts.rayMetrics, 44217, 44227, offloaderSidecar.port);
// Knative's queue-proxy: HTTP/1, HTTP/2, TLS, and its two metrics ports.
const modelRequests = tcpPorts(8012, 8013, 8112);
const autoscalerMetrics = tcpPorts(9090);
const modelMetrics = tcpPorts(9091, 9088, podPorts.modelServer);

const rayNodes = { matchLabels: { "ray.io/is-ray-node": "yes" } };
const jobs = {
  matchExpressions: [{ key: "batch.kubernetes.io/job-name", operator: "Exists" }],
};
const models = {
  matchExpressions: [{ key: "serving.kserve.io/inferenceservice", operator: "Exists" }],
};

/**
 * Specs of a project's NetworkPolicies by name. Everything that is not listed is refused, in both
 * directions.
 *
 * @param platform where the platform's services are
 * @param isHttpsOpen true: pods may also reach public addresses on port 443
 */
export function networkFlows(
  platform: PlatformEndpoints,
  isHttpsOpen: boolean,
): Record<string, Policy> {
  const lake = reach(platform.lake);
  const tracking = reach(platform.tracking);
  const inferenceTable = reach(platform.inferenceTable);
  const metrics = (ports: NetworkPort[]) => ({
    from: [podsIn(platformNamespaces.observability)],
    ports,
  });

  const flows: Record<string, Policy> = {
    "default-deny": { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    dns: {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [
        {
          to: [
            {
              ...podsIn("kube-system"),
              podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
            },
          ],
          ports: [{ protocol: "UDP", port: 53 }, ...tcpPorts(53)],
        },
      ],
    },
    ray: {
      podSelector: rayNodes,
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        { from: [{ podSelector: rayNodes }] },
        { from: [{ podSelector: jobs }, podsIn(platformNamespaces.kuberay)], ports: dashboard },
        metrics(rayMetrics),
      ],
      egress: [{ to: [{ podSelector: rayNodes }] }, lake, tracking],
    },
    jobs: {
      podSelector: jobs,
      policyTypes: ["Egress"],
      egress: [{ to: [{ podSelector: rayNodes }], ports: dashboard }, tracking],
    },
    models: {
      podSelector: models,
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        {
          from: [
            { ...podsIn(platformNamespaces.istio), podSelector: { matchLabels: gatewayPods } },
            podsIn(platformNamespaces.knativeServing),
          ],
          ports: modelRequests,
        },
        { from: [podsIn(platformNamespaces.knativeServing)], ports: autoscalerMetrics },
        metrics(modelMetrics),
      ],
      egress: [lake, inferenceTable],
    },
  };
  if (isHttpsOpen) {
    flows["public-https"] = {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [
        {
          // Private networks, and the link-local address of the cloud's metadata service, stay
          // shut.
          to: [
            {
              ipBlock: {
                cidr: "0.0.0.0/0",
                except: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"],
              },
            },
          ],
          ports: tcpPorts(443),
        },
      ],
    };
  }
  return flows;
}

function reach({ namespace, podPort }: PodEndpoint) {
  return { to: [podsIn(namespace)], ports: tcpPorts(podPort) };
}
