import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type ObjectKind, objectKinds, typeTokenOf } from "../../policy/rules/objectKinds";
import { violations } from "../../policy/rules/objectRule";
import { objectRules } from "../../policy/rules/objectRules";
import { mutations } from "../policy/allMutations";
import type { Subject } from "../policy/analyze";
import { compliant } from "../policy/compliant";
import type { Mutation } from "../policy/mutations";
import { type KubeObject, Refusal } from "./kubeApi";
import { skipWithoutBed } from "./noBed";
import { type StackCluster, prodCluster } from "./stackCluster";

const table = resolve(__dirname, "../../docs/admission.md");

/** A project's namespace that only the admission policies watch over. */
const namespace = "policies";

enum Outcome {
  Refused = "refused at admission",
  NotApplicable = "not applicable",
}

interface Row {
  mutation: Mutation;
  outcome: Outcome;
  reason: string;
}

describe("policies at admission", function () {
  this.timeout(3_600_000);
  before(skipWithoutBed);
  let at: StackCluster;
  const rows: Row[] = [];
  const problems: string[] = [];
  /** A binding that a test changed. */
  let changed: KubeObject | undefined;

  before(async () => {
    at = await prodCluster();
    assert.deepEqual(at.refused, []);
    await at.cluster.api.create({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: { "mlplatform.dev/project": namespace } },
    });
    // The API server compiles policies in the background.
    const bad = objectOf(compliant.pod())!;
    bad.spec.hostNetwork = true;
    await at.cluster.until("the admission policies are in force", async () => {
      const seen = await refusalOf(bad);
      return {
        done: seen?.includes("mlplatform-kubernetes-require-restricted-pods") ?? false,
        seen,
      };
    });
    for (const mutation of mutations) {
      rows.push(await admit(mutation));
    }
  });

  after(async () => {
    if (changed) {
      await at.cluster.api.apply(changed);
    }
  });

  it("accept what complies, of every kind", async () => {
    const refused: string[] = [];
    for (const [name, subject] of Object.entries(compliant)) {
      // Services of Ray have no compliant form: they never scale to zero.
      if (name === "rayService") {
        continue;
      }
      const object = objectOf(subject());
      const refusal = object && (await refusalOf(object));
      if (refusal) {
        refused.push(`${name}: ${refusal}`);
      }
    }
    assert.deepEqual(refused, []);
  });

  it("refuse every mutation that reaches the API server, with the preview's words", () => {
    assert.deepEqual(problems, []);
    const refusedCount = rows.filter(({ outcome }) => outcome === Outcome.Refused).length;
    console.log(
      `      ${rows.length} mutations: ${refusedCount} refused at admission, ` +
        `${rows.length - refusedCount} not applicable`,
    );
    const rules = objectRules.filter(({ notAtAdmission }) => notAtAdmission === undefined);
    for (const { name } of rules) {
      assert.ok(
        rows.some(
          ({ mutation, outcome }) => mutation.policy === name && outcome === Outcome.Refused,
        ),
        `${name} refused nothing`,
      );
    }
  });

  it("are in the table of the docs, row by row (UPDATE_GOLDEN=1 writes a new one)", () => {
    const text = markdown(rows);
    if (process.env.UPDATE_GOLDEN) {
      writeFileSync(table, text);
    }
    assert.equal(readFileSync(table, "utf8"), text);
  });

  it("only warn outside of prod, and let the object pass", async () => {
    const binding = at.objects.find(
      ({ object }) =>
        object.kind === "ValidatingAdmissionPolicyBinding" &&
        object.metadata.name === "mlplatform-kubernetes-require-restricted-pods",
    )!.object;
    changed = binding;
    const warning = structuredClone(binding);
    warning.spec.validationActions = ["Warn", "Audit"];
    await at.cluster.api.apply(warning);
    const bad = objectOf(compliant.pod())!;
    bad.spec.hostNetwork = true;
    await at.cluster.until("a warning", async () => {
      try {
        const { warnings } = await at.cluster.api.create(bad, true);
        return {
          done: warnings.some((text) => text.includes("hostNetwork is true")),
          seen: warnings,
        };
      } catch (error) {
        if (!(error instanceof Refusal)) {
          throw error;
        }
        return { done: false, seen: [error.message] };
      }
    });
  });

  /** Sends what a mutation made to the API server and judges the answer. */
  async function admit(mutation: Mutation): Promise<Row> {
    const rule = objectRules.find(({ name }) => name === mutation.policy);
    const notApplicable = (reason: string): Row => ({
      mutation,
      outcome: Outcome.NotApplicable,
      reason,
    });
    if (!rule) {
      return notApplicable(reasonWithoutRule(mutation));
    }
    if (rule.notAtAdmission) {
      return notApplicable(rule.notAtAdmission);
    }
    const [subject] = mutation.subjects;
    const object = objectOf(subject!);
    if (!object) {
      return notApplicable("objects outside of namespaces are the platform's own");
    }
    const title = `${mutation.policy}: ${mutation.title}`;
    const refusal = await refusalOf(object);
    if (refusal === undefined) {
      const stored = (await at.cluster.api.create(object, true)).object;
      const left = [...violations(rule, kindByToken.get(subject!.type)!, object.kind, stored)];
      if (left.length > 0) {
        problems.push(`${title}: accepted`);
      }
      return notApplicable("the API server fills in what is missing, and the result complies");
    }
    const ours =
      `ValidatingAdmissionPolicy '${mutation.policy}' with binding '${mutation.policy}' denied ` +
      "request: ";
    const start = refusal.indexOf(ours);
    if (start < 0) {
      if (refusal.includes("ValidatingAdmissionPolicy")) {
        problems.push(`${title}: ${refusal}`);
      }
      return notApplicable(`the API's own schema refuses it: ${shortened(refusal)}`);
    }
    const said = refusal.slice(start + ours.length);
    // The server stops at the first requirement that is broken.
    const expected = mutation.messages.map(atAdmission);
    if (!expected.some((message) => said.includes(message))) {
      problems.push(`${title}: says ${said}\nnot ${expected.join("\n or ")}`);
    }
    return { mutation, outcome: Outcome.Refused, reason: "" };
  }

  async function refusalOf(object: KubeObject): Promise<string | undefined> {
    try {
      await at.cluster.api.create(object, true);
      return undefined;
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
      return error.message;
    }
  }
});

