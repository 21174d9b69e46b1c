import { knativeImages } from "../../program/versions";
import type { KubeObject } from "./kubeApi";

/** A pod that a controller would make from an object. */
export interface PodOf {
  /** Kind of the object, and which of its templates. */
  source: string;
  pod: KubeObject;
}

type Template = { metadata?: Record<string, any>; spec: Record<string, any> };

/** What controllers put beside the containers of an object, as far as admission looks at it. */
const hardened = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  runAsNonRoot: true,
};
const restrictedContainer = {
  ...hardened,
  readOnlyRootFilesystem: true,
  seccompProfile: { type: "RuntimeDefault" },
};

/**
 * Every pod that the objects lead to, made as their controllers make it, one for each template.
 * What only a controller knows (claims of StatefulSets, projected tokens) becomes an emptyDir: no
 * volume is ever mounted here.
 */
export function podsOf(objects: KubeObject[]): PodOf[] {
  const ofKind = (kind: string) => objects.filter((object) => object.kind === kind);
  const flavors = ofKind("ResourceFlavor");
  const runtimes = ofKind("ClusterServingRuntime");
  return objects.flatMap((object) =>
    Object.entries(templatesOf(object, flavors, runtimes)).map(([name, template]) => ({
      source: name ? `${object.kind} ${name}` : object.kind,
      pod: podFrom(object, name, template),
    })),
  );
}

function templatesOf(
  object: KubeObject,
  flavors: KubeObject[],
  runtimes: KubeObject[],
): Record<string, Template> {
  const { kind, spec } = object;
  switch (kind) {
    case "Deployment":
    case "DaemonSet":
    case "Job":
      return { "": spec.template };
    case "StatefulSet":
      return { "": claimsAsEmptyDirs(spec.template, spec.volumeClaimTemplates ?? []) };
    case "CronJob":
      return { "": spec.jobTemplate.spec.template };
    case "RayJob": {
      const queued = (template: Template) => admitted(template, flavors);
      return {
        ...(spec.submitterPodTemplate && { submitter: queued(spec.submitterPodTemplate) }),
        ...rayTemplates(spec.rayClusterSpec, queued),
      };
    }
    case "RayCluster":
      return rayTemplates(spec, (template) => admitted(template, flavors));
    case "InferenceService":
      return { predictor: withModel(revision(knativeServiceOf(object, runtimes).spec.template)) };
    case "Service":
      return spec.template ? { revision: revision(spec.template) } : {};
    case "Cluster":
      return { instance: databaseInstance(object) };
    default:
      return {};
  }
}

function rayTemplates(
  cluster: any,
  queued: (template: Template) => Template,
): Record<string, Template> {
  const workers = cluster.workerGroupSpecs.map((group: any) => [
    `worker ${group.groupName}`,
    queued(group.template),
  ]);
  return { head: queued(cluster.headGroupSpec.template), ...Object.fromEntries(workers) };
}

/**
 * The template as Kueue starts it: with the labels of the flavor that has room as node selector,
 * and tolerations of its taints (https://kueue.sigs.k8s.io/docs/concepts/resource_flavor). Pods
 * that ask for GPUs get the flavor of GPU nodes, the others that of CPU nodes.
 */
function admitted(template: Template, flavors: KubeObject[]): Template {
  const asksForGpu = JSON.stringify(template.spec.containers).includes("nvidia.com/gpu");
  const pool = asksForGpu ? "gpu" : "cpu";
  const flavor = flavors.find(({ metadata }) => metadata.name!.endsWith(`-${pool}`));
  if (!flavor) {
    return template;
  }
  const { nodeLabels, nodeTaints = [], tolerations = [] } = flavor.spec;
  return {
    ...template,
    spec: {
      ...template.spec,
      nodeSelector: { ...template.spec.nodeSelector, ...nodeLabels },
      tolerations: [
        ...(template.spec.tolerations ?? []),
        ...tolerations,
        ...nodeTaints.map((taint: object) => ({ operator: "Equal", ...taint })),
      ],
    },
  };
}

function claimsAsEmptyDirs(template: Template, claims: KubeObject[]): Template {
  const volumes = claims.map(({ metadata }) => ({ name: metadata.name, emptyDir: {} }));
  return {
    ...template,
    spec: { ...template.spec, volumes: [...(template.spec.volumes ?? []), ...volumes] },
  };
}

/**
 * The Knative Service that KServe makes of an InferenceService: the runtime's container under the
 * service's settings (kserve v0.20.0, pkg/controller/v1beta1/inferenceservice/reconcilers/knative).
 */
