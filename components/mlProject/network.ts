/** Which connections a project's pods may make and take: data, without Outputs of its own. */
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

type Policy = k8s.types.input.networking.v1.NetworkPolicySpec;
type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;
type Port = k8s.types.input.networking.v1.NetworkPolicyPort;

/** Where the services of the platform are, as the pods' traffic meets them. */
export interface PlatformEndpoints {
  lakeNamespace: pulumi.Input<string>;
  lakePort: pulumi.Input<number>;
  trackingNamespace: pulumi.Input<string>;
  trackingPort: pulumi.Input<number>;
  inferenceTableNamespace: pulumi.Input<string>;
}

/** Ports are those of the pods, not of the Services: policies are applied after translation. */
export const inferenceTablePodPort = 8080;
const dashboard = tcp(8265);
const rayMetrics = [tcp(8080), tcp(44217), tcp(44227), tcp(9464)];
// Knative's queue-proxy: HTTP/1, HTTP/2, TLS, and its two metrics ports; 8080 is the model
// server's.
const modelRequests = [tcp(8012), tcp(8013), tcp(8112)];
const autoscalerMetrics = tcp(9090);
const modelMetrics = [tcp(9091), tcp(9088), tcp(8080)];

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
  const lake = { to: [namespace(platform.lakeNamespace)], ports: [tcp(platform.lakePort)] };
  const tracking = {
    to: [namespace(platform.trackingNamespace)],
    ports: [tcp(platform.trackingPort)],
  };
  const inferenceTable = {
    to: [namespace(platform.inferenceTableNamespace)],
    ports: [tcp(inferenceTablePodPort)],
  };
  const metrics = (ports: Port[]) => ({ from: [namespace("observability")], ports });

  const flows: Record<string, Policy> = {
    "default-deny": { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    dns: {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [
        {
          to: [
            {
              ...namespace("kube-system"),
              podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
            },
          ],
          ports: [{ protocol: "UDP", port: 53 }, tcp(53)],
        },
      ],
    },
    ray: {
      podSelector: rayNodes,
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        { from: [{ podSelector: rayNodes }] },
        { from: [{ podSelector: jobs }, namespace("kuberay-system")], ports: [dashboard] },
        metrics(rayMetrics),
      ],
      egress: [{ to: [{ podSelector: rayNodes }] }, lake, tracking],
    },
    jobs: {
      podSelector: jobs,
      policyTypes: ["Egress"],
      egress: [{ to: [{ podSelector: rayNodes }], ports: [dashboard] }, tracking],
    },
    models: {
      podSelector: models,
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        { from: [namespace("istio-system"), namespace("knative-serving")], ports: modelRequests },
        { from: [namespace("knative-serving")], ports: [autoscalerMetrics] },
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
          ports: [tcp(443)],
        },
      ],
    };
  }
  return flows;
}

function namespace(name: pulumi.Input<string>): Peer {
  return { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } };
}

function tcp(port: pulumi.Input<number>): Port {
  return { protocol: "TCP", port };
}
