import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { KubeObject } from "./kubeApi";
import { type Endpoint, edgesOf, isAllowed } from "./networkPolicies";
import { skipWithoutBed } from "./noBed";
import { type StackCluster, prodCluster } from "./stackCluster";

const document = readFileSync(resolve(__dirname, "../../docs/flows.md"), "utf8");
const projects = ["churn", "pricing"];

/** Cells of the rows of the document's tables with so many columns. */
function rowsOf(columns: number): string[][] {
  return document
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
    .map((line) => line.slice(2, -2).split(" | "))
    .filter((cells) => cells.length === columns)
    .slice(1);
}

describe("network flows of prod", function () {
  this.timeout(3_600_000);
  before(skipWithoutBed);
  let at: StackCluster;
  let policies: KubeObject[];
  let namespaces: Map<string, KubeObject>;

  before(async () => {
    at = await prodCluster();
    assert.deepEqual(at.refused, []);
    policies = await at.cluster.api.list("networking.k8s.io/v1", "NetworkPolicy");
    const all = await at.cluster.api.list("v1", "Namespace");
    namespaces = new Map(all.map((namespace) => [namespace.metadata.name!, namespace]));
  });

  it("are exactly the written table", () => {
    const names = new RegExp(`^(${projects.join("|")})(?=$|:)`);
    const found = edgesOf(policies).map(({ from, to, ports }) =>
      [from.replace(names, "<project>"), to.replace(names, "<project>"), ports].join(" | "),
    );
    const written = rowsOf(4).map(([from, to, ports]) => [from, to, ports].join(" | "));
    assert.deepEqual([...new Set(found)].sort(), written.sort());
    console.log(`      ${written.length} flows`);
  });

  it("start from nothing in every namespace but those that the document names", () => {
    const stranger = endpoint("kube-public", {});
    // A pod that no rule speaks of, on a port that no rule opens.
    const open = at.objects
      .filter(({ object }) => object.kind === "Namespace")
      .map(({ object }) => object.metadata.name!)
      .filter((name) => isAllowed(policies, stranger, endpoint(name, { app: "any" }), 1));
    assert.deepEqual(
      open.sort(),
      rowsOf(2).map(([name]) => name),
    );
  });

  it("start from nothing outwards, too, in a project", () => {
    for (const project of projects) {
      const pod = endpoint(project, { app: "any" });
      for (const name of namespaces.keys()) {
        assert.equal(
          isAllowed(policies, pod, endpoint(name, {}), 443),
          false,
          `${project} to ${name}`,
        );
      }
    }
  });

  it("join no two projects, on any port", () => {
    const ports = [...new Set(policies.flatMap(portsOf)), 1, 443, 10001];
    for (const from of Object.values(podsOf("churn"))) {
      for (const to of Object.values(podsOf("pricing"))) {
        for (const port of ports) {
          assert.equal(
            isAllowed(policies, from, to, port),
            false,
            JSON.stringify([from, to, port]),
          );
          assert.equal(
            isAllowed(policies, to, from, port),
            false,
            JSON.stringify([to, from, port]),
          );
        }
      }
    }
  });

  it("let pass what the lifecycle needs, and refuse what nobody needs", () => {
    const { ray, model, job, other } = podsOf("churn");
    const pricing = podsOf("pricing");
    const lake = endpoint("data-lake", { "app.kubernetes.io/name": "minio" });
    const mlflow = endpoint("mlflow", { "app.kubernetes.io/name": "mlflow" });
    const database = endpoint("mlflow", { "cnpg.io/cluster": "mlflow-db" });
    const table = endpoint("observability", { "app.kubernetes.io/name": "inference-table" });
    const prometheus = endpoint("observability", { "app.kubernetes.io/name": "prometheus" });
    const grafana = endpoint("observability", { "app.kubernetes.io/name": "grafana" });
    const gateway = endpoint("istio-system", { istio: "ingressgateway" });
    const istiod = endpoint("istio-system", { app: "istiod" });
    const activator = endpoint("knative-serving", { app: "activator" });
    const autoscaler = endpoint("knative-serving", { app: "autoscaler" });
    const agent = endpoint("observability-agents", { "app.kubernetes.io/name": "alloy" });
    const outside = endpoint("default", {});
    const rows: [what: string, from: Endpoint, to: Endpoint, port: number, passes: boolean][] = [
      ["training reads and writes the lake", ray, lake, 9000, true],
      ["training logs its run", ray, mlflow, 5000, true],
      ["the submitter reaches the head", job, ray, 8265, true],
      ["a model loads its files", model, lake, 9000, true],
      ["a model's logger posts events", model, table, 8080, true],
      ["the gateway reaches a model", gateway, model, 8012, true],
      ["the gateway wakes a model", gateway, activator, 8012, true],
      ["the autoscaler asks the activator", autoscaler, activator, 8012, true],
      ["Prometheus scrapes the activator", prometheus, activator, 9090, true],
      ["the activator reaches a model", activator, model, 8012, true],
      ["Prometheus scrapes the inference table", prometheus, table, 8080, true],
      ["Prometheus scrapes Ray", prometheus, ray, 8080, true],
      ["MLflow reaches its database", mlflow, database, 5432, true],
      ["a model asks MLflow", model, mlflow, 5000, false],
      ["training posts payload events of its own", ray, table, 8080, false],
      ["training reaches the database", ray, database, 5432, false],
      ["training calls a model past the gateway", ray, model, 8012, false],
      ["training calls a model past the gateway by Knative", ray, activator, 8012, false],
      ["a model calls another past the gateway", model, model, 8012, false],
      ["a model calls another by Knative", model, activator, 8012, false],
      ["a job calls a model past the gateway", job, model, 8012, false],
      ["a member's pod calls a model past the gateway", other, model, 8012, false],
      ["a member's pod asks the model server itself", other, model, 8080, false],
      ["another project's pod calls a model past the gateway", pricing.ray, model, 8012, false],
      ["another project's model calls it past the gateway", pricing.model, model, 8012, false],
      ["another project's pod calls it by Knative", pricing.ray, activator, 8012, false],
      ["Istio's control plane calls a model", istiod, model, 8012, false],
      ["Prometheus posts predictions", prometheus, model, 8012, false],
      ["Grafana calls a model by Knative", grafana, activator, 8012, false],
      ["a stranger calls a model by Knative", outside, activator, 8012, false],
      ["a model reaches Ray", model, ray, 8265, false],
      ["a model reaches Grafana", model, grafana, 3000, false],
      ["an agent reaches the lake's other ports", agent, lake, 9001, false],
      ["Grafana posts payload events", grafana, table, 8080, false],
      ["a stranger reads the lake", outside, lake, 9000, false],
      ["a stranger asks MLflow", outside, mlflow, 5000, false],
      ["a stranger posts payload events", outside, table, 8080, false],
      ["a stranger calls a model past the gateway", outside, model, 8012, false],
    ];
    for (const [what, from, to, port, passes] of rows) {
      assert.equal(isAllowed(policies, from, to, port), passes, what);
    }
  });

  function endpoint(namespace: string, podLabels: Record<string, string>): Endpoint {
    return {
      namespace,
      namespaceLabels: namespaces.get(namespace)!.metadata.labels!,
      podLabels,
    };
  }

  /** The pods of a project, as their operators label them. */
  function podsOf(project: string) {
    return {
      ray: endpoint(project, { "ray.io/is-ray-node": "yes" }),
      model: endpoint(project, { "serving.kserve.io/inferenceservice": "model" }),
      job: endpoint(project, { "batch.kubernetes.io/job-name": "job" }),
      other: endpoint(project, { app: "notebook" }),
    };
  }
});

function portsOf({ spec }: KubeObject): number[] {
  return [...(spec.ingress ?? []), ...(spec.egress ?? [])].flatMap(({ ports = [] }) =>
    ports.map(({ port }: { port: number }) => port),
  );
}
