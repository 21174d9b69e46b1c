import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { computeCapacity } from "../../preview/capacity/computeCapacity";
import { type StackPreview, failures } from "../../preview/report/stackPreview";
import { computePrice } from "../../preview/prices/computePrice";
import { renderPreview } from "../../preview/report/renderPreview";
import { type ProgramRun, type PreviewResource, secretMark } from "../../preview/engine/programRun";
import { cluster, registered, resultOf, testSizes, urnOf, userPool } from "./registered";

const plain = { width: 100, color: false, isTerminal: false };
const pool = userPool("gpu", { vmSize: "Standard_NC24ads_A100_v4", maxCount: 2 });
const policy: ProgramRun["policy"] = {
  pack: "mlplatform 0.1.0",
  policies: [
    { name: "pinned", description: "Images are pinned.", enforcement: "mandatory", evaluated: 12 },
    { name: "tags", description: "Tags are there.", enforcement: "advisory", evaluated: 3 },
  ],
  reports: [],
};
const violation = (enforcement: "advisory" | "mandatory") => ({
  policy: "pinned",
  urn: urnOf("kubernetes:apps/v1:Deployment", "server"),
  enforcement,
  kind: "violation" as const,
  message: "Pin the image.",
});

function reportOf(
  resources: PreviewResource[] = [cluster(), pool],
  change: Partial<ProgramRun> = {},
): StackPreview {
  const capacity = computeCapacity(resources, testSizes);
  return {
    result: resultOf(resources, { policy, ...change }),
    capacity,
    price: computePrice(resources, capacity, undefined),
    wallMs: 2345,
  };
}

/* eslint-disable max-len -- the screen as it is printed */
const rendered = (report: StackPreview) => renderPreview(report, plain);

describe("preview report", () => {
  it("shows everything of a good run and ends in one line", () => {
    assert.equal(
      rendered(reportOf(undefined, { outputs: { kubeconfig: secretMark, host: "ml.example" } })),
      `mlplatform-dev                                                                                     2
├─ ManagedCluster core
└─ AgentPool core-gpu

Outputs
  kubeconfig  [secret]
  host        ml.example

Policies of mlplatform 0.1.0
  policy  level      resources  violations  remediated  undecided
  pinned  mandatory         12           0           0          0
  tags    advisory           3           0           0          0

Capacity: at zero load → at full load
  pool    size                      nodes    vCPU  memory GiB    GPU
  system  Standard_D4s_v5           2 → 3  8 → 12     32 → 48      0
  gpu     Standard_NC24ads_A100_v4  0 → 2  0 → 48     0 → 440  0 → 2
  total                             2 → 5  8 → 60    32 → 488  0 → 2

  disks                               number        GiB
  system disks of nodes, Premium_LRS   2 → 3  256 → 384

Price unknown: run \`mlp prices update\`

✔ dev · 2 resources (2 to create) · 2 policies · 2.3 s
`,
    );
  });

  it("puts a mandatory violation and its reason under the table, and fails", () => {
    const report = reportOf(undefined, {
      policy: { ...policy, reports: [violation("mandatory")] },
      succeeded: false,
    });
    const text = rendered(report);
    assert.match(text, /\n {2}mandatory pinned · Deployment server\n {4}Pin the image\.\n/);
    assert.match(text, /\n✘ dev failed: 1 mandatory policy violation · 2 resources/);
  });

  it("passes with an advisory violation, and counts it", () => {
    const report = reportOf(undefined, {
      policy: { ...policy, reports: [violation("advisory")] },
    });
    assert.deepEqual(failures(report.result), []);
    assert.match(rendered(report), /\n✔ dev · .* · 1 advisory violation · 2\.3 s\n$/);
  });

  it("fails on a secret in the open, and names where", () => {
    const secrets: ProgramRun["secrets"] = [
      {
        kind: "plainSecret",
        urn: urnOf("kubernetes:core/v1:Secret", "keys"),
        property: "stringData.password",
        message: "Mark it as a secret.",
      },
    ];
    const text = rendered(reportOf(undefined, { secrets }));
    assert.match(text, /Secrets in the open\n {2}Secret keys stringData\.password\n {4}Mark it/);
    assert.match(text, /✘ dev failed: 1 secret finding ·/);
  });

  it("shows why the program failed as the last thing before the verdict", () => {
    const diagnostics: ProgramRun["diagnostics"] = [
      { severity: "debug", urn: "", message: "not shown" },
      { severity: "error", urn: "", message: "boom\n  at index.ts:3" },
    ];
    const lines = rendered(reportOf([], { diagnostics, succeeded: false }))
      .trimEnd()
      .split("\n");
    assert.deepEqual(lines.slice(-6, -2), [
      "Messages of the program",
      "  error",
      "    boom",
      "      at index.ts:3",
    ]);
    assert.match(lines.at(-1)!, /^✘ dev failed: 1 error of the program/);
    assert.ok(!lines.join().includes("not shown"));
  });

  it("fails where the engine says so without a reason", () => {
    assert.deepEqual(failures(resultOf([], { succeeded: false })), ["the program failed"]);
  });

  it("says that no policies ran", () => {
    assert.match(rendered(reportOf(undefined, { policy: undefined })), / · no policies run · /);
  });

  it("shows requests instead of nodes where the cluster is not the stack's", () => {
    const server = registered("kubernetes:apps/v1:Deployment", "server", {
      spec: {
        template: {
          spec: { containers: [{ resources: { requests: { cpu: "250m", memory: "1Gi" } } }] },
        },
      },
    });
    const text = rendered(reportOf([server]));
    assert.match(text, /requests of pods {2}0\.25 +1 +0\n/);
    assert.match(text, /Price unknown: the stack makes no cluster/);
  });

  it("lists what it could not count", () => {
    const odd = userPool("odd", { vmSize: "Standard_Z9", maxCount: 1 });
    assert.match(
      rendered(reportOf([cluster(), odd])),
      /not counted\n {4}· node pool odd: vCPUs and memory of Standard_Z9 are not in\n? */,
    );
  });

  it("prices each line at zero and at full load, and names what is missing", () => {
    const report = reportOf();
    const price = (amount: number) =>
      ({ amount, unit: "hour", meterId: "", meterName: "", productName: "" }) as const;
    report.price = computePrice(report.result.resources, report.capacity, {
      region: "westeurope",
      currency: "EUR",
      fetchedAt: "2026-11-23T00:00:00Z",
      source: "test",
      prices: { "vm/Standard_D4s_v5": price(0.1), "aks/Standard": price(0.1) },
      missing: [],
    });
    const text = rendered(report);
    assert.match(
      text,
      /Price a month in EUR, list prices of 2026-11-23 in westeurope, 730 hours\n/,
    );
    assert.match(
      text,
      /nodes of pool system +vm\/Standard_D4s_v5 +2 → 3 +73\.00 +146\.00 +219\.00\n/,
    );
    assert.match(text, /\n {2}total +219\.00 +292\.00\n/);
    assert.match(text, /· nodes of pool gpu \(vm\/Standard_NC24ads_A100_v4\)\n/);
    assert.match(text, /not included: load balancer, traffic\n/);
  });

  it("colours without changing a character", () => {
    const report = reportOf();
    const coloured = renderPreview(report, { width: 100, color: true, isTerminal: false });
    assert.notEqual(coloured, rendered(report));
    assert.equal(stripVTControlCharacters(coloured), rendered(report));
  });
});
