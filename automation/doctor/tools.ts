import { isOlder } from "../isOlder";
import { z } from "zod";
import { oldestCli } from "../stacks/pulumiCli";
import { type Finding, failure, good, notChecked, warning } from "./finding";
import type { StackNeeds } from "./stackNeeds";
import { type RunTool, answerAs } from "./toolRun";

/** A tool that must be on PATH, and the oldest version that is known to work. */
interface Tool {
  name: string;
  command: string;
  arguments: string[];
  oldest: string;
  /** What it is for, as the end of "needed for". */
  purpose: string;
  install: string;
  /** What it means where it is missing or too old. */
  grave: typeof failure;
}

/** The user's own, which `pulumi up` takes: not the one of `npm ci`, which `mlp` may run on. */
const node: Tool = {
  name: "Node",
  command: "node",
  arguments: ["--version"],
  // Oldest that every part of the repository runs on.
  oldest: "20.0.0",
  purpose: "the program, which `pulumi up` runs on it",
  install: "https://nodejs.org",
  grave: failure,
};
const pulumi: Tool = {
  name: "Pulumi CLI",
  command: "pulumi",
  arguments: ["version"],
  oldest: oldestCli,
  purpose: "`pulumi up`",
  install: "https://www.pulumi.com/docs/install",
  grave: failure,
};
const kubectl: Tool = {
  name: "kubectl",
  command: "kubectl",
  arguments: ["version", "--client", "--output=json"],
  // It is supported one minor version beside the API server, which has the program's version.
  oldest: "1.34.0",
  purpose: "looking at the cluster",
  install: "https://kubernetes.io/docs/tasks/tools",
  grave: warning,
};
const azureTools: Tool[] = [
  {
    name: "Azure CLI",
    command: "az",
    arguments: ["version", "--output", "json"],
    oldest: "2.60.0",
    purpose: "signing in to Azure",
    install: "https://learn.microsoft.com/cli/azure/install-azure-cli",
    grave: failure,
  },
  {
    name: "kubelogin",
    command: "kubelogin",
    arguments: ["--version"],
    oldest: "0.1.0",
    purpose: "the cluster's kubeconfig",
    install: "https://azure.github.io/kubelogin/install.html",
    grave: failure,
  },
];
const number = /\d+\.\d+\.\d+/;
const login = z.object({ user: z.string().optional(), url: z.string().optional() });

/** Looks at the programs on this machine. Without a stack only those that none can do without. */
export async function examineTools(run: RunTool, needs?: StackNeeds): Promise<Finding[]> {
  const tools = [node, pulumi, kubectl, ...(needs?.azure === undefined ? [] : azureTools)];
  const found = await Promise.all(tools.map((tool) => examineTool(tool, run)));
  return [...found, await examineBackend(run)];
}

async function examineTool(tool: Tool, run: RunTool): Promise<Finding> {
  const answer = await run(tool.command, ...tool.arguments);
  const remedy = `Install ${tool.oldest} or newer: ${tool.install}.`;
  if (answer.isMissing) {
    return tool.grave(tool.name, `${answer.error}; needed for ${tool.purpose}`, remedy);
  }
  const version = answer.isGood ? number.exec(answer.stdout)?.[0] : undefined;
  if (version === undefined) {
    const seen = answer.error || `\`${tool.command} ${tool.arguments.join(" ")}\` names no version`;
    return tool.grave(tool.name, seen, `Check what \`${tool.command}\` on PATH is. ${remedy}`);
  }
  return isOlder(version, tool.oldest)
    ? tool.grave(tool.name, version, remedy)
    : good(tool.name, version);
}

async function examineBackend(run: RunTool): Promise<Finding> {
  const subject = "Pulumi backend";
  const answer = await run("pulumi", "whoami", "--json", "--non-interactive");
  if (answer.isMissing) {
    return notChecked(subject, `Pulumi CLI ${answer.error}`, "Install the CLI first.");
  }
  const said = answerAs(login, answer);
  if (said === undefined) {
    if (answer.isGood) {
      const remedy = "Check what `pulumi` on PATH is, then run this again.";
      return notChecked(subject, "the output of `pulumi whoami` can't be read", remedy);
    }
    const remedy =
      "Run `pulumi login` for Pulumi Cloud, or `pulumi login <url>` for a state of your own.";
    return failure(subject, answer.error || "not logged in", remedy);
  }
  return good(subject, [said.user, said.url].filter(Boolean).join(" at "));
}
