import assert from "node:assert/strict";
import { resolve } from "node:path";
import { previewStack } from "../../../preview/engine/previewStack";
import { deployable } from "../../preview/deployable";
import type { PreviewResource } from "../../../preview/engine/programRun";
import { claims, Platform } from "./claims";
import { demands, type Workload, workloadsOf } from "./workloads";

const root = resolve(__dirname, "../../..");

/** What a workload does without, and why: `workload: demand`. */
const exemptions: Record<string, string> = {
  "DaemonSet ray-device-plugin: a user other than root":
    "it opens a socket in the kubelet's folder, which belongs to root",
};

function shortcomings(workloads: Workload[], resources: PreviewResource[]): string[] {
  return workloads.flatMap((workload) =>
    demands
      .filter(({ of, isMet }) => of.includes(workload.lifetime) && !isMet(workload, resources))
      .map(({ name }) => `${workload.name}: ${name}`),
  );
}

describe("production", function () {
  this.timeout(120_000);
  let resources: PreviewResource[];

  before(async () => {
    const { result } = await previewStack({
      projectDir: root,
      stack: "prod",
      mode: "up",
      config: deployable("prod"),
    });
    resources = result.resources;
  });

  it("gives every workload that the program writes what the list of demands says", () => {
    const workloads = workloadsOf(resources);
    assert.ok(workloads.length >= 15, `${workloads.length} workloads`);
    assert.deepEqual(shortcomings(workloads, resources).sort(), Object.keys(exemptions).sort());
  });

  it("finds out when a workload loses any one of them", () => {
    const [server] = workloadsOf(resources).filter(
      ({ name }) => name === "Deployment mlflow-server",
    );
    const [task] = workloadsOf(resources).filter(({ name }) => name === "Job lake-buckets");
    const changes: [string, Workload, (workload: Workload) => void][] = [
      ["requests of CPU", server!, ({ pod }) => delete pod["containers"][0].resources.limits],
      ["a user other", server!, ({ pod }) => (pod["securityContext"].runAsNonRoot = false)],
      ["the runtime's", task!, ({ pod }) => delete pod["securityContext"].seccompProfile],
      [
        "no capability",
        server!,
        ({ pod }) => delete pod["initContainers"][0].securityContext.capabilities,
      ],
      [
        "a read-only",
        task!,
        ({ pod }) => delete pod["containers"][0].securityContext.readOnlyRootFilesystem,
      ],
      ["no token", server!, ({ pod }) => delete pod["automountServiceAccountToken"]],
      ["bounds on", server!, ({ pod }) => delete pod["volumes"][0].emptyDir.sizeLimit],
      [
        "secrets by",
        server!,
        ({ pod }) => pod["containers"][0].env.push({ name: "KEY", value: "[secret]" }),
      ],
      ["probes of", server!, ({ pod }) => delete pod["containers"][0].readinessProbe],
      ["two pods", server!, (workload) => (workload.replicas = 1)],
      ["a spread", server!, ({ pod }) => pod["topologySpreadConstraints"].pop()],
      ["a budget", server!, (workload) => (workload.labels = { app: "renamed" })],
      ["a monitor", server!, (workload) => (workload.namespace = "elsewhere")],
      ["an end", task!, ({ spec }) => delete spec["activeDeadlineSeconds"]],
    ];
    assert.equal(changes.length, demands.length);
    for (const [demand, workload, change] of changes) {
      const changed = structuredClone(workload);
      change(changed);
      const found = shortcomings([changed], resources);
      assert.ok(
        found.some((lack) => lack.startsWith(`${workload.name}: ${demand}`)),
        `${demand}: ${found.join("; ")}`,
      );
    }
  });

  for (const { name, check } of claims) {
    it(name, () => check(new Platform(resources)));
  }
});
