import { resolve } from "node:path";
import { parseArgs } from "node:util";
import * as messages from "@pulumi/pulumi/proto/analyzer_pb";
import { Analyzer } from "../../preview/engine/policies/analyzer";
import { toStruct, type WireObject } from "../../preview/engine/values/wire";
import { buildPolicyPack } from "../../preview/engine/policies/buildPolicyPack";
import { preview } from "../../preview/preview";
import type { StackPreview } from "../../preview/report/stackPreview";
import type { PreviewResource } from "../../preview/engine/programRun";
import { alignColumns } from "../../screen/terminal";

/** Medians that the pack has to keep, in ms. */
const goals = {
  /** From the start of the pack's process to its answer. */
  start: 1500,
  /** Every resource of prod through every policy, one after the other. */
  prod: 2000,
};

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
  const elapsed = performance.now() - started;
  await analyzer.close();
  return elapsed;
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
  return performance.now() - started;
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

async function medianOf(runs: number, measure: () => Promise<number>): Promise<number> {
  // The first run fills caches; its time is another question.
  await measure();
  const values: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    values.push(await measure());
  }
  values.sort((left, right) => left - right);
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { runs: { type: "string", default: "5" } } });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) {
    throw new Error(`--runs "${values.runs}" is no number of runs: give a whole number from 1.`);
  }
  await buildPolicyPack(policyDir);
  const start = await medianOf(runs, timeStart);
  const { resources } = (await runProd(false)).result;
  const analyzer = await startPack();
  const analysis = await medianOf(runs, () => timeAnalysis(analyzer, resources));
  await analyzer.close();
  const bare = await medianOf(runs, async () => (await runProd(false)).wallMs);
  const full = await medianOf(runs, async () => (await runProd(true)).wallMs);
  const rows: [string, number, number | undefined][] = [
    ["pack start", start, goals.start],
    [`${resources.length} resources of prod, analyzed`, analysis, goals.prod],
    ["preview of prod without policies", bare, undefined],
    ["preview of prod with policies", full, undefined],
  ];
  const shown = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
  const table = rows.map(([name, ms, goal]) => [
    name,
    shown(ms),
    goal === undefined ? "" : shown(goal),
    goal === undefined ? "" : ms <= goal ? "kept" : "missed",
  ]);
  console.log(`medians of ${runs} runs on Node ${process.versions.node}`);
  const lines = alignColumns([["", "median", "goal", ""], ...table], new Set([1, 2]));
  console.log(lines.join("\n"));
  if (rows.some(([, ms, goal]) => goal !== undefined && ms > goal)) {
    process.exitCode = 1;
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
