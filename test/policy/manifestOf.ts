import { type ObjectKind, objectKinds, typeTokenOf } from "../../policy/rules/objectKinds";
import type { KubeObject } from "../cluster/kubeApi";
import type { Subject } from "./analyze";

/** A project's namespace that only the admission policies watch over. */
export const manifestNamespace = "policies";

/** The kinds with their tokens, by which a subject says what it is. */
export const kindByToken = new Map(
  Object.values<ObjectKind>(objectKinds).map((kind) => [typeTokenOf(kind), kind]),
);

/** A subject as a whole manifest in the namespace; undefined where it is none of a namespace. */
export function manifestOf({ type, name, props }: Subject): KubeObject | undefined {
  const kind = kindByToken.get(type);
  if (!kind || kind.isClusterScoped) {
    return undefined;
  }
  const apiVersion = kind.group ? `${kind.group}/${kind.version}` : kind.version;
  const object: KubeObject = structuredClone({
    metadata: {},
    ...props,
    apiVersion,
    kind: kind.kind,
  });
  // Messages name the resource in a preview, and the object at admission: here they are one.
  object.metadata = { ...object.metadata, name, namespace: manifestNamespace };
  complete(object);
  return object;
}

/** Fills in what the API requires and no policy reads. */
function complete(object: KubeObject): void {
  const labels = { app: "x" };
  if (["Deployment", "StatefulSet", "DaemonSet"].includes(object.kind)) {
    object.spec.selector = { matchLabels: labels };
    object.spec.template.metadata = { ...object.spec.template.metadata, labels };
  }
  if (object.kind === "StatefulSet") {
    object.spec.serviceName = "x";
    for (const claim of object.spec.volumeClaimTemplates ?? []) {
      claim.spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
    }
  }
  if (object.kind === "CronJob") {
    object.spec.schedule = "0 0 * * *";
    object.spec.jobTemplate.spec.template.spec.restartPolicy = "Never";
  }
  if (object.kind === "Job") {
    object.spec.template.spec.restartPolicy ??= "Never";
  }
}
