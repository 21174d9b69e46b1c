import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { asInTokens, type ProjectAccess } from "../access/normalize";
import type { ProjectScope } from "./projectScope";

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

/** What people see: how full the project is, and where its models stand. */
const overview: Rule[] = [
  ...diagnosis,
  { apiGroups: ["ray.io"], resources: ["rayjobs"], verbs: readVerbs },
  { apiGroups: ["serving.kserve.io"], resources: ["inferenceservices"], verbs: readVerbs },
  { apiGroups: [""], resources: ["resourcequotas", "limitranges"], verbs: readVerbs },
  { apiGroups: ["serving.knative.dev"], resources: ["services", "revisions"], verbs: readVerbs },
];

/** Role of the team's people. */
const memberRules: Rule[] = [
  ...workloads,
  ...overview,
  // Ray's dashboard is reached this way only.
  { apiGroups: [""], resources: ["pods/portforward"], verbs: ["create"] },
];

/** Role of those who answer for the project: they also clear up what is stuck. */
const administratorRules: Rule[] = [
  ...memberRules,
  { apiGroups: ["batch"], resources: ["jobs"], verbs: [...readVerbs, "create", "delete"] },
  { apiGroups: [""], resources: ["pods"], verbs: ["delete"] },
  { apiGroups: ["ray.io"], resources: ["rayclusters"], verbs: ["delete"] },
];

/**
 * What each role of people may do. An approver agrees elsewhere, in the repository's environments,
 * to what a workflow then does.
 */
const peopleRules: Record<Exclude<keyof ProjectAccess, "callers">, Rule[]> = {
  viewers: overview,
  members: memberRules,
  approvers: overview,
  administrators: administratorRules,
};

/** Role of the repository's workflows. Jobs look a model version up before it is deployed. */
const deployerRules: Rule[] = [
  ...workloads,
  ...diagnosis,
  { apiGroups: ["batch"], resources: ["jobs"], verbs: [...readVerbs, "create", "delete"] },
];

/** A group as Kubernetes sees it: on AKS its Microsoft Entra object id. */
function groupSubject(group: string): Subject {
  return { kind: "Group", name: group, apiGroup: "rbac.authorization.k8s.io" };
}

/** A managed identity as AKS sees it: a user named by its principal id. */
function identitySubject(principalId: pulumi.Input<string>): Subject {
  return { kind: "User", name: principalId, apiGroup: "rbac.authorization.k8s.io" };
}

/** Who gets which rights in the namespace. */
export interface ProjectRoles {
  /** Groups of people by role. */
  access: ProjectAccess;
  /** Principals that the repository's workflows sign in as. */
  deployers: pulumi.Input<string>[];
}

/** Makes the Roles of people and of workflows. */
export function createRoles(scope: ProjectScope, { access, deployers }: ProjectRoles): void {
  for (const [role, rules] of Object.entries(peopleRules)) {
    createRole(scope, {
      role: role.replace(/s$/, ""),
      rules,
      subjects: asInTokens(access[role as keyof typeof peopleRules]).map(groupSubject),
    });
  }
  createRole(scope, {
    role: "deployer",
    rules: deployerRules,
    subjects: deployers.map(identitySubject),
  });
}

/** Makes a Role, and binds it where there is someone to bind it to. */
function createRole(
  { name, parent, namespace, labels }: ProjectScope,
  { role, rules, subjects }: { role: string; rules: Rule[]; subjects: Subject[] },
): void {
  const metadata = { name: role, namespace, labels };
  const made = new k8s.rbac.v1.Role(`${name}-${role}`, { metadata, rules }, { parent });
  if (subjects.length === 0) {
    return;
  }
  new k8s.rbac.v1.RoleBinding(
    `${name}-${role}`,
    {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: made.metadata.name },
      subjects,
    },
    { parent },
  );
}
