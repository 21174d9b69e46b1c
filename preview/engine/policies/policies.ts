import * as messages from "@pulumi/pulumi/proto/analyzer_pb";
import type { PolicyFinding, PolicySummary } from "../programRun";
import { Analyzer, levelName, type AnalyzerScope, type PolicyPackOptions } from "./analyzer";
import { analyzeRequest, stackRequest } from "./analyzerRequests";
import type { Inspection, Registration } from "../resources/deployment";
import { policySettings, type EnforcementName, type PolicySettings } from "./policyConfig";
import { messageOf } from "../rpc";
import { stackType } from "../resources/urns";
import { fromStruct, normalize, toStruct, type WireObject } from "../values/wire";

/** A pack that runs, with what its policies run with and what they saw. */
interface Pack {
  analyzer: Analyzer;
  settings: Map<string, PolicySettings>;
  /** Which resources each policy looked at; empty text for the whole stack. */
  seen: Map<string, Set<string>>;
}

/**
 * All policy packs of a run. Remediations of one pack feed the next, in order; analysis runs beside
 * the program, as nothing of a preview waits for it.
 */
export class Policies implements Inspection {
  readonly reports: PolicyFinding[] = [];
  private readonly pending: Promise<void>[] = [];
  private readonly packs: Promise<Pack[]>;

  constructor(
    options: PolicyPackOptions[],
    scope: AnalyzerScope,
    signal: AbortSignal,
    private readonly lookUp: (urn: string) => Registration | undefined,
  ) {
    this.packs = Promise.all(options.map((option) => startPack(option, scope, signal)));
    // The run awaits the packs later; a pack that cannot start must not end the process before.
    this.packs.catch(() => undefined);
  }

  /** Resolves when every pack answers; rejects where one cannot start or its config is wrong. */
  async ready(): Promise<void> {
    await this.packs;
  }

  async remediate(registration: Registration): Promise<WireObject> {
    let inputs = registration.inputs;
    // The program waits for its stack before it does anything, and a stack has nothing to mend.
    if (registration.type === stackType) {
      return inputs;
    }
    for (const pack of await this.packs) {
      const remediating = namesAt(pack, "remediate");
      if (remediating.length === 0) {
        continue;
      }
      const request = analyzeRequest({ ...registration, inputs }, this.lookUp);
      const answer = await pack.analyzer.remediate(request).catch((error: unknown) => {
        throw new Error(analysisFailure(error));
      });
      see(pack, remediating, answer.getNotApplicableList(), registration.urn);
      for (const remediation of answer.getRemediationsList()) {
        const failure = remediation.getDiagnostic();
        this.reports.push({
          policy: remediation.getPolicyname(),
          urn: registration.urn,
          enforcement: "remediate",
          kind: failure === "" ? "remediation" : "undecided",
          message: failure === "" ? remediation.getDescription() : failure,
        });
        if (failure !== "") {
          continue;
        }
        inputs = normalize(fromStruct(remediation.getProperties())) as WireObject;
      }
    }
    return inputs;
  }

  analyze(registration: Registration): void {
    const request = analyzeRequest(registration, this.lookUp);
    this.pending.push(
      this.packs.then(async (packs) => {
        for (const pack of packs) {
          this.take(pack, await pack.analyzer.analyze(request), registration.urn, false);
        }
      }),
    );
    this.pending.at(-1)?.catch(() => undefined);
  }

  /** Waits for the analysis of all resources, and then lets policies look at the whole stack. */
  async finish(resources: Registration[] | undefined): Promise<void> {
    await Promise.all(this.pending);
    if (resources === undefined) {
      return;
    }
    for (const pack of await this.packs) {
      if (pack.analyzer.stackPolicies.size === 0) {
        continue;
      }
      const answer = await pack.analyzer.analyzeStack(stackRequest(resources, this.lookUp));
      this.take(pack, answer, "", true);
    }
  }

  /** True where a mandatory policy refuses the stack. */
  get violated(): boolean {
    return this.reports.some(
      (report) => report.kind === "violation" && report.enforcement === "mandatory",
    );
  }