/** A preview's message without what CEL cannot write: the path to the place, lists and maps. */
const atAdmission = (message: string) =>
  message
    .replace(/^(\w+ "[^"]*"), [^:]+(?=: )/, "$1")
    .replaceAll(/ (\{"[^ ]*\}|\[[^ ]*\])(?=[ :,])/g, " another value");

function reasonWithoutRule({ policy }: Mutation): string {
  if (/^mlplatform-(aks|azure|storage|github)-/.test(policy)) {
    return `it is about a resource of ${policy.includes("github") ? "GitHub" : "Azure"}`;
  }
  if (/^mlplatform-stack-/.test(policy)) {
    return "it is about options that only Pulumi knows";
  }
  return "it is about arguments of a component or a chart, or about a whole stack";
}

/** The kinds with their tokens, by which a subject says what it is. */
const kindByToken = new Map(
  Object.values<ObjectKind>(objectKinds).map((kind) => [typeTokenOf(kind), kind]),
);

/** A subject as a whole manifest in the namespace; undefined where it is none of a namespace. */
function objectOf({ type, name, props }: Subject): KubeObject | undefined {
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
  object.metadata = { ...object.metadata, name, namespace };
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

const shortened = (text: string) => {
  const line = text.split("\n")[0]!;
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
};

function markdown(all: Row[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const lines = all.map(({ mutation: { policy, title }, outcome, reason }) => {
    const verdict = reason ? `${outcome}: ${reason}` : outcome;
    return `| \`${policy}\` | ${cell(title)} | ${cell(verdict)} |`;
  });
  const refused = all.filter(({ outcome }) => outcome === Outcome.Refused).length;
  return `# Policies at admission

What a real API server (Kubernetes 1.35, the admission policies of \`prod\`) does with each change
that the policy pack refuses in a preview. Written by
\`UPDATE_GOLDEN=1 npx mocha test/cluster/admission.test.ts\`, and compared with the
server's answers by \`npm run test:cluster\`.

${all.length} mutations: ${refused} refused at admission, ${all.length - refused} not applicable.

| policy | mutation | at admission |
| --- | --- | --- |
${lines.join("\n")}
`;
}
