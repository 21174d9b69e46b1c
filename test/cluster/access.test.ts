import assert from "node:assert/strict";
import type { KubeObject } from "./kubeApi";
import { skipWithoutBed } from "./noBed";
import { type StackCluster, prodCluster } from "./stackCluster";

const project = "churn";
const otherProject = "pricing";
/** Namespaces of the platform with what a project must not touch: policies, Secrets. */
const platform = ["istio-system", "mlflow", "data-lake"];

/** Who asks, as the API server sees them. */
interface Identity {
  user: string;
  groups: string[];
}

/** A role of the project, or of somebody who has none in it. */
type Role =
  | "viewer"
  | "member"
  | "approver"
  | "administrator"
  | "platform administrator"
  | "workflow"
  | "training pod"
  | "serving pod"
  | "pod of default"
  | "member of another project"
  | "someone of the directory"
  | "nobody";

const people: Role[] = ["viewer", "member", "approver", "administrator", "platform administrator"];
const all: Role[] = [...people, "workflow"];
const working: Role[] = ["member", "administrator", "platform administrator"];
const clearing: Role[] = ["administrator", "platform administrator"];

/** [verb, resource as `name.group`, who may in the project; nobody else may] */
const actions: [verb: string, resource: string, may: Role[]][] = [
  ["list", "pods", all],
  ["get", "pods/log", all],
  ["list", "events", all],
  ["list", "services", all],
  ["get", "configmaps", all],
  ["list", "rayjobs.ray.io", all],
  ["watch", "inferenceservices.serving.kserve.io", all],
  ["list", "rayclusters.ray.io", all],
  ["list", "workloads.kueue.x-k8s.io", all],
  ["list", "resourcequotas", people],
  ["list", "services.serving.knative.dev", people],
  ["create", "rayjobs.ray.io", [...working, "workflow"]],
  ["delete", "rayjobs.ray.io", [...working, "workflow"]],
  ["create", "inferenceservices.serving.kserve.io", [...working, "workflow"]],
  ["patch", "inferenceservices.serving.kserve.io", [...working, "workflow"]],
  ["create", "pods/portforward", working],
  ["list", "jobs.batch", [...clearing, "workflow"]],
  ["create", "jobs.batch", [...clearing, "workflow"]],
  ["delete", "jobs.batch", [...clearing, "workflow"]],
  ["delete", "pods", clearing],
  ["delete", "rayclusters.ray.io", clearing],
  ["create", "rayclusters.ray.io", []],
  ["create", "pods", []],
  ["create", "pods/exec", []],
  ["get", "pods/exec", []],
  ["patch", "pods/ephemeralcontainers", []],
  ["create", "pods/attach", []],
  ["get", "secrets", []],
  ["list", "secrets", []],
  ["create", "serviceaccounts/token", []],
  ["impersonate", "serviceaccounts", []],
  ["create", "rolebindings.rbac.authorization.k8s.io", []],
  ["escalate", "roles.rbac.authorization.k8s.io", []],
  ["update", "resourcequotas", []],
  ["delete", "networkpolicies.networking.k8s.io", []],
  ["create", "services", []],
  ["create", "authorizationpolicies.security.istio.io", []],
  ["create", "virtualservices.networking.istio.io", []],
  ["create", "domainmappings.serving.knative.dev", []],
  ["update", "services.serving.knative.dev", []],
  ["patch", "namespaces", []],
];

