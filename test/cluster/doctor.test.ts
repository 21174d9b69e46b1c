import assert from "node:assert/strict";
import { examineCluster, gatewayAddress } from "../../automation/doctor/cluster";
import { type Finding, Severity } from "../../automation/doctor/finding";
import type { RunTool } from "../../automation/doctor/toolRun";
import { skipWithoutBed } from "./noBed";
import { type StackCluster, prodCluster } from "./stackCluster";

describe("mlp doctor on a real control plane", function () {
  this.timeout(600_000);
  before(skipWithoutBed);
  let at: StackCluster;
  let run: RunTool;

  before(async () => {
    at = await prodCluster();
    run = async (_tool, ...args) => {
      const { code, stdout, stderr } = at.cluster.kubectl(...args);
      return { isGood: code === 0, isMissing: false, stdout, error: stderr.trim() };
    };
  });

  const named = (findings: Finding[], subject: string) =>
    findings.find((each) => each.subject === subject)!;

  it("reads every kind that it judges", async () => {
    const findings = await examineCluster(run, "test");
    const subjects = findings.map(({ subject }) => subject);
    assert.deepEqual(subjects, [
      "API server (test)",
      "Nodes",
      "Deployments",
      "StatefulSets",
      "Volume claims",
      "Certificates",
      "Webhooks",
    ]);
    assert.match(findings[0]!.seen, /^v1\.\d+\.\d+$/);
    assert.ok(findings.every(({ severity }) => severity !== Severity.NotChecked));
  });

  it("names a webhook that no pod answers, and says what that stops", async () => {
    const webhook = {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "unanswered" },
      webhooks: [
        {
          name: "unanswered.example.org",
          clientConfig: { service: { namespace: "nowhere", name: "gone" } },
          admissionReviewVersions: ["v1"],
          sideEffects: "None",
          failurePolicy: "Fail",
          rules: [
            {
              apiGroups: ["example.org"],
              apiVersions: ["v1"],
              operations: ["CREATE"],
              resources: ["x"],
            },
          ],
        },
      ],
    };
    await at.cluster.api.create(webhook);
    try {
      const finding = named(await examineCluster(run, "test"), "Webhooks");
      assert.equal(finding.severity, Severity.Failure);
      assert.match(finding.seen, /unanswered asks nowhere\/gone, where no pod is ready/);
    } finally {
      at.cluster.kubectl("delete", "validatingwebhookconfiguration", "unanswered");
    }
  });

  it("says that a context isn't there", async () => {
    const findings = await examineCluster(run, "other");
    assert.deepEqual(
      findings.map(({ severity }) => severity),
      [Severity.Failure],
    );
    assert.match(findings[0]!.seen, /context "other" does not exist/);
  });

  it("doesn't know a gateway's address where there is none", async () => {
    assert.equal(await gatewayAddress(run, "test"), undefined);
  });
});
