import { listImages } from "../../charts/images/listImages";
import { preview } from "../../preview/preview";
import { updateRefuses } from "../../program/problems";
import { failures, type StackPreview } from "../../preview/report/stackPreview";
import { UserError, problemText } from "../../screen/userError";
import { examineAzure } from "./azure";
import { examineCluster, gatewayAddress } from "./cluster";
import { type Resolve, examineDomain } from "./domain";
import { type Examination, type Finding, failure, good, notChecked, warning } from "./finding";
import { examineGitHub } from "./github";
import { examineDockerHub, examineImages } from "./images";
import { examinePlaceholders } from "./placeholders";
import { type StackNeeds, stackNeeds } from "./stackNeeds";
import type { RunTool } from "./toolRun";
import { examineTools } from "./tools";

/** What to look at, and by what. */
export interface DoctorOptions {
  /** Folder with `Pulumi.yaml`. */
  projectDir: string;
  /** Folder of the platform's policy pack. */
  policyDir: string;
  /** Stack whose needs are looked at. @default only the tools */
  stack?: string;
  /**
   * Context of kubectl for the running cluster, which is looked at without a stack too.
   * @default the stack's own, where it names one
   */
  context?: string;
  /** @default none was given */
  githubToken?: string;
  run: RunTool;
  resolve: Resolve;
  signal: AbortSignal;
  onProgress: (step: string) => void;
}

/** Looks at all that a stack needs. Changes nothing anywhere. */
export async function examine(options: DoctorOptions): Promise<Examination[]> {
  const { stack, run, onProgress } = options;
  if (stack === undefined) {
    onProgress("looking at tools");
    const tools = { part: "Tools", findings: await examineTools(run) };
    return [tools, ...(await examineGivenCluster(options))];
  }
  onProgress(`running the program of ${stack}`);
  const { findings, shown } = await examineProgram(options, stack);
  const needs = shown === undefined ? undefined : stackNeeds(shown);
  onProgress("looking at tools");
  const tools = await examineTools(run, needs);
  const examinations = [
    { part: "Tools", findings: tools },
    { part: `Program of ${stack}`, findings },
  ];
  const surroundings =
    needs === undefined
      ? await examineWithoutNeeds(options, stack)
      : await examineSurroundings(options, stack, needs);
  return [...examinations, ...surroundings];
}

/** The cluster of the context that was given, if one was: it can be looked at without a stack. */
async function examineGivenCluster(options: DoctorOptions): Promise<Examination[]> {
  const { context, run, onProgress } = options;
  if (context === undefined) {
    return [];
  }
  onProgress("looking at Cluster");
  return [{ part: "Cluster", findings: await examineCluster(run, context) }];
}

/** Names each part that can't be looked at while the program doesn't tell what it needs. */
async function examineWithoutNeeds(options: DoctorOptions, stack: string): Promise<Examination[]> {
  const seen = `the program of ${stack} fails, so it is not known what it needs`;
  const remedy = "Mend what is said of the program, then run this again.";
  const unseen = (part: string) => ({ part, findings: [notChecked(part, seen, remedy)] });
  const cluster = await examineGivenCluster(options);
  return [
    ...["Azure", "GitHub", "Images"].map(unseen),
    ...(cluster.length > 0 ? cluster : [unseen("Cluster")]),
    unseen("Domain"),
  ];
}

/** The program of a stack in the offline engine, with the policies. */
async function examineProgram(
  options: DoctorOptions,
  stack: string,
): Promise<{ findings: Finding[]; shown?: StackPreview }> {
  const { projectDir, policyDir, signal, onProgress } = options;
  const subject = "Preview";
  const remedy = `\`mlp preview --stack ${stack}\` shows all of it.`;
  try {
    const shown = await preview({ projectDir, stack, policyDir, signal, onProgress });
    const warnings = shown.result.diagnostics
      .filter(({ severity }) => severity === "warning")
      // Each such fault has a finding of its own.
      .filter(({ message }) => !message.includes(updateRefuses))
      .map(({ message }) => warning("Configuration", message.trim(), remedy));
    const reasons = failures(shown.result);
    if (reasons.length > 0) {
      return { findings: [failure(subject, reasons.join(", "), remedy), ...warnings] };
    }
    const count = shown.result.resources.length;
    const findings = [
      good(subject, `${count} resources, no violation`),
      ...examinePlaceholders(projectDir, stack),
      ...warnings,
    ];
    return { findings, shown };
  } catch (error) {
    if (!(error instanceof UserError)) {
      throw error;
    }
    return {
      findings: error.problems.map((problem) =>
        failure("Configuration", problemText(problem), remedy),
      ),
    };
  }
}

async function examineSurroundings(
  options: DoctorOptions,
  stack: string,
  needs: StackNeeds,
): Promise<Examination[]> {
  const { run, signal, onProgress } = options;
  const examinations: Examination[] = [];
  const look = async (part: string, examined: () => Promise<Finding[]>) => {
    onProgress(`looking at ${part}`);
    const findings = await examined().catch((error: unknown) => {
      if (!(error instanceof UserError)) {
        throw error;
      }
      // One part that can't be looked at takes nothing away from the others.
      const remedy = `\`mlp preview --stack ${stack}\` may show more.`;
      return error.problems.map((problem) =>
        notChecked(part, problemText({ ...problem, remedy: undefined }), problem.remedy ?? remedy),
      );
    });
    examinations.push({ part, findings });
  };
  const { azure, github, modelDomain } = needs;
  if (azure !== undefined) {
    await look("Azure", () => examineAzure(run, azure));
  }
  if (github !== undefined) {
    await look("GitHub", () => examineGitHub(github, options.githubToken, signal));
  }
  await look("Images", async () => {
    const { images } = await listImages(options.projectDir, stack, signal);
    const names = images.map(({ image }) => image);
    return [
      ...(await examineImages(names, signal)),
      ...(azure === undefined ? [] : examineDockerHub(names)),
    ];
  });
  const context = options.context ?? needs.kubernetesContext;
  await look("Cluster", async () => {
    if (context === undefined) {
      const remedy = "Give its context by --context once it is there.";
      return [notChecked("API server", "the stack names no kubectl context", remedy)];
    }
    return examineCluster(run, context);
  });
  if (modelDomain !== undefined) {
    await look("Domain", async () => {
      const gateway = context === undefined ? undefined : await gatewayAddress(run, context);
      return examineDomain(modelDomain, gateway, options.resolve);
    });
  }
  return examinations;
}
