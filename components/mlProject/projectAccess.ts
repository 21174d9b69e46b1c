import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

type Rule = k8s.types.input.rbac.v1.PolicyRule;
type Subject = k8s.types.input.rbac.v1.Subject;

const readVerbs = ["get", "list", "watch"];
const ownVerbs = [...readVerbs, "create", "update", "patch", "delete"];

/** What runs on the platform for a project: both people and workflows own these kinds. */
const workloads: Rule[] = [
  { apiGroups: ["ray.io"], resources: ["rayjobs"], verbs: ownVerbs },
  { apiGroups: ["serving.kserve.io"], resources: ["inferenceservices"], verbs: ownVerbs },
];

/** To see why something does not run. No Secrets, and no `pods/exec`. */
const diagnosis: Rule[] = [
  {
    apiGroups: [""],
    resources: ["configmaps", "events", "pods", "pods/log", "services"],
    verbs: readVerbs,
  },
  { apiGroups: ["ray.io"], resources: ["rayclusters"], verbs: readVerbs },
  { apiGroups: ["kueue.x-k8s.io"], resources: ["localqueues", "workloads"], verbs: readVerbs },
];

/** Role of the team's people. */
export const memberRules: Rule[] = [
  ...workloads,
  ...diagnosis,
  { apiGroups: [""], resources: ["resourcequotas", "limitranges"], verbs: readVerbs },
  { apiGroups: ["serving.knative.dev"], resources: ["services", "revisions"], verbs: readVerbs },
  // Ray's dashboard is reached this way only.
  { apiGroups: [""], resources: ["pods/portforward"], verbs: ["create"] },
];

/** Role of the repository's workflows. Jobs look a model version up before it is deployed. */
export const deployerRules: Rule[] = [
  ...workloads,
  ...diagnosis,
  { apiGroups: ["batch"], resources: ["jobs"], verbs: [...readVerbs, "create", "delete"] },
];

/** Makes a ServiceAccount. Its pods get no Kubernetes token. */
export function createServiceAccount(
  name: string,
  settings: {
    account: string;
    namespace: pulumi.Input<string>;
    labels: Record<string, string>;
    /** Client id of the Azure identity that the pods sign in as. */
    clientId?: pulumi.Input<string>;
    /** Secrets that KServe's storage initializer reads keys from. */
    secretNames?: pulumi.Input<string>[];
  },
  parent: pulumi.Resource,
): k8s.core.v1.ServiceAccount {
  return new k8s.core.v1.ServiceAccount(
    `${name}-${settings.account}`,
    {
      metadata: {
        name: settings.account,
        namespace: settings.namespace,
        labels: settings.labels,
        annotations: settings.clientId
          ? { "azure.workload.identity/client-id": settings.clientId }
          : undefined,
      },
      automountServiceAccountToken: false,
      secrets: settings.secretNames?.map((secretName) => ({ name: secretName })),
    },
    { parent },
  );
}

/** A group as Kubernetes sees it: on AKS its Microsoft Entra object id. */
export function groupSubject(group: string): Subject {
  return { kind: "Group", name: group, apiGroup: "rbac.authorization.k8s.io" };
}

/** A managed identity as AKS sees it: a user named by its principal id. */
export function identitySubject(principalId: pulumi.Input<string>): Subject {
  return { kind: "User", name: principalId, apiGroup: "rbac.authorization.k8s.io" };
}

/** Makes a Role, and binds it where there is someone to bind it to. */
export function createRole(
  name: string,
  settings: {
    role: string;
    namespace: pulumi.Input<string>;
    labels: Record<string, string>;
    rules: Rule[];
    subjects: Subject[];
  },
  parent: pulumi.Resource,
): void {
  const metadata = {
    name: settings.role,
    namespace: settings.namespace,
    labels: settings.labels,
  };
  const role = new k8s.rbac.v1.Role(
    `${name}-${settings.role}`,
    { metadata, rules: settings.rules },
    { parent },
  );
  if (settings.subjects.length === 0) {
    return;
  }
  new k8s.rbac.v1.RoleBinding(
    `${name}-${settings.role}`,
    {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
      subjects: settings.subjects,
    },
    { parent },
  );
}