describe("rights in a project of prod", function () {
  this.timeout(3_600_000);
  before(skipWithoutBed);
  let at: StackCluster;
  let identities: Record<Role, Identity>;

  before(async () => {
    at = await prodCluster();
    assert.deepEqual(at.refused, []);
    const bound = (name: string, namespace = project) => subjectsOf(at, name, namespace);
    const administrators = bound("administrator");
    // The platform's administrators come first: they are the ones of every project.
    const [ofPlatform] = bound("administrator", otherProject);
    const [own] = administrators.filter((group) => group !== ofPlatform);
    const person = (...groups: (string | undefined)[]): Identity => ({
      user: "someone@northwind.dev",
      groups: ["system:authenticated", ...groups.map((group) => group!)],
    });
    const pod = (name: string): Identity => ({
      user: `system:serviceaccount:${project}:${name}`,
      groups: [
        "system:serviceaccounts",
        `system:serviceaccounts:${project}`,
        "system:authenticated",
      ],
    });
    identities = {
      viewer: person(bound("viewer")[0]),
      member: person(bound("member")[0]),
      approver: person(bound("approver")[0]),
      administrator: person(own),
      "platform administrator": person(ofPlatform),
      workflow: { user: bound("deployer")[0]!, groups: ["system:authenticated"] },
      "training pod": pod("training"),
      "serving pod": pod("serving"),
      "pod of default": pod("default"),
      "member of another project": person(bound("member", otherProject)[0]),
      "someone of the directory": person("00000000-1111-2222-3333-444444444444"),
      nobody: { user: "system:anonymous", groups: ["system:unauthenticated"] },
    };
    const groups = Object.values(identities).flatMap(({ groups: of }) => of);
    assert.ok(groups.every((group) => group !== undefined && group !== ""));
  });

  it("are those of the table, in the project and nowhere else", async () => {
    const wrong: string[] = [];
    let asked = 0;
    const ask = async (role: Role, [verb, resource]: string[], place: string, may: boolean) => {
      asked++;
      if ((await isAllowed(at, identities[role], verb!, resource!, place)) !== may) {
        wrong.push(`${role}: ${verb} ${resource} in ${place}: ${may ? "refused" : "allowed"}`);
      }
    };
    for (const role of Object.keys(identities) as Role[]) {
      for (const [verb, resource, may] of actions) {
        await ask(role, [verb, resource], project, may.includes(role));
        // In the other project its own member may what a member may, as the platform's do.
        const there: Partial<Record<Role, Role>> = {
          "member of another project": "member",
          "platform administrator": "platform administrator",
        };
        const as = there[role];
        await ask(role, [verb, resource], otherProject, as !== undefined && may.includes(as));
      }
      for (const place of platform) {
        for (const [verb, resource] of [
          ["get", "secrets"],
          ["list", "pods"],
          ["create", "authorizationpolicies.security.istio.io"],
          ["delete", "requestauthentications.security.istio.io"],
        ]) {
          await ask(role, [verb!, resource!], place, false);
        }
      }
    }
    assert.deepEqual(wrong, []);
    assert.ok(Object.keys(identities).length >= 12 && actions.length >= 40);
    console.log(`      ${asked} questions to the API server, none answered otherwise`);
  });

  it("end with the group: who is taken from the table is refused at once", async () => {
    const binding = bindingOf(at, "viewer", project);
    const read = () => isAllowed(at, identities.viewer, "list", "pods", project);
    assert.equal(await read(), true);
    const before = Date.now();
    await at.cluster.api.delete(binding);
    try {
      await at.cluster.until("the viewer is refused", async () => {
        const seen = await read();
        return { done: !seen, seen };
      });
      assert.ok(Date.now() - before < 60_000);
    } finally {
      await at.cluster.api.apply(binding);
    }
  });
});

function bindingOf(at: StackCluster, name: string, namespace: string): KubeObject {
  return at.objects.find(
    ({ object: { kind, metadata } }) =>
      kind === "RoleBinding" && metadata.name === name && metadata.namespace === namespace,
  )!.object;
}

/** Names of whom a RoleBinding speaks. */
function subjectsOf(at: StackCluster, name: string, namespace: string): string[] {
  return bindingOf(at, name, namespace).subjects.map((subject: { name: string }) => subject.name);
}

/** The API server's own answer, by a SubjectAccessReview. */
async function isAllowed(
  at: StackCluster,
  { user, groups }: Identity,
  verb: string,
  resource: string,
  namespace: string,
): Promise<boolean> {
  const [whole, ...group] = resource.split(".");
  const [name, subresource] = whole!.split("/");
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    metadata: {},
    spec: {
      user,
      groups,
      resourceAttributes: {
        verb,
        namespace,
        group: group.join("."),
        resource: name,
        ...(subresource && { subresource }),
      },
    },
  };
  const { object } = await at.cluster.api.call(
    "POST",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    review,
  );
  return object.status.allowed as boolean;
}
