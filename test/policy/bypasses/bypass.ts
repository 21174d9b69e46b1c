import { stringify } from "yaml";
import type { KubeObject } from "../../cluster/kubeApi";
import { compliant } from "../compliant";
import { manifestNamespace, manifestOf } from "../manifestOf";

/** A way past the policies that somebody may try. */
export interface Bypass {
  /** What it would be got past. */
  area: string;
  title: string;
  /** What the API server gets; undefined where it is no object. */
  object: KubeObject | undefined;
  /** Files that `mlp policy check` gets, by name. */
  files: Record<string, string | Uint8Array>;
  /** Words of what `mlp policy check` says, and of a policy's refusal at admission. */
  says: RegExp;
  /** Why no policy at admission has to refuse it. */
  notAtAdmission?: string;
}

/** A change of an object that complies. */
export type Change = (object: any) => void;

const labels = { app: "x" };

/** The pod of the tables, in a copy of its own. */
export const podSpec = (): any => manifestOf(compliant.pod())!.spec;

/** An object of a project. */
export function object(apiVersion: string, kind: string, content: object): KubeObject {
  const { metadata, ...rest } = structuredClone(content) as { metadata?: object };
  const name = kind.toLowerCase();
  const named = { ...metadata, name, namespace: manifestNamespace };
  return { apiVersion, kind, metadata: named, ...rest };
}

function ofTemplate(apiVersion: string, kind: string, spec: object): KubeObject {
  return object(apiVersion, kind, {
    spec: { ...spec, template: { metadata: { labels }, spec: podSpec() } },
  });
}

/** An InferenceService with another predictor. */
function servedBy(predictorOf: (model: any) => object): KubeObject {
  const service = manifestOf(compliant.inferenceService())!;
  const { model, ...predictor } = service.spec.predictor;
  service.spec.predictor = { ...predictor, ...predictorOf(model) };
  return service;
}

/** Objects that comply, by what they are. */
export const bases = {
  rayJob: () => manifestOf(compliant.rayJob())!,
  rayCluster: () => manifestOf(compliant.rayCluster())!,
  rayCronJob: () => {
    const { spec, metadata } = manifestOf(compliant.rayJob())!;
    const content = { metadata, spec: { schedule: "0 3 * * *", jobTemplate: spec } };
    return object("ray.io/v1", "RayCronJob", content);
  },
  inferenceService: () => manifestOf(compliant.inferenceService())!,
  custom: () => servedBy(() => ({ containers: podSpec().containers })),
  sklearn: () =>
    servedBy(({ storageUri, resources, securityContext }) => ({
      sklearn: { storageUri, resources, securityContext },
    })),
  inferenceGraph: () =>
    object("serving.kserve.io/v1alpha1", "InferenceGraph", {
      spec: {
        minReplicas: 0,
        nodes: { root: { routerType: "Sequence", steps: [{ serviceName: "churn" }] } },
      },
    }),
  servingRuntime: () =>
    object("serving.kserve.io/v1alpha1", "ServingRuntime", {
      spec: { containers: securedContainers() },
    }),
  job: () => manifestOf(compliant.job())!,
  cronJob: () => manifestOf(compliant.cronJob())!,
  pod: () => manifestOf(compliant.pod())!,
  deployment: () => manifestOf(compliant.deployment())!,
  statefulSet: () => manifestOf(compliant.statefulSet())!,
  daemonSet: () => ofTemplate("apps/v1", "DaemonSet", { selector: { matchLabels: labels } }),
  replicaSet: () => ofTemplate("apps/v1", "ReplicaSet", { selector: { matchLabels: labels } }),
  replicationController: () => ofTemplate("v1", "ReplicationController", { selector: labels }),
  podTemplate: () =>
    object("v1", "PodTemplate", { template: { metadata: { labels }, spec: podSpec() } }),
  knativeService: () => manifestOf(compliant.knativeService())!,
  configuration: () =>
    object("serving.knative.dev/v1", "Configuration", {
      spec: { template: { metadata: { annotations: {} }, spec: podSpec() } },
    }),
  revision: () =>
    object("serving.knative.dev/v1", "Revision", {
      metadata: { annotations: {} },
      spec: podSpec(),
    }),
} satisfies Record<string, () => KubeObject>;

/** What an object may begin from. */
export type Base = keyof typeof bases;

/** Containers that say all of their security themselves, since a runtime's pod says none. */
export function securedContainers(): any[] {
  const { containers, securityContext } = podSpec();
  return containers.map((container: any) => ({
    ...container,
    securityContext: { ...container.securityContext, ...securityContext },
  }));
}

/** A copy of an object that complies, with a change. */
export function changed(base: Base, change: Change): KubeObject {
  const copy = structuredClone(bases[base]()) as KubeObject;
  change(copy);
  return copy;
}

/** The pod spec of an object of a kind with one template. */
export const podOf = (of: any): any =>
  of.spec.template?.spec ?? of.spec.jobTemplate?.spec?.template?.spec ?? of.spec;

/** What it begins from, what is tried, how, what is said, and why admission does not refuse it. */
export type Attempt = [
  base: Base,
  title: string,
  change: Change,
  says: RegExp,
  notAtAdmission?: string,
];

/** Attempts of one area, each a change of an object that complies. */
export function attempts(area: string, rows: Attempt[]): Bypass[] {
  return rows.map(([base, title, change, says, notAtAdmission]) => {
    const made = changed(base, change);
    return {
      area,
      title: `${made.kind}: ${title}`,
      object: made,
      files: { "object.yaml": stringify(made) },
      says,
      notAtAdmission,
    };
  });
}

/** The head's pod of a RayJob. */
export const headOf = (job: any): any => job.spec.rayClusterSpec.headGroupSpec.template.spec;

/** The pod of the first worker group of a RayJob. */
export const workerOf = (job: any): any =>
  job.spec.rayClusterSpec.workerGroupSpecs[0].template.spec;

/** The head's log offloader. */
export const offloaderOf = (job: any): any => headOf(job).initContainers[0];

/** Gives a variable of a container another source. */
export function setVariable(container: any, name: string, source: object): void {
  container.env = container.env.filter((variable: any) => variable.name !== name);
  container.env.push({ name, ...source });
}
