import assert from "node:assert/strict";
import { examineAzure } from "../../../automation/doctor/azure";
import { type Finding, Severity } from "../../../automation/doctor/finding";
import { stackNeeds } from "../../../automation/doctor/stackNeeds";
import { answer, answering, azureAnswers, needs, offered, usage } from "./azureAnswers";

/** Findings that aren't good, with some answers changed. */
async function findings(change: Record<string, unknown> = {}): Promise<Finding[]> {
  const all = await examineAzure(answering({ ...azureAnswers(), ...change }), needs);
  return all.filter(({ severity }) => severity !== Severity.Good);
}

async function only(change: Record<string, unknown>): Promise<Finding> {
  const found = await findings(change);
  assert.equal(found.length, 1, JSON.stringify(found));
  return found[0]!;
}

describe("mlp doctor on Azure", () => {
  it("finds all good where all is there, and says what it saw", async () => {
    const all = await examineAzure(answering(azureAnswers()), needs);
    assert.deepEqual(
      all.map(({ subject, seen, severity }) => [subject, seen, severity]),
      [
        [
          "Subscription",
          "ML (11111111-2222-3333-4444-555555555555), signed in as ada@example.org",
          Severity.Good,
        ],
        ["Resource providers", "all 2 are registered", Severity.Good],
        ["Rights of the deployer", "Owner", Severity.Good],
        ["Kubernetes 1.35", "offered in westeurope", Severity.Good],
        ["Standard_D4ds_v5", "offered in westeurope, zones 1, 2", Severity.Good],
        ["Standard_D8ds_v5", "offered in westeurope, zones 1, 2", Severity.Good],
        [
          "vCPU quota standardDDSv5Family",
          "0 of 100 in use; the stack needs 8 idle, 16 at full load",
          Severity.Good,
        ],
        [
          "vCPU quota cores",
          "0 of 100 in use; the stack needs 8 idle, 16 at full load",
          Severity.Good,
        ],
        [
          "vCPU quota lowPriorityCores",
          "0 of 100 in use; the stack needs 0 idle, 32 at full load",
          Severity.Good,
        ],
      ],
    );
  });

  it("asks by the object id of a person, and by the application of a service", async () => {
    const asked: string[] = [];
    const watched = (user: object) => {
      const account = { ...(azureAnswers()["account show"] as object), user };
      const answers = answering({ ...azureAnswers(), "account show": account });
      return examineAzure((tool, ...args) => {
        asked.push(/--assignee (\S+)/.exec(args.join(" "))?.[1] ?? "");
        return answers(tool, ...args);
      }, needs);
    };
    await watched({ name: "ada@example.org", type: "user" });
    await watched({ name: "88888888-2222-3333-4444-555555555555", type: "servicePrincipal" });
    assert.deepEqual(asked.filter(Boolean), [
      "77777777-2222-3333-4444-555555555555",
      "88888888-2222-3333-4444-555555555555",
    ]);
  });

  it("names the command where nobody is signed in, and asks nothing more", async () => {
    const found = await examineAzure(
      async () => answer({ error: "ERROR: Please run 'az login' to setup account." }),
      needs,
    );
    assert.deepEqual(
      found.map(({ subject, severity }) => [subject, severity]),
      [["Subscription", Severity.Failure]],
    );
    assert.match(found[0]!.remedy!, /`az login`/);
  });

  for (const stdout of ["", "WARNING: upgrade\n{}", "{}", "[]", '{"id":"secret"']) {
    it(`doesn't take an output that can't be read for a missing sign-in: ${stdout}`, async () => {
      const found = await examineAzure(async () => answer({ isGood: true, stdout }), needs);
      assert.deepEqual(
        found.map(({ severity, seen }) => [severity, seen]),
        [[Severity.NotChecked, "the output of `az account show` can't be read"]],
      );
      assert.doesNotMatch(found[0]!.remedy!, /az login/);
    });
  }

  for (const name of ["systemAssignedIdentity", "userAssignedIdentity"]) {
    it(`doesn't take ${name} for whom roles are assigned to`, async () => {
      const account = azureAnswers()["account show"] as object;
      const user = { name, type: "servicePrincipal", assignedIdentityInfo: "MSI" };
      const { subject, severity, seen, remedy } = await only({
        "account show": { ...account, user },
        "role assignment list": [],
      });
      assert.deepEqual([subject, severity], ["Rights of the deployer", Severity.NotChecked]);
      assert.match(seen, new RegExp(`no id of a managed identity, only ${name}`));
      assert.match(remedy!, /--assignee <its object id>/);
    });
  }

  it("names each resource provider that isn't registered, with the command", async () => {
    const { subject, seen, remedy } = await only({
      "provider list": [
        { namespace: "Microsoft.Compute", registrationState: "Registered" },
        { namespace: "Microsoft.ContainerService", registrationState: "NotRegistered" },
      ],
    });
    assert.equal(subject, "Resource provider Microsoft.ContainerService");
    assert.equal(seen, "NotRegistered");
    assert.match(remedy!, /az provider register --wait --namespace Microsoft.ContainerService/);
  });

  const role = (roleDefinitionName: string, condition: string | null = null) => ({
    roleDefinitionName,
    scope: "/",
    condition,
  });
  for (const [held, severity] of [
    [[], Severity.Failure],
    [[role("Contributor")], Severity.Failure],
    [[role("User Access Administrator")], Severity.Failure],
    [[role("Contributor"), role("Role Based Access Control Administrator")], undefined],
    [
      [role("Contributor"), role("Role Based Access Control Administrator", "@Request[…]")],
      Severity.Warning,
    ],
  ] as const) {
    const names = held.map((each) => each.roleDefinitionName).join(", ") || "no role";
    it(`finds ${severity ?? "good"}: ${names}${held[1]?.condition ? " by condition" : ""}`, async () => {
      const found = await findings({ "role assignment list": held });
      assert.deepEqual(
        found.map((each) => each.severity),
        severity === undefined ? [] : [severity],
      );
    });
  }

  it("refuses a version of Kubernetes that the region doesn't offer", async () => {
    const values = [offered("1.36", "KubernetesOfficial")];
    const { seen } = await only({ "aks get-versions": { values } });
    assert.equal(seen, "westeurope offers 1.36 under KubernetesOfficial");
  });

  it("counts a version only under the support plan that the cluster has", async () => {
    const values = [
      offered("1.35", "AKSLongTermSupport"),
      offered("1.36", "KubernetesOfficial", "AKSLongTermSupport"),
    ];
    const { severity, seen } = await only({ "aks get-versions": { values } });
    assert.equal(severity, Severity.Failure);
    assert.equal(
      seen,
      "westeurope offers 1.36 under KubernetesOfficial, this one under AKSLongTermSupport alone",
    );
    const run = answering({ ...azureAnswers(), "aks get-versions": { values } });
    const premium = await examineAzure(run, { ...needs, supportPlan: "AKSLongTermSupport" });
    assert.ok(premium.every((each) => each.severity === Severity.Good));
  });

  it("takes the support plan from the stack's cluster", () => {
    const planOf = (inputs: object) => {
      const type = "azure-native:containerservice:ManagedCluster";
      const resources = [{ type, inputs: { location: "westeurope", ...inputs } }];
      const shown = { result: { resources, outputs: {} }, capacity: { pools: [] } };
      return stackNeeds(shown as any).azure?.supportPlan;
    };
    assert.equal(planOf({ supportPlan: "AKSLongTermSupport" }), "AKSLongTermSupport");
    assert.equal(planOf({}), "KubernetesOfficial");
  });

  it("doesn't know a version whose support plans aren't told", async () => {
    const values = [{ version: "1.35" }, { version: "1.36", capabilities: null }];
    const { severity, seen } = await only({ "aks get-versions": { values } });
    assert.equal(severity, Severity.NotChecked);
    assert.equal(seen, "westeurope names no version under KubernetesOfficial");
  });

  it("says why a size can't be had", async () => {
    const [first, second] = azureAnswers()["vm list-skus"] as any[];
    const closed = { type: "Location", reasonCode: "NotAvailableForSubscription" };
    const zone = { type: "Zone", reasonCode: "x", restrictionInfo: { zones: ["2"] } };
    const sizes = async (...skus: unknown[]) =>
      (await findings({ "vm list-skus": skus })).map(({ subject, seen }) => `${subject}: ${seen}`);
    assert.deepEqual(await sizes(first), ["Standard_D8ds_v5: not offered in westeurope"]);
    assert.deepEqual(await sizes(first, { ...second, restrictions: [closed] }), [
      "Standard_D8ds_v5: closed in westeurope to this subscription: NotAvailableForSubscription",
    ]);
    assert.deepEqual(await sizes(first, { ...second, restrictions: [zone] }), [
      "Standard_D8ds_v5: not in zone 2 of westeurope",
    ]);
  });

  for (const [used, limit, severity] of [
    ["0", "7", Severity.Failure],
    ["8", "15", Severity.Warning],
    ["90", "100", Severity.Warning],
    ["84", "100", undefined],
  ] as const) {
    it(`finds ${severity ?? "good"}: ${used} of ${limit} vCPUs in use, 8 to 16 wanted`, async () => {
      const found = await findings({
        "vm list-usage": [
          usage("cores", "0", "100"),
          usage("LowPriorityCores", "0", "100"),
          usage("standardDDSv5Family", used, limit),
        ],
      });
      assert.deepEqual(
        found.map((each) => [each.subject, each.severity]),
        severity === undefined ? [] : [["vCPU quota standardDDSv5Family", severity]],
      );
    });
  }

  for (const garbage of [null, [], {}, [null], "text", [{ name: 1 }], { values: [{}] }]) {
    it(`finds nothing good in an answer that is ${JSON.stringify(garbage)}`, async () => {
      const answers = Object.fromEntries(
        Object.keys(azureAnswers()).map((words) => [words, garbage]),
      );
      const account = { "account show": azureAnswers()["account show"] };
      const [, ...found] = await examineAzure(answering({ ...answers, ...account }), needs);
      assert.ok(found.length >= 4);
      assert.ok(found.every(({ severity }) => severity !== Severity.Good));
    });
  }

  it("counts what an account may not read as not checked, never as good", async () => {
    const account = { "account show": azureAnswers()["account show"] };
    const all = await examineAzure(answering(account), needs);
    assert.deepEqual(
      all.slice(1).map(({ subject, severity }) => [subject, severity]),
      [
        ["Resource providers", Severity.NotChecked],
        ["Rights of the deployer", Severity.NotChecked],
        ["Kubernetes 1.35", Severity.NotChecked],
        ["Sizes and vCPU quota", Severity.NotChecked],
      ],
    );
  });
});
