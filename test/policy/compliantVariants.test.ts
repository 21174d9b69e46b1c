import { ingestPath } from "@mlplatform/contracts/ingestAddress";
import assert from "node:assert/strict";
import type { ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { policies } from "../../policy/pack";
import { analyze, analyzeStack, type Subject, unknown } from "./analyze";
import { compliant, compliantStack } from "./compliant";
import { change, without } from "./mutations";
import { drop, head, sidecar, variable, worker } from "./rayPods";

type Base = keyof typeof compliant;
type Change = (props: any, subject: Subject) => void;

const pod = (props: any) => props.spec.template.spec;

/** Other ways to do right: no policy may say a word. */
const variants: [title: string, base: Base, change: Change][] = [
  ["a pool under another name", "pool", (_, subject) => (subject.name = "team-a100")],
  [
    "a pool with another GPU taint",
    "pool",
    (p) => (p.nodeTaints = ["workload=training:PreferNoSchedule", "sku=gpu:NoExecute"]),
  ],
  [
    "a CPU pool without taints",
    "pool",
    (p) => Object.assign(p, { vmSize: "Standard_D8s_v5", nodeTaints: [] }),
  ],
  [
    "a system pool that keeps nodes",
    "pool",
    (p) => Object.assign(p, { mode: "System", minCount: 3 }),
  ],
  [
    "a tainted spot pool",
    "pool",
    (p) =>
      Object.assign(p, {
        vmSize: "Standard_D8s_v5",
        scaleSetPriority: "Spot",
        nodeTaints: ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"],
      }),
  ],
  [
    "a cluster with node auto-provisioning and no user pool",
    "cluster",
    (p) => (p.nodeProvisioningProfile = { mode: "Auto" }),
  ],
  [
    "a private cluster without ranges",
    "cluster",
    (p) => (p.apiServerAccessProfile = { enablePrivateCluster: true }),
  ],
  [
    "a cluster with several ranges, one of them a single address",
    "cluster",
    (p) => (p.apiServerAccessProfile.authorizedIPRanges = ["198.51.100.0/24", "203.0.113.7/32"]),
  ],
  [
    "a storage account without any network",
    "account",
    (p) => {
      delete p.networkRuleSet;
      p.publicNetworkAccess = "Disabled";
    },
  ],
  ["more tags than asked for", "account", (p) => (p.tags.team = "a")],
  ["a registry that says nothing of an admin user", "registry", (p) => delete p.adminUserEnabled],
  [
    "a deployment of several containers, each with its own seccomp profile",
    "deployment",
    (p) => {
      const [container] = pod(p).containers;
      container.securityContext.seccompProfile = { type: "Localhost", localhostProfile: "a.json" };
      pod(p).containers.push({ ...structuredClone(container), name: "proxy" });
      delete pod(p).securityContext.seccompProfile;
    },
  ],
  [
    "non-root by the container instead of the pod",
    "deployment",
    (p) => {
      pod(p).containers[0].securityContext.runAsNonRoot = true;
      delete pod(p).securityContext.runAsNonRoot;
    },
  ],
  [
    "a web server on a low port",
    "deployment",
    (p) => (pod(p).containers[0].securityContext.capabilities.add = ["NET_BIND_SERVICE"]),
  ],
  [
    "an image by digest at a registry with a port",
    "deployment",
    (p) => (pod(p).containers[0].image = `registry.example:5000/a/b@sha256:${"0a".repeat(32)}`),
  ],
  [
    "an image by tag and digest",
    "deployment",
    (p) => (pod(p).containers[0].image = `server:latest@sha256:${"0a".repeat(32)}`),
  ],
  [
    "an image by date",
    "deployment",
    (p) => (pod(p).containers[0].image = "minio:RELEASE.2025-09-07T16-13-09Z"),
  ],
  ["an image by commit", "deployment", (p) => (pod(p).containers[0].image = "server:main-3f2c1ab")],
  [
    "a Knative revision with a GPU, which Knative takes away",
    "deployment",
    (p) => {
      p.metadata.ownerReferences = [{ kind: "Revision", name: "churn-00001" }];
      pod(p).containers[0].resources = { limits: { "nvidia.com/gpu": "1" } };
    },
  ],
  [
    "a GPU in a deployment that is parked",
    "deployment",
    (p) => {
      p.spec.replicas = 0;
      pod(p).containers[0].resources = { limits: { "nvidia.com/gpu": "1" } };
    },
  ],
  [
    "a StatefulSet without volumes, unprotected",
    "statefulSet",
    (p, subject) => {
      delete p.spec.volumeClaimTemplates;
      subject.protect = false;
    },
  ],
  [
    "a RayJob with a GPU in its workers",
    "rayJob",
    (p) => (worker(p).spec.containers[0].resources.limits["nvidia.com/gpu"] = "1"),
  ],
  [
    "a RayJob with a second worker group under another name",
    "rayJob",
    (p) => {
      const groups = p.spec.rayClusterSpec.workerGroupSpecs;
      groups.push({ ...structuredClone(groups[0]), groupName: "gpu" });
    },
  ],
  [
    "a RayJob whose workers say nothing of their minimum",
    "rayJob",
    (p) => delete p.spec.rayClusterSpec.workerGroupSpecs[0].minReplicas,
  ],
  [
    "a RayJob with further sidecars before and after the offloader",
    "rayJob",
    (p) => {
      const other = { ...structuredClone(sidecar(p)), name: "metrics", volumeMounts: [], env: [] };
      delete other.restartPolicy;
      head(p).spec.initContainers = [other, sidecar(p), { ...structuredClone(other), name: "b" }];
      head(p).spec.containers.push({ ...structuredClone(other), name: "c" });
    },
  ],
  [
    "an offloader that signs in by workload identity",
    "rayJob",
    (p) => {
      drop(sidecar(p), "AWS_ACCESS_KEY_ID");
      drop(sidecar(p), "AWS_SECRET_ACCESS_KEY");
    },
  ],
  [
    "an offloader with a smaller buffer",
    "rayJob",
    (p) => variable(sidecar(p), "MLP_LOG_MIB", { value: "512" }),
  ],
  ["a longer grace period", "rayJob", (p) => (head(p).spec.terminationGracePeriodSeconds = 600)],
  ["a priority of the team's own", "rayJob", (p) => (worker(p).spec.priorityClassName = "nightly")],
  ["a RayJob that asks over HTTP", "rayJob", (p) => (p.spec.submissionMode = "HTTPMode")],
  ["a RayJob without a word on its way", "rayJob", (p) => delete p.spec.submissionMode],
  ["a RayJob of a week", "rayJob", (p) => (p.spec.activeDeadlineSeconds = 604_800)],
  [
    "a head's Service as it is by default",
    "rayJob",
    (p) =>
      Object.assign(p.spec.rayClusterSpec.headGroupSpec, {
        serviceType: "ClusterIP",
        enableIngress: false,
      }),
  ],
  ["a RayJob whose cluster goes at once", "rayJob", (p) => (p.spec.ttlSecondsAfterFinished = 0)],
  [
    "an InferenceService with a transformer from zero",
    "inferenceService",
    (p) => (p.spec.transformer = { minReplicas: 0 }),
  ],
  [
    "an InferenceService without a word on its mode",
    "inferenceService",
    (p) => delete p.metadata.annotations["serving.kserve.io/deploymentMode"],
  ],
  [
    "a logger that lists more, and posts to the short name of the service",
    "inferenceService",
    (p) => {
      p.spec.predictor.logger.metadataAnnotations.push("team.example/owner");
      p.spec.predictor.logger.url = `http://inference-table.observability.svc:80${ingestPath("k", "a")}`;
    },
  ],
  [
    "a digest with its algorithm",
    "inferenceService",
    (p) => (p.metadata.annotations["mlplatform.dev/dataset-digest"] = `sha256:${"0a".repeat(32)}`),
  ],
  ["a namespace with more labels", "namespace", (p) => (p.metadata.labels.team = "a")],
  [
    "a privileged namespace",
    "namespace",
    (p) => (p.metadata.labels["pod-security.kubernetes.io/enforce"] = "privileged"),
  ],
  [
    "Loki on Azure Blob",
    "loki",
    (p) => {
      p.values.loki.storage.type = "azure";
      p.values.loki.schemaConfig.configs[0].object_store = "azure";
    },
  ],
  ["a chart that is not Loki", "loki", (p) => Object.assign(p, { chart: "alloy", values: {} })],
  ["a client id, which is no credential", "secret", (p) => (p.secretName = "AZURE_CLIENT_ID")],
  ["a token of a service that is no cloud", "secret", (p) => (p.secretName = "CODECOV_TOKEN")],
];

/** Values that only an update knows: undecided, never wrong. */
const unknowns: [title: string, base: Base, change: Change][] = [
  ["an unknown minimum", "pool", (p) => (p.minCount = unknown)],
  ["an unknown image", "deployment", (p) => (pod(p).containers[0].image = unknown)],
  [
    "an unknown annotation",
    "inferenceService",
    (p) => (p.metadata.annotations["mlplatform.dev/run-id"] = unknown),
  ],
  ["an unknown logger", "inferenceService", (p) => (p.spec.predictor.logger.url = unknown)],
  [
    "an unknown variable of the offloader",
    "rayJob",
    (p) => variable(sidecar(p), "MLP_LAKE_BUCKET", { value: unknown }),
  ],
  [
    "an unknown range after known ones",
    "cluster",
    (p) => p.apiServerAccessProfile.authorizedIPRanges.push(unknown),
  ],
];

const stacks: [title: string, change: (stack: Subject[]) => Subject[]][] = [
  [
    "a stack without a cluster and its settings",
    (stack) => ["core-cluster", "core-audit-logs", "core-budget"].reduce(without, stack),
  ],
  ["a stack without Ray and its lake", (stack) => ["ray", "lake"].reduce(without, stack)],
  [
    "an audit log to a storage account, by group",
    (stack) =>
      change(stack, "core-audit-logs", (props) => {
        delete props.workspaceId;
        props.storageAccountId = unknown;
        props.logs = [{ categoryGroup: "audit", enabled: true }];
      }),
  ],
  [
    "a second, silent notification",
    (stack) =>
      change(stack, "core-budget", (props) => (props.notifications.spent100 = { enabled: false })),
  ],
  [
    "an open namespace of a store that is thrown away",
    (stack) =>
      ["lake-namespace", "store"].reduce(
        (changed, name) => change(changed, name, (_, subject) => (subject.protect = false)),
        stack,
      ),
  ],
];

describe("policy: compliant variants", () => {
  const violations = async (subject: Subject) => {
    const found: string[] = [];
    const undecided: string[] = [];
    for (const policy of policies) {
      if ("validateStack" in policy) {
        continue;
      }
      const analysis = await analyze(policy as ResourceValidationPolicy, subject);
      found.push(...analysis.violations);
      undecided.push(...analysis.undecided);
    }
    return { found, undecided: undecided.length };
  };
  const changed = (base: Base, apply: Change) => {
    const subject = compliant[base]();
    apply(subject.props, subject);
    return subject;
  };

  for (const [title, base, apply] of variants) {
    it(`accepts ${title}`, async () => {
      assert.deepEqual(await violations(changed(base, apply)), { found: [], undecided: 0 });
    });
  }

  for (const [title, base, apply] of unknowns) {
    it(`leaves ${title} undecided`, async () => {
      const { found, undecided } = await violations(changed(base, apply));
      assert.deepEqual(found, []);
      assert.ok(undecided >= 1);
    });
  }

  for (const [title, apply] of stacks) {
    it(`accepts ${title}`, async () => {
      const found: string[] = [];
      for (const policy of policies) {
        if (!("validateStack" in policy)) {
          continue;
        }
        const stack = apply(compliantStack());
        found.push(...(await analyzeStack(policy as StackValidationPolicy, stack)).violations);
      }
      assert.deepEqual(found, []);
    });
  }

  it("are at least 25", () => {
    assert.ok(variants.length + unknowns.length + stacks.length >= 25);
  });
});