  async summary(): Promise<PolicySummary | undefined> {
    const packs = await this.packs;
    if (packs.length === 0) {
      return undefined;
    }
    return {
      pack: packs.map(({ analyzer }) => `${analyzer.name} ${analyzer.version}`).join(", "),
      policies: packs.flatMap((pack) =>
        pack.analyzer.policies.map(({ name, description }) => ({
          name,
          description,
          enforcement: pack.settings.get(name)?.enforcement ?? "advisory",
          evaluated: pack.seen.get(name)?.size ?? 0,
        })),
      ),
      reports: sorted(this.reports),
    };
  }

  async close(): Promise<void> {
    const packs = await this.packs.catch(() => []);
    await Promise.all(packs.map((pack) => pack.analyzer.close()));
  }

  private take(
    pack: Pack,
    answer: messages.AnalyzeResponse,
    urn: string,
    wholeStack: boolean,
  ): void {
    const asked = [...pack.settings.keys()].filter(
      (name) =>
        pack.settings.get(name)?.enforcement !== "disabled" &&
        pack.analyzer.stackPolicies.has(name) === wholeStack,
    );
    see(pack, asked, answer.getNotApplicableList(), urn);
    for (const diagnostic of answer.getDiagnosticsList()) {
      const undecided = diagnostic.getMessage().startsWith("can't run policy");
      this.reports.push({
        policy: diagnostic.getPolicyname(),
        urn: diagnostic.getUrn() || urn,
        enforcement: levelName(diagnostic.getEnforcementlevel()),
        kind: undecided ? "undecided" : "violation",
        message: withoutDescription(diagnostic),
      });
    }
  }
}

async function startPack(
  options: PolicyPackOptions,
  scope: AnalyzerScope,
  signal: AbortSignal,
): Promise<Pack> {
  const analyzer = await Analyzer.start(options, scope, signal);
  try {
    const settings = policySettings(analyzer.name, analyzer.policies, options.configFile);
    const request = new messages.ConfigureAnalyzerRequest();
    for (const [name, policy] of settings) {
      const config = new messages.PolicyConfig();
      config.setEnforcementlevel(levelNumbers[policy.enforcement]);
      config.setProperties(toStruct(policy.properties));
      request.getPolicyconfigMap().set(name, config);
    }
    await analyzer.configure(request);
    return { analyzer, settings, seen: new Map() };
  } catch (error) {
    await analyzer.close();
    throw error;
  }
}

function namesAt(pack: Pack, level: EnforcementName): string[] {
  return [...pack.settings]
    .filter(([, { enforcement }]) => enforcement === level)
    .map(([name]) => name);
}

/** Notes which of the policies asked did look at the resource. */
function see(
  pack: Pack,
  asked: string[],
  skipped: messages.PolicyNotApplicable[],
  urn: string,
): void {
  const passed = new Set(skipped.map((item) => item.getPolicyName()));
  for (const name of asked.filter((policy) => !passed.has(policy))) {
    const urns = pack.seen.get(name) ?? new Set<string>();
    pack.seen.set(name, urns.add(urn));
  }
}

const levelNumbers: Record<PolicySettings["enforcement"], messages.EnforcementLevel> = {
  advisory: messages.EnforcementLevel.ADVISORY,
  mandatory: messages.EnforcementLevel.MANDATORY,
  disabled: messages.EnforcementLevel.DISABLED,
  remediate: messages.EnforcementLevel.REMEDIATE,
};

/**
 * The pack's process puts the policy's description before each message; the summary has it once.
 */
function withoutDescription(diagnostic: messages.AnalyzeDiagnostic): string {
  const message = diagnostic.getMessage();
  const description = `${diagnostic.getDescription()}\n`;
  return message.startsWith(description) ? message.slice(description.length) : message;
}

/** Analysis ends in any order; reports are read by policy and resource. */
function sorted(reports: PolicyFinding[]): PolicyFinding[] {
  const key = (report: PolicyFinding) => [report.policy, report.urn, report.message].join("\n");
  return [...reports].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

/** What stopped the analysis, without the stack that the pack's process sends along. */
export function analysisFailure(error: unknown): string {
  const lines = messageOf(error).split("\n");
  return `policy analysis failed: ${lines.filter((line) => !/^\s+at /.test(line)).join("\n")}`;
}
