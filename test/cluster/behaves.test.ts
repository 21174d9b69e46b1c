import assert from "node:assert/strict";
import { applyAll } from "./applyAll";
import { type Answer, type KubeObject, Refusal } from "./kubeApi";
import { skipWithoutBed } from "./noBed";
import { knativeServiceOf, podsOf } from "./podTemplates";
import { type StackCluster, prodCluster } from "./stackCluster";
import { templateObjects } from "./stackObjects";
import { sharedRegistry } from "../policy/compliant";

/** Kinds that pods come from. A new one has to be added here. */
const kinds = [
  "Cluster",
  "CronJob",
  "DaemonSet",
  "Deployment",
  "InferenceService",
  "Job",
  "RayCluster",
  "RayJob",
  "Service",
  "StatefulSet",
];

/** The pool that a pod is meant for: projects' work, drivers of GPUs, the platform itself. */
function poolFor(kind: string, namespace: string): string {
  if (kind === "DaemonSet") {
    return "gpu";
  }
  return [project, otherProject].includes(namespace) ? "cpu" : "system";
}

/** Groups that every user, and every ServiceAccount, is in. */
const everyone = ["system:authenticated", "system:serviceaccounts"];

const project = "churn";
const otherProject = "pricing";

describe("prod behaves on a real control plane", function () {
  this.timeout(3_600_000);
  before(skipWithoutBed);
  let at: StackCluster;
  let template: KubeObject[];

  before(async () => {
    at = await prodCluster();
    const manifests = templateObjects(project);
    const runtimes = at.objects
      .map(({ object }) => object)
      .filter(({ kind }) => kind === "ClusterServingRuntime");
    const model = manifests.find(({ kind }) => kind === "InferenceService")!;
    template = [...manifests, rayClusterOf(manifests), knativeServiceOf(model, runtimes)];
    assert.deepEqual([...at.refused, ...(await applyAll(at.cluster.api, template))], []);
    // Pods need the ServiceAccount `default` of their namespace, which a controller makes.
    for (const { object } of at.objects.filter(({ object: { kind } }) => kind === "Namespace")) {
      await at.cluster.until(`ServiceAccount of ${object.metadata.name}`, async () => {
        const found = await at.cluster.api.list("v1", "ServiceAccount", object.metadata.name);
        return { done: found.some(({ metadata }) => metadata.name === "default"), seen: found };
      });
    }
  });

  describe("pods", () => {
    it("of every template are admitted, and scheduled on the pool meant for them", async () => {
      const all = podsOf([...at.objects.map(({ object }) => object), ...template]);
      const created = [];
      const refused: string[] = [];
      for (const { source, pod } of all) {
        try {
          created.push({ source, object: (await at.cluster.api.create(pod)).object });
        } catch (error) {
          if (!(error instanceof Refusal)) {
            throw error;
          }
          refused.push(`${source} ${pod.metadata.namespace}: ${error.message}`);
        }
      }
      assert.deepEqual(refused, []);
      const counts = new Map<string, number>();
      for (const { source, object } of created) {
        const node = await scheduledOn(object);
        const kind = source.split(" ")[0]!;
        const pool = node.replace(/-0$/, "");
        const meant = poolFor(kind, object.metadata.namespace!);
        assert.equal(pool, meant, `${source} in ${object.metadata.namespace}`);
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
        await at.cluster.api.delete(object);
      }
      const shown = [...counts].map(([kind, count]) => `${kind} ${count}`).sort();
      console.log(`      pods created and scheduled: ${shown.join(", ")}`);
      assert.deepEqual([...counts.keys()].sort(), kinds);
    });

    it("with a GPU go to the GPU pool, and without the toleration to no node", async () => {
      const pod = simplePod({
        // In a project, such a pod is one of a RayCluster's or of a model's.
        namespace: "default",
        resources: { limits: { "nvidia.com/gpu": "1", cpu: "1", memory: "1Gi" } },
      });
      const { object: waiting } = await at.cluster.api.create(pod);
      const message = await unschedulable(waiting);
      assert.match(message, /untolerated taint/);
      await at.cluster.api.delete(waiting);
      pod.spec.tolerations = [
        { key: "nvidia.com/gpu", operator: "Equal", value: "present", effect: "NoSchedule" },
      ];
      const { object: running } = await at.cluster.api.create(pod);
      assert.equal(await scheduledOn(running), "gpu-0");
      await at.cluster.api.delete(running);
    });

    const unsafe: [title: string, change: (pod: KubeObject) => void, refusal: RegExp][] = [
      [
        "privileged",
        ({ spec }) => (spec.containers[0].securityContext = { privileged: true }),
        /privileged/,
      ],
      ["as root", ({ spec }) => (spec.securityContext = {}), /runAsNonRoot/],
      [
        "with a folder of the node",
        ({ spec }) => (spec.volumes = [{ name: "node", hostPath: { path: "/" } }]),
        /hostPath/,
      ],
    ];
    for (const [title, change, refusal] of unsafe) {
      it(`${title} are refused in a project and in the platform's namespaces`, async () => {
        for (const namespace of [project, "mlflow", "data-lake"]) {
          const pod = simplePod({ namespace });
          change(pod);
          await refusedWith(at.cluster.api.create(pod, true), 403, refusal);
        }
      });
    }
  });

  describe("quota of a project", () => {
    it("takes what fits and refuses what goes over it", async () => {
      const [quota] = await at.cluster.api.list("v1", "ResourceQuota", project);
      const { hard } = quota!.spec;
      const cpu = Number(hard["requests.cpu"]);
      // Beyond what any node has, so that it waits and runs nowhere.
      const half = { requests: { cpu: String(cpu / 2 + 1), memory: "1Gi" } };
      const resources = { ...half, limits: { cpu: half.requests.cpu, memory: "1Gi" } };
      const { object: first } = await at.cluster.api.create(simplePod({ resources }));
      await refusedWith(
        at.cluster.api.create(simplePod({ resources })),
        403,
        /exceeded quota: project, requested: requests\.cpu=\d+/,
      );
      await at.cluster.api.delete(first);
      const gpus = String(Number(hard["requests.nvidia.com/gpu"]) + 1);
      const limits = { "nvidia.com/gpu": gpus, cpu: "1", memory: "1Gi" };
      const worker = simplePod({ resources: { limits } });
      const owner = { apiVersion: "ray.io/v1", kind: "RayCluster", name: "train-x1", uid: "1" };
      worker.metadata.ownerReferences = [owner];
      await refusedWith(
        at.cluster.api.create(worker, true),
        403,
        /exceeded quota: project, requested: requests\.nvidia\.com\/gpu/,
      );
    });

    it("takes a request of several CPUs that names no limit", async () => {
      const resources = { requests: { cpu: "2", memory: "1Gi" }, limits: { memory: "1Gi" } };
      const { object } = await at.cluster.api.create(simplePod({ resources }));
      await at.cluster.api.delete(object);
    });

    it("refuses disks and load balancers, which outlive jobs and cost money", async () => {
      const claim = {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "disk", namespace: project },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      };
      await refusedWith(at.cluster.api.create(claim), 403, /exceeded quota/);
      const service = {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "door", namespace: project },
        spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
      };
      await refusedWith(at.cluster.api.create(service), 403, /exceeded quota/);
    });
  });

  describe("access of a project", () => {
    it("ends at its own namespace, for its ServiceAccounts, members and deployers", async () => {
      const namespaces = at.objects
        .filter(({ object }) => object.kind === "Namespace")
        .map(({ object }) => object.metadata.name!)
        .filter((name) => name !== project);
      // Those of both are the platform's administrators, whose rights in projects are meant.
      const groupsOf = ({ groups }: User) => groups.filter((group) => !everyone.includes(group));
      const ofOther = (await subjectsOf(otherProject)).flatMap(groupsOf);
      const subjects = (await subjectsOf(project)).filter(
        (subject) => !groupsOf(subject).some((group) => ofOther.includes(group)),
      );
      assert.ok(subjects.length >= 4, `${subjects.length} subjects`);
      let asked = 0;
      for (const subject of subjects) {
        // What everyone may who has a token at all, such as asking for their own rights.
        const groups = subject.groups.filter((group) => everyone.includes(group));
        const anyone = await rulesOf({ user: "nobody", groups }, "default");
        for (const namespace of namespaces) {
          assert.deepEqual(
            await rulesOf(subject, namespace),
            anyone,
            `${subject.user} has rights in ${namespace}`,
          );
          asked++;
        }
      }
      console.log(
        `      ${subjects.length} subjects have no right in ${namespaces.length} foreign ` +
          `namespaces (${asked} questions)`,
      );
    });

    it("is what kubectl says too", () => {
      const rows: [user: string, verb: string, resource: string, place: string, may: boolean][] = [
        [account(project, "training"), "list", "pods", otherProject, false],
        [account(project, "training"), "get", "secrets", otherProject, false],
        [account(project, "training"), "get", "secrets", project, false],
        [account(project, "serving"), "get", "secrets", otherProject, false],
        [
          account(project, "serving"),
          "list",
          "inferenceservices.serving.kserve.io",
          otherProject,
          false,
        ],
        [account(project, "default"), "create", "pods", project, false],
        [account(project, "training"), "list", "nodes", "", false],
        [deployer(project), "create", "rayjobs.ray.io", project, true],
        [deployer(project), "create", "rayjobs.ray.io", otherProject, false],
        [deployer(project), "get", "secrets", project, false],
        [deployer(project), "create", "pods", project, false],
        [deployer(project), "delete", "inferenceservices.serving.kserve.io", project, true],
        [deployer(project), "update", "resourcequotas", project, false],
        [deployer(project), "create", "rolebindings.rbac.authorization.k8s.io", project, false],
      ];
      for (const [user, verb, resource, place, may] of rows) {
        const where = place ? ["--namespace", place] : ["--all-namespaces"];
        assert.equal(
          canI(user, verb, resource, where),
          may,
          `${user} ${verb} ${resource} ${place}`,
        );
      }
    });

    it("is held to by the API server, not only reported", async () => {
      const { api } = at.cluster;
      const request = {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        metadata: {},
        spec: {},
      };
      const path = `/api/v1/namespaces/${project}/serviceaccounts/training/token`;
      const { object } = await api.call("POST", path, request);
      const own = at.cluster.apiAs(object.status.token);
      for (const place of [project, otherProject, "mlflow", "data-lake"]) {
        const reading = own.call("GET", `/api/v1/namespaces/${place}/secrets`);
        await refusedWith(reading, 403, /cannot list resource "secrets"/);
      }
      own.close();
    });
  });

  /** A RayCluster as KubeRay makes it from the RayJob. */
  function rayClusterOf(objects: KubeObject[]): KubeObject {
    const job = objects.find(({ kind }) => kind === "RayJob")!;
    const { name, namespace, labels } = job.metadata;
    return {
      apiVersion: "ray.io/v1",
      kind: "RayCluster",
      metadata: {
        name: `${name}-x1`,
        namespace,
        labels,
        ownerReferences: [{ apiVersion: "ray.io/v1", kind: "RayJob", name: name!, uid: "1" }],
      },
      spec: job.spec.rayClusterSpec,
    };
  }

  /** A pod that the rules let pass, in a project unless said otherwise. */
  function simplePod(more: { namespace?: string; resources?: object }): KubeObject {
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { generateName: "simple-", namespace: more.namespace ?? project },
      spec: {
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name: "main",
            image: `${sharedRegistry}/server@sha256:${"0a".repeat(32)}`,
            ...(more.resources && { resources: more.resources }),
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
          },
        ],
      },
    };
  }

  /** Name of the node that the scheduler chooses. */
  function scheduledOn(pod: KubeObject): Promise<string> {
    return at.cluster
      .until(`${pod.metadata.name} is scheduled`, async () => {
        const { spec, status } = (await at.cluster.api.get(pod))!;
        const seen = { node: spec.nodeName as string, conditions: status.conditions };
        return { done: spec.nodeName !== undefined, seen };
      })
      .then(({ node }) => node);
  }

  /** Why the scheduler finds no node. */
  function unschedulable(pod: KubeObject): Promise<string> {
    return at.cluster
      .until(`${pod.metadata.name} is unschedulable`, async () => {
        const { status } = (await at.cluster.api.get(pod))!;
        const seen = (status.conditions ?? []).find((c: any) => c.reason === "Unschedulable");
        return { done: seen !== undefined, seen };
      })
      .then(({ message }) => message);
  }

  interface User {
    user: string;
    groups: string[];
  }

  /** Everyone that a project's objects speak of. */
  async function subjectsOf(name: string): Promise<User[]> {
    const accounts = await at.cluster.api.list("v1", "ServiceAccount", name);
    const bindings = await at.cluster.api.list("rbac.authorization.k8s.io/v1", "RoleBinding", name);
    const bound = bindings.flatMap(({ subjects }) => subjects as { kind: string; name: string }[]);
    return [
      ...accounts.map(({ metadata }) => ({
        user: account(name, metadata.name!),
        groups: [
          "system:serviceaccounts",
          `system:serviceaccounts:${name}`,
          "system:authenticated",
        ],
      })),
      ...bound.map((subject) =>
        subject.kind === "Group"
          ? { user: "a member", groups: [subject.name, "system:authenticated"] }
          : { user: subject.name, groups: ["system:authenticated"] },
      ),
    ];
  }

  /** Every right of somebody in a namespace. */
  async function rulesOf({ user, groups }: User, namespace: string): Promise<object> {
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectRulesReview",
      metadata: {},
      spec: { namespace },
    };
    const path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    const answer: Answer = await at.cluster.api.call("POST", path, review, undefined, {
      "impersonate-user": user,
      "impersonate-group": groups as unknown as string,
    });
    const { resourceRules, nonResourceRules } = answer.object.status;
    const sorted = (rules: object[]) =>
      [...new Set(rules.map((rule) => JSON.stringify(rule)))].sort();
    return { resources: sorted(resourceRules), paths: sorted(nonResourceRules) };
  }

  function canI(user: string, verb: string, resource: string, where: string[]): boolean {
    const args = ["auth", "can-i", verb, resource, ...where, `--as=${user}`];
    const { code, stdout, stderr } = at.cluster.kubectl(...args);
    const answer = stdout.trim().split(" ")[0]!;
    assert.deepEqual([code, answer], answer === "yes" ? [0, "yes"] : [1, "no"], stderr);
    return answer === "yes";
  }

  /** A deployer of a project: a user that its first RoleBinding names. */
  function deployer(name: string): string {
    const binding = at.objects.find(
      ({ object }) =>
        object.kind === "RoleBinding" &&
        object.metadata.namespace === name &&
        object.metadata.name === "deployer",
    )!;
    return binding.object.subjects[0].name;
  }
});

const account = (namespace: string, name: string) => `system:serviceaccount:${namespace}:${name}`;

async function refusedWith(answer: Promise<unknown>, code: number, message: RegExp): Promise<void> {
  await assert.rejects(answer, (error: Refusal) => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}
