import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { kindNamed } from "../../policy/rules/objectKinds";
import { violations } from "../../policy/rules/objectRule";
import { objectRules } from "../../policy/rules/objectRules";
import { mutations } from "../policy/allMutations";
import { bypasses } from "../policy/bypasses/allBypasses";
import { bases, type Bypass } from "../policy/bypasses/bypass";
import { compliantFiles } from "../policy/bypasses/compliantFiles";
import { compliant } from "../policy/compliant";
import { kindByToken, manifestNamespace as namespace, manifestOf } from "../policy/manifestOf";
import type { Mutation } from "../policy/mutations";
import { type KubeObject, Refusal } from "./kubeApi";
import { skipWithoutBed } from "./noBed";
import { projectSettings } from "./stackObjects";
import { type StackCluster, prodCluster } from "./stackCluster";

const table = resolve(__dirname, "../../docs/admission.md");
const bypassTable = resolve(__dirname, "../../docs/bypasses.md");

const rules = objectRules(projectSettings("prod"));

enum Outcome {
  Refused = "refused at admission",
  NotApplicable = "not applicable",
}

/** What came of a way past the policies. */
interface Tried {
  verdict: string;
  problem?: string;
}

interface BypassVerdict {
  bypass: Bypass;
  verdict: string;
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
    const bad = manifestOf(compliant.pod())!;
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
      const object = manifestOf(subject());
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
    for (const { name } of rules.filter(({ notAtAdmission }) => notAtAdmission === undefined)) {
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

  it("accept what mlp policy check says nothing of", async () => {
    const refused: string[] = [];
    for (const { title, object, notAtAdmission } of compliantFiles) {
      const refusal = notAtAdmission === undefined ? await refusalOf(object) : undefined;
      if (refusal !== undefined) {
        refused.push(`${title}: ${refusal}`);
      }
    }
    assert.deepEqual(refused, []);
  });

  it("refuse every way past them that an API server knows, and its page says so", async () => {
    const verdicts: BypassVerdict[] = [];
    const wrong: string[] = [];
    for (const bypass of bypasses) {
      const { verdict, problem } = await tried(bypass);
      verdicts.push({ bypass, verdict });
      if (problem !== undefined) {
        wrong.push(`${bypass.area}, ${bypass.title}: ${problem}`);
      }
    }
    assert.deepEqual(wrong, []);
    const text = bypassPage(verdicts);
    if (process.env.UPDATE_GOLDEN) {
      writeFileSync(bypassTable, text);
    }
    assert.equal(readFileSync(bypassTable, "utf8"), text);
    console.log(`      ${/^\d+ ways.*$/m.exec(text)![0]}`);
  });

  it("let KubeRay submit a job without a deadline, and nobody else", async () => {
    const job = bases.job();
    delete job.spec.activeDeadlineSeconds;
    const path = `${await at.cluster.api.path(job)}?dryRun=All`;
    const as = (user: string) =>
      at.cluster.api.call("POST", path, job, "application/json", {
        "impersonate-user": user,
        "impersonate-group": "system:masters",
      });
    await as("system:serviceaccount:kuberay-system:kuberay-operator");
    await assert.rejects(
      as("system:serviceaccount:policies:training"),
      /activeDeadlineSeconds is unset/,
    );
  });

  it("let a pod be changed that the scheduler gave a node", async () => {
    const pod = bases.pod();
    pod.metadata.name = "scheduled";
    const { api } = at.cluster;
    await api.create(pod);
    try {
      const path = await api.path(pod);
      await at.cluster.until("the pod has its node", async () => {
        const seen = (await api.get(pod))?.spec.nodeName;
        return { done: seen !== undefined, seen };
      });
      const patch = { metadata: { labels: { seen: "yes" } } };
      const { object } = await api.call(
        "PATCH",
        `${path}/scheduled`,
        patch,
        "application/merge-patch+json",
      );
      assert.equal(object.metadata.labels?.seen, "yes");
    } finally {
      await api.call("DELETE", `${await api.path(pod)}/scheduled?gracePeriodSeconds=0`);
    }
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
    const bad = manifestOf(compliant.pod())!;
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

  /** Sends a way past the policies to the API server, and judges the answer. */
  async function tried({ object, says, notAtAdmission }: Bypass): Promise<Tried> {
    if (object === undefined) {
      return { verdict: `${Outcome.NotApplicable}: ${notAtAdmission}` };
    }
    const refusal = await refusalOf(object);
    const policy = refusal && /ValidatingAdmissionPolicy '([\w-]+)'/.exec(refusal)?.[1];
    if (notAtAdmission !== undefined) {
      return policy
        ? { verdict: "", problem: `is refused after all: ${refusal}` }
        : { verdict: `${Outcome.NotApplicable}: ${notAtAdmission}` };
    }
    if (refusal === undefined) {
      return { verdict: "", problem: "accepted" };
    }
    if (!policy) {
      return { verdict: `refused by the API's own schema: ${shortened(refusal)}` };
    }
    // The server names one of the policies that refuse, and no order is promised.
    const refusing = brokenBy(object);
    if (!refusing.includes(policy) || (refusing.length === 1 && !says.test(refusal))) {
      return { verdict: "", problem: `says ${refusal}, not ${says} of ${refusing.join(", ")}` };
    }
    return { verdict: `refused by ${refusing.map((name) => `\`${name}\``).join(" or ")}` };
  }

  /** Sends what a mutation made to the API server and judges the answer. */
  async function admit(mutation: Mutation): Promise<Row> {
    const rule = rules.find(({ name }) => name === mutation.policy);
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
    const object = manifestOf(subject!);
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

/** The policies that an object breaks, as this process judges it. */
function brokenBy(object: KubeObject): string[] {
  const kind = kindNamed(object.apiVersion, object.kind)!;
  return rules
    .filter((rule) => rule.kinds.includes(kind))
    .filter((rule) => [...violations(rule, kind, "", object)].length > 0)
    .map(({ name }) => name)
    .sort();
}

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

const shortened = (text: string) => {
  const line = text.split("\n")[0]!;
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
};

function bypassPage(all: BypassVerdict[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const areas = [...new Set(all.map(({ bypass }) => bypass.area))];
  const tables = areas.flatMap((area) => [
    "",
    `## ${area[0]!.toUpperCase()}${area.slice(1)}`,
    "",
    "| what is tried | at admission |",
    "| --- | --- |",
    ...all
      .filter(({ bypass }) => bypass.area === area)
      .map(({ bypass, verdict }) => `| ${cell(bypass.title)} | ${cell(verdict)} |`),
  ]);
  const notApplicable = all.filter(({ verdict }) => verdict.startsWith(Outcome.NotApplicable));
  const unlike = compliantFiles.filter(({ notAtAdmission }) => notAtAdmission !== undefined);
  const counts = [
    `${all.length} ways`,
    `${all.length - notApplicable.length} refused at admission`,
    `${notApplicable.length} not applicable there`,
  ].join(", ");
  return `# Ways past the policies

What was tried against the policies for objects of projects, as \`prod\` has them. The check
\`mlp policy check --stack prod\` refuses every one, by \`npx mocha test/policy/bypasses\`; the
second column is what a real API server (Kubernetes 1.35) does. Written by
\`UPDATE_GOLDEN=1 npx mocha test/cluster/admission.test.ts\`.

${counts}.

${compliantFiles.length} objects that comply pass the check without a word, and the API server too,
but for ${unlike.length} whose names no server takes.
${tables.join("\n")}
`;
}

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
server's answers by \`npm run test:cluster\`. What else was tried is in [bypasses.md](bypasses.md).

${all.length} mutations: ${refused} refused at admission, ${all.length - refused} not applicable.

| policy | mutation | at admission |
| --- | --- | --- |
${lines.join("\n")}
`;
}
