import assert from "node:assert/strict";
import { networkFlows } from "../../../components/mlProject/network";

const platform = {
  lake: { namespace: "data-lake", podPort: 9000 },
  tracking: { namespace: "mlflow", podPort: 5000 },
  inferenceTable: { namespace: "observability", podPort: 8080 },
};

/** An edge as one line: policy, direction, peer, ports. */
function edges(flows: Record<string, any>): string[] {
  const peer = ({ namespaceSelector, podSelector, ipBlock }: any) => {
    const namespace = namespaceSelector?.matchLabels["kubernetes.io/metadata.name"];
    const pods = podSelector?.matchLabels
      ? Object.keys(podSelector.matchLabels)[0]
      : podSelector?.matchExpressions[0].key;
    return [namespace, pods, ipBlock?.cidr].filter(Boolean).join("/");
  };
  return Object.entries(flows).flatMap(([name, { ingress = [], egress = [] }]) =>
    [
      ...ingress.map((rule: any) => ["from", rule.from, rule.ports]),
      ...egress.map((rule: any) => ["to", rule.to, rule.ports]),
    ].map(([direction, peers, ports]) =>
      [
        name,
        direction,
        peers.map(peer).join("+"),
        ports?.map((p: any) => p.port).join(",") ?? "*",
      ].join(" "),
    ),
  );
}

describe("network flows of a project", () => {
  it("are exactly these edges, and nothing else", () => {
    assert.deepEqual(edges(networkFlows(platform, false)), [
      "dns to kube-system/k8s-app 53,53",
      "ray from ray.io/is-ray-node *",
      "ray from batch.kubernetes.io/job-name+kuberay-system 8265",
      "ray from observability 8080,44217,44227,9464",
      "ray to ray.io/is-ray-node *",
      "ray to data-lake 9000",
      "ray to mlflow 5000",
      "jobs to ray.io/is-ray-node 8265",
      "jobs to mlflow 5000",
      "models from istio-system/istio+knative-serving 8012,8013,8112",
      "models from knative-serving 9090",
      "models from observability 9091,9088,8080",
      "models to data-lake 9000",
      "models to observability 8080",
    ]);
  });

  it("refuse everything in both directions that no edge names", () => {
    assert.deepEqual(networkFlows(platform, false)["default-deny"], {
      podSelector: {},
      policyTypes: ["Ingress", "Egress"],
    });
  });

  it(
    "open public HTTPS only by choice, and then neither private networks nor the metadata " +
      "service",
    () => {
      assert.equal(networkFlows(platform, false)["public-https"], undefined);
      const open: any = networkFlows(platform, true)["public-https"];
      assert.deepEqual(open.egress[0].to[0].ipBlock.except, [
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
      ]);
      assert.deepEqual(open.egress[0].ports, [{ protocol: "TCP", port: 443 }]);
    },
  );
});
