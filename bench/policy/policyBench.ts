import { resolve } from "node:path";
import * as messages from "@pulumi/pulumi/proto/analyzer_pb";
import { Analyzer } from "../../preview/engine/policies/analyzer";
import { toStruct, type WireObject } from "../../preview/engine/values/wire";
import { buildPolicyPack } from "../../preview/engine/policies/buildPolicyPack";
import { preview } from "../../preview/preview";
import type { StackPreview } from "../../preview/report/stackPreview";
import type { PreviewResource } from "../../preview/engine/programRun";
import type { Bench } from "../bench";

/** Seconds that the medians have to keep. */
const goals = { start: { atMost: 1.5 }, prod: { atMost: 2 } };

const root = resolve(__dirname, "../..");
const policyDir = resolve(root, "policy");

/** Starts the pack as Pulumi does, and waits until it said what it holds. */
function startPack(): Promise<Analyzer> {
  return Analyzer.start(
    { dir: policyDir },
    {
      project: "mlplatform",
      stack: "prod",
      organization: "bench",
      preview: true,
      config: {},
      secretKeys: [],
    },
    new AbortController().signal,
  );
}

async function timeStart(): Promise<number> {
  const started = performance.now();
  const analyzer = await startPack();
  const seconds = (performance.now() - started) / 1000;
  await analyzer.close();
  return seconds;
}

/** Sends every resource to a pack that runs, as an update does: the next after the answer. */
async function timeAnalysis(analyzer: Analyzer, resources: PreviewResource[]): Promise<number> {
  const requests = resources.map(({ type, name, urn, inputs, protect }) => {
    const options = new messages.AnalyzerResourceOptions();
    options.setProtect(protect);
    const request = new messages.AnalyzeRequest();
    request.setType(type);
    request.setName(name);
    request.setUrn(urn);
    request.setProperties(toStruct(inputs as WireObject));
    request.setOptions(options);
    return request;
  });
  const started = performance.now();
  for (const request of requests) {
    await analyzer.analyze(request);
  }
  return (performance.now() - started) / 1000;
}

/** Runs the program of prod, with the policies or without. */
async function runProd(withPolicies: boolean): Promise<StackPreview> {
  const report = await preview({
    projectDir: root,
    stack: "prod",
    ...(withPolicies && { policyDir }),
  });
  if (!report.result.succeeded) {
    throw new Error("prod failed, and a failed run has no time");
  }
  return report;
}

/** Figures of several runs; the first one fills caches, and its time is another question. */
async function figuresOf(runs: number, measure: () => Promise<number>): Promise<number[]> {
  await measure();
  const figures: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    figures.push(await measure());
  }
  return figures;
}

/** The pack's own speed, and what it adds to a preview of prod. */
export const policyBench: Bench<{ runs: number }> = {
  options: { runs: { about: "how often each is measured", default: 5 } },
  prepare: async () => {
    await buildPolicyPack(policyDir);
  },
  parts: {
    start: {
      about: "from the start of the pack's process to its answer",
      measure: async ({ runs }) => {
        const figures = await figuresOf(runs, timeStart);
        return [{ name: "start of the pack", unit: "s", figures, goal: goals.start }];
      },
    },
    analysis: {
      about: "every resource of prod through every policy, one after the other",
      measure: async ({ runs }) => {
        const { resources } = (await runProd(false)).result;
        const analyzer = await startPack();
        const figures = await figuresOf(runs, () => timeAnalysis(analyzer, resources));
        await analyzer.close();
        const name = `${resources.length} resources of prod, analyzed`;
        return [{ name, unit: "s", figures, goal: goals.prod }];
      },
    },
    preview: {
      about: "a preview of prod without policies and with them",
      measure: async ({ runs }) => {
        const bare = await figuresOf(runs, async () => (await runProd(false)).wallMs / 1000);
        const full = await figuresOf(runs, async () => (await runProd(true)).wallMs / 1000);
        return [
          { name: "preview of prod without policies", unit: "s", figures: bare },
          { name: "preview of prod with policies", unit: "s", figures: full },
        ];
      },
    },
  },
};
