import { podPorts } from "@mlplatform/contracts/podPorts";
import type * as pulumi from "@pulumi/pulumi";
import { restrictedContainer } from "../kubernetes/pod";

/**
 * Spec of the ClusterServingRuntime for MLflow 3 models. `restricted`-safe without help: KServe
 * copies this security context to the sidecar that it injects.
 */
export function modelRuntimeSpec(image: pulumi.Input<string>): Record<string, unknown> {
  return {
    annotations: {
      "prometheus.kserve.io/port": `${podPorts.modelServer}`,
      "prometheus.kserve.io/path": "/metrics",
    },
    supportedModelFormats: [{ name: "mlflow", version: "3", autoSelect: true, priority: 2 }],
    protocolVersions: ["v1", "v2"],
    containers: [
      {
        // KServe finds the model server by this name.
        name: "kserve-container",
        image,
        args: [
          "--model_name={{.Name}}",
          "--model_dir=/mnt/models",
          `--http_port=${podPorts.modelServer}`,
        ],
        ports: [{ containerPort: podPorts.modelServer, protocol: "TCP" }],
        resources: {
          requests: { cpu: "500m", memory: "1Gi" },
          limits: { cpu: "2", memory: "2Gi" },
        },
        securityContext: {
          ...restrictedContainer,
          runAsNonRoot: true,
          seccompProfile: { type: "RuntimeDefault" },
        },
        volumeMounts: [{ name: "scratch", mountPath: "/tmp" }],
      },
    ],
    volumes: [{ name: "scratch", emptyDir: { sizeLimit: "2Gi" } }],
  };
}
