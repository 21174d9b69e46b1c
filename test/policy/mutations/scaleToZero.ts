import { mutate, type Mutation } from "../mutations";

/** What the policies of this area refuse. */
export const scaleToZeroMutations: Mutation[] = [
  ...mutate("mlplatform-aks-require-user-pools-from-zero", "pool", [
    [
      "a node while idle",
      (p) => {
        p.minCount = 1;
      },
      'Node pool "core-gpu" keeps 1 nodes while idle: set minCount to 0.',
    ],
    [
      "no minimum",
      (p) => {
        delete p.minCount;
      },
      'Node pool "core-gpu" keeps an unset number of nodes while idle: set minCount to 0.',
    ],
    [
      "no autoscaler",
      (p) => {
        p.enableAutoScaling = false;
      },
      'Node pool "core-gpu" has no autoscaler: set enableAutoScaling to true and minCount to 0.',
    ],
  ]),
  ...mutate("mlplatform-aks-require-user-pools-from-zero", "cluster", [
    [
      "a user pool inside that keeps nodes",
      (p) => {
        p.agentPoolProfiles.push({ name: "work", enableAutoScaling: true, minCount: 2 });
      },
      'Node pool "work" keeps 2 nodes while idle: set minCount to 0.',
    ],
  ]),
  ...mutate("mlplatform-aks-require-pool-taints", "pool", [
    [
      "a GPU pool without taints",
      (p) => {
        p.nodeTaints = [];
      },
      'Node pool "core-gpu" has GPU nodes and the taints []: add one with the effect ' +
        "NoSchedule to nodeTaints.",
    ],
    [
      "a GPU pool with a taint that only asks",
      (p) => {
        p.nodeTaints = ["sku=gpu:PreferNoSchedule"];
      },
      'Node pool "core-gpu" has GPU nodes and the taints ["sku=gpu:PreferNoSchedule"]: add ' +
        "one with the effect NoSchedule to nodeTaints.",
    ],
    [
      "a spot pool without taints",
      (p) => {
        p.vmSize = "Standard_D8s_v5";
        p.scaleSetPriority = "Spot";
        delete p.nodeTaints;
      },
      'Node pool "core-gpu" has spot nodes and the taints []: add one with the effect ' +
        "NoSchedule to nodeTaints.",
    ],
  ]),
  ...mutate("mlplatform-serving-require-scale-to-zero", "inferenceService", [
    [
      "no minReplicas",
      (p) => {
        delete p.spec.predictor.minReplicas;
      },
      'InferenceService "churn", spec.predictor: minReplicas is unset (KServe takes 1 where ' +
        "it is unset): set it to 0.",
    ],
    [
      "one replica while idle",
      (p) => {
        p.spec.predictor.minReplicas = 1;
      },
      'InferenceService "churn", spec.predictor: minReplicas is 1 (KServe takes 1 where it ' +
        "is unset): set it to 0.",
    ],
    [
      "a transformer that stays",
      (p) => {
        p.spec.transformer = { minReplicas: 2 };
      },
      'InferenceService "churn", spec.transformer: minReplicas is 2 (KServe takes 1 where it ' +
        "is unset): set it to 0.",
    ],
    [
      "a mode without Knative",
      (p) => {
        p.metadata.annotations["serving.kserve.io/deploymentMode"] = "Standard";
      },
      'InferenceService "churn": annotation serving.kserve.io/deploymentMode is "Standard", ' +
        "a mode that never scales to zero: remove it or set it to Knative.",
    ],
    [
      "a floor by annotation",
      (p) => {
        p.metadata.annotations["autoscaling.knative.dev/min-scale"] = "1";
      },
      'InferenceService "churn", metadata.annotations: annotation ' +
        'autoscaling.knative.dev/min-scale is "1": remove ' +
        'it or set it to "0".',
    ],
  ]),
  ...mutate("mlplatform-serving-require-scale-to-zero", "knativeService", [
    [
      "a floor by annotation",
      (p) => {
        p.spec.template.metadata.annotations["autoscaling.knative.dev/min-scale"] = "3";
      },
      'Service "web", spec.template.metadata.annotations: annotation ' +
        'autoscaling.knative.dev/min-scale is "3": remove it or set ' +
        'it to "0".',
    ],
  ]),
  ...mutate("mlplatform-serving-require-scale-to-zero", "knativeServing", [
    [
      "scale to zero off",
      (p) => {
        p.spec.config.autoscaler["enable-scale-to-zero"] = "false";
      },
      'KnativeServing "serving": spec.config.autoscaler.enable-scale-to-zero is "false": set ' +
        'it to "true".',
    ],
    [
      "a floor for all services",
      (p) => {
        p.spec.config.autoscaler["min-scale"] = "1";
      },
      'KnativeServing "serving": spec.config.autoscaler.min-scale is "1": remove it or set ' +
        'it to "0".',
    ],
  ]),
  ...mutate("mlplatform-ray-require-ephemeral-clusters", "rayJob", [
    [
      "no bound of its time",
      (p) => {
        delete p.spec.activeDeadlineSeconds;
      },
      'RayJob "train": spec.activeDeadlineSeconds is unset: set it to at most 604800.',
    ],
    [
      "a deadline in a year",
      (p) => {
        p.spec.activeDeadlineSeconds = 31_536_000;
      },
      'RayJob "train": spec.activeDeadlineSeconds is 31536000: set it to at most 604800.',
    ],
    [
      "a cluster that waits for a person",
      (p) => {
        p.spec.submissionMode = "InteractiveMode";
      },
      'RayJob "train": spec.submissionMode is "InteractiveMode": set it to one of K8sJobMode, ' +
        "HTTPMode, SidecarMode.",
    ],
    [
      "workers that stay",
      (p) => {
        const policy = "DeleteNone";
        p.spec.deletionStrategy = { onSuccess: { policy }, onFailure: { policy } };
      },
      'RayJob "train": spec.deletionStrategy {"onFailure":{"policy":"DeleteNone"},"onSuccess":' +
        '{"policy":"DeleteNone"}} can keep pods: remove it; shutdownAfterJobFinishes takes all ' +
        "of it away.",
    ],
    [
      "a head with somebody else's address",
      (p) => {
        p.spec.rayClusterSpec.headGroupSpec.headService = {
          spec: { externalIPs: ["203.0.113.7"] },
        };
      },
      'RayJob "train": spec.rayClusterSpec.headGroupSpec.headService is ' +
        '{"spec":{"externalIPs":["203.0.113.7"]}}: remove it.',
    ],
    [
      "a head behind a load balancer",
      (p) => {
        p.spec.rayClusterSpec.headGroupSpec.serviceType = "LoadBalancer";
      },
      'RayJob "train": spec.rayClusterSpec.headGroupSpec.serviceType is "LoadBalancer": remove ' +
        "it or set it to ClusterIP.",
    ],
    [
      "a head with an Ingress",
      (p) => {
        p.spec.rayClusterSpec.headGroupSpec.enableIngress = true;
      },
      'RayJob "train": spec.rayClusterSpec.headGroupSpec.enableIngress is true: remove it; ' +
        "`kubectl port-forward` shows the dashboard.",
    ],
    [
      "a cluster that stays",
      (p) => {
        p.spec.shutdownAfterJobFinishes = false;
      },
      'RayJob "train": spec.shutdownAfterJobFinishes is false: set it to true.',
    ],
    [
      "no word on the cluster's end",
      (p) => {
        delete p.spec.shutdownAfterJobFinishes;
      },
      'RayJob "train": spec.shutdownAfterJobFinishes is unset: set it to true.',
    ],
    [
      "no TTL",
      (p) => {
        delete p.spec.ttlSecondsAfterFinished;
      },
      'RayJob "train": spec.ttlSecondsAfterFinished is unset: set it to at most 3600.',
    ],
    [
      "a day of TTL",
      (p) => {
        p.spec.ttlSecondsAfterFinished = 86400;
      },
      'RayJob "train": spec.ttlSecondsAfterFinished is 86400: set it to at most 3600.',
    ],
    [
      "workers that wait",
      (p) => {
        p.spec.rayClusterSpec.workerGroupSpecs[0].minReplicas = 2;
      },
      'RayJob "train", spec.rayClusterSpec.workerGroupSpecs[0]: worker group "cpu" has ' +
        "minReplicas 2: set it to 0.",
    ],
    [
      "a cluster of somebody else",
      (p) => {
        p.spec.clusterSelector = { "ray.io/cluster": "shared" };
      },
      'RayJob "train": spec.clusterSelector {"ray.io/cluster":"shared"} names a cluster that ' +
        "stays: remove it and write spec.rayClusterSpec.",
    ],
  ]),
  ...mutate("mlplatform-ray-require-ephemeral-clusters", "rayCluster", [
    [
      "a head behind a node's port",
      (p) => {
        p.spec.headGroupSpec.serviceType = "NodePort";
      },
      'RayCluster "train-x": spec.headGroupSpec.serviceType is "NodePort": remove it or set it ' +
        "to ClusterIP.",
    ],
    [
      "no job",
      (p) => {
        delete p.metadata.ownerReferences;
      },
      'RayCluster "train-x": a cluster without a job runs until somebody deletes it: submit ' +
        "the work as a RayJob.",
    ],
  ]),
  ...mutate("mlplatform-ray-require-ephemeral-clusters", "rayService", [
    [
      "any at all",
      (p) => {
        p.metadata = {};
      },
      'RayService "ray-serve": a RayService never scales to zero: serve the model as an ' +
        "InferenceService.",
    ],
  ]),
  ...mutate("mlplatform-kubernetes-disallow-idle-gpus", "deployment", [
    [
      "a GPU by limit",
      (p) => {
        p.spec.template.spec.containers[0].resources = { limits: { "nvidia.com/gpu": "1" } };
      },
      'Deployment "server", spec.template.spec.containers[0]: container "main" has ' +
        'resources.limits["nvidia.com/gpu"] "1" while idle too: run it as a RayJob, or serve ' +
        "it as an InferenceService with minReplicas 0.",
    ],
    [
      "a GPU by request",
      (p) => {
        p.spec.template.spec.containers[0].resources = { requests: { "nvidia.com/gpu": 2 } };
      },
      'Deployment "server", spec.template.spec.containers[0]: container "main" has ' +
        'resources.requests["nvidia.com/gpu"] 2 while idle too: run it as a RayJob, or serve ' +
        "it as an InferenceService with minReplicas 0.",
    ],
  ]),
  ...mutate("mlplatform-kubernetes-disallow-idle-gpus", "statefulSet", [
    [
      "a GPU in an init container",
      (p) => {
        const { spec } = p.spec.template;
        const resources = { limits: { "nvidia.com/gpu": "1" } };
        spec.initContainers = [{ ...spec.containers[0], name: "warm", resources }];
      },
      'StatefulSet "store", spec.template.spec.initContainers[0]: container "warm" has ' +
        'resources.limits["nvidia.com/gpu"] "1" while idle too: run it as a RayJob, or serve ' +
        "it as an InferenceService with minReplicas 0.",
    ],
  ]),
  ...mutate("mlplatform-kubernetes-disallow-idle-gpus", "cronJob", [
    [
      "a GPU for as long as it likes",
      (p) => {
        const { spec } = p.spec.jobTemplate.spec.template;
        spec.containers[0].resources = { limits: { "nvidia.com/gpu": "1" } };
        spec.containers[0].command = ["sleep", "infinity"];
      },
      'CronJob "keeper", spec.jobTemplate.spec.template.spec.containers[0]: container ' +
        '"main" has resources.limits["nvidia.com/gpu"] "1" while idle too: run it as a RayJob, ' +
        "or serve it as an InferenceService with minReplicas 0.",
    ],
  ]),
];