export function knativeServiceOf(service: KubeObject, runtimes: KubeObject[]): KubeObject {
  const { name, namespace } = service.metadata;
  const { predictor } = service.spec;
  const { model } = predictor;
  const runtime = runtimes.find((candidate) => candidate.metadata.name === model.runtime);
  if (!runtime) {
    throw new Error(`${name}: no ClusterServingRuntime ${model.runtime}`);
  }
  const [server] = runtime.spec.containers;
  const passedOn = ["nodeSelector", "tolerations", "affinity", "securityContext"] as const;
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: { name: `${name}-predictor`, namespace, labels: service.metadata.labels },
    spec: {
      template: {
        metadata: {
          labels: predictor.labels,
          annotations: {
            ...predictor.annotations,
            "autoscaling.knative.dev/min-scale": String(predictor.minReplicas),
            "autoscaling.knative.dev/max-scale": String(predictor.maxReplicas),
          },
        },
        spec: {
          ...Object.fromEntries(passedOn.map((field) => [field, predictor[field]])),
          containerConcurrency: predictor.containerConcurrency,
          timeoutSeconds: predictor.timeout,
          serviceAccountName: predictor.serviceAccountName,
          automountServiceAccountToken: predictor.automountServiceAccountToken,
          containers: [
            {
              ...server,
              resources: model.resources ?? server.resources,
              securityContext: model.securityContext ?? server.securityContext,
            },
          ],
          volumes: runtime.spec.volumes ?? [],
        },
      },
    },
  };
}

/**
 * A revision's pod: with the queue-proxy (knative/serving,
 * pkg/reconciler/revision/resources/queue.go), and without what is Knative's own.
 */
function revision({ metadata, spec }: Template): Template {
  const podSpec = { ...spec, containerConcurrency: undefined, timeoutSeconds: undefined };
  const queueProxy = {
    name: "queue-proxy",
    image: knativeImages["queue-proxy"],
    resources: { requests: { cpu: "25m", memory: "128Mi" }, limits: { memory: "256Mi" } },
    securityContext: restrictedContainer,
  };
  return { metadata, spec: { ...podSpec, containers: [...spec.containers, queueProxy] } };
}

/**
 * A model's pod as KServe's webhook leaves it: with the storage initializer, under the security
 * context of KServe's chart, and the logger, which copies the model server's (kserve v0.20.0,
 * pkg/webhook/admission/pod/agent_injector.go).
 */
function withModel({ metadata, spec }: Template): Template {
  const resources = {
    requests: { cpu: "100m", memory: "100Mi" },
    limits: { cpu: "1", memory: "1Gi" },
  };
  const storageInitializer = {
    name: "storage-initializer",
    image: "kserve/storage-initializer:v0.20.0",
    resources,
    securityContext: { ...hardened, privileged: false },
  };
  const agent = {
    name: "agent",
    image: "kserve/agent:v0.20.0",
    resources,
    securityContext: spec.containers[0].securityContext,
  };
  return {
    metadata,
    spec: {
      ...spec,
      initContainers: [storageInitializer],
      containers: [...spec.containers, agent],
    },
  };
}

/**
 * A PostgreSQL instance as CloudNativePG makes it (cloudnative-pg v1.30, pkg/specs/pods.go): its
 * own security context, the cluster's placement and resources.
 */
function databaseInstance({ spec }: KubeObject): Template {
  const { nodeSelector, tolerations } = spec.affinity ?? {};
  return {
    spec: {
      nodeSelector,
      tolerations,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 26,
        runAsGroup: 26,
        fsGroup: 26,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "postgres",
          image: spec.imageName,
          resources: spec.resources,
          securityContext: restrictedContainer,
        },
      ],
    },
  };
}

function podFrom(owner: KubeObject, name: string, template: Template): KubeObject {
  const { serviceAccountName } = template.spec;
  const { containers, initContainers, volumes, ...rest } = template.spec;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${owner.metadata.name}-${name.replaceAll(/\W+/g, "-")}`.slice(0, 50) + "-",
      namespace: owner.metadata.namespace,
      // Without its labels: the DaemonSet's controller would adopt the pod, and end it as one too
      // many.
      annotations: template.metadata?.annotations,
    },
    spec: {
      ...rest,
      ...(serviceAccountName && { serviceAccountName }),
      containers,
      ...(initContainers && { initContainers }),
      ...(volumes && { volumes: volumes.map(mountable) }),
    },
  };
}

/** A claim that nobody binds here would keep the pod from being scheduled. */
const mountable = (volume: Record<string, any>) =>
  volume.persistentVolumeClaim ? { name: volume.name, emptyDir: {} } : volume;
