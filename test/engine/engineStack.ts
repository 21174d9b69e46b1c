import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { KubeObject } from "../cluster/kubeApi";
import { nodesOf } from "../cluster/nodes";
import { updatedStack } from "../cluster/stackObjects";
import { type TestCluster, startCluster } from "../cluster/testCluster";
import { BedControllers } from "./bedControllers";
import { writeChartStandIns } from "./chartStandIns";
import { Cloud } from "./cloud/cloud";
import type { PreviewStep, RealResource } from "./differences";
import { EngineBed, type Ran } from "./engineBed";
import { type Changes, type EngineEvent, eventsOf } from "./engineEvents";
import { buildEngine } from "./programs";
import { StartedParts } from "./startedParts";
import { edited, stackText } from "./stackText";

const root = resolve(__dirname, "../..");

/**
 * Controllers that the bed goes without: this one's findings on the types of admission policies
 * stand in their status, where no test reads them, and cost a fifth of the processor time of an up.
 */
const notNeeded = ["validatingadmissionpolicy-status-controller"];

/** A deployment as `pulumi stack export` gives it. */
export interface Deployment {
  resources?: (RealResource & { delete?: boolean })[];
  pending_operations?: { type: string; resource: RealResource }[];
}

/**
 * One stack of the platform with everything around it: the real engine, a control plane, Azure and
 * GitHub. The stack's file is the committed one.
 */
export class EngineStack {
  private constructor(
    readonly stack: string,
    readonly cluster: TestCluster,
    readonly cloud: Cloud,
    readonly bed: EngineBed,
    private readonly parts: StartedParts,
  ) {}

  /** Builds what is missing and starts everything; the caller stops it. */
  static async start(stack: string): Promise<EngineStack> {
    const say = (text: string) => console.log(`    ${text}`);
    const programs = await buildEngine(root, say, ["pulumi", "kubernetesProvider"]);
    const startedAt = performance.now();
    // It takes seconds, as the cluster does. Its failure is told where the nodes are needed.
    const nodes = nodesFor(stack);
    nodes.catch(() => undefined);
    return StartedParts.orNone(async (parts) => {
      const cluster = parts.add(await startCluster(notNeeded));
      parts.add(new BedControllers(cluster.api));
      const kubeconfig = cluster.kubeconfigText();
      const cloud = parts.add(await Cloud.start(root, kubeconfig));
      const clusterToken = cluster.api.token;
      const bed = parts.add(new EngineBed({ programs, cloud: cloud.url, clusterToken }));
      const started = new EngineStack(stack, cluster, cloud, bed, parts);
      bed.copyProject();
      writeChartStandIns(join(bed.project, "charts"));
      writeFileSync(started.#kubeconfig, kubeconfig, { mode: 0o600 });
      await started.add(stack);
      await started.#furnish(await nodes);
      say(`the bed is ready after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
      return started;
    });
  }

  get #kubeconfig(): string {
    return join(this.bed.folder, "kubeconfig");
  }

  /** Makes one more stack on the same bed, empty, with the text of its committed file. */
  async add(stack: string): Promise<void> {
    await this.bed.initStack(stack, stackText(root, stack, { kubeconfig: this.#kubeconfig }));
  }

  /** Makes the nodes, and the classes of disks that the stacks name. */
  async #furnish(nodes: KubeObject[]): Promise<void> {
    const { api } = this.cluster;
    for (const node of nodes) {
      await api.create(node);
      const { status } = node;
      const at = `/api/v1/nodes/${node.metadata.name}/status`;
      await api.call("PATCH", at, { status }, "application/merge-patch+json");
    }
    for (const name of ["managed-csi", "managed-csi-premium", "standard"]) {
      await api.apply({
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: {
          name,
          annotations: {
            "storageclass.kubernetes.io/is-default-class": String(name === "standard"),
          },
        },
        provisioner: "test.mlplatform.dev/none",
        volumeBindingMode: "Immediate",
      });
    }
  }

  /** The stack's file, to be read and changed. */
  get file(): string {
    return join(this.bed.project, `Pulumi.${this.stack}.yaml`);
  }

  /** Changes the stack's file. @throws Error where the text is not in it */
  edit(from: string, to: string): void {
    writeFileSync(this.file, edited(readFileSync(this.file, "utf8"), from, to));
  }

  /** `pulumi preview --json`. */
  async preview(...args: string[]): Promise<{ ran: Ran; steps: PreviewStep[]; changes: Changes }> {
    const ran = await this.bed.mustRun("preview", "--stack", this.stack, "--json", ...args);
    const { steps, changeSummary } = JSON.parse(ran.stdout) as {
      steps: PreviewStep[];
      changeSummary: Changes;
    };
    return { ran, steps, changes: changeSummary };
  }

  /** `pulumi up`, `refresh` or `destroy`, with what it changed. */
  async change(command: "up" | "refresh" | "destroy", ...args: string[]) {
    const log = join(this.bed.folder, `${command}.log`);
    rmSync(log, { force: true });
    const flags = ["--yes", "--skip-preview", "--stack", this.stack, "--event-log", log];
    const ran = await this.bed.run([command, ...flags, ...args]);
    const events = existsSync(log) ? eventsOf(readFileSync(log, "utf8")) : [];
    return { ran, changes: changesIn(events) };
  }

  /** Says in the stack's file that its data may go, and exempts it from the policy on that. */
  releaseData(): void {
    this.edit("  mlplatform:charts:", "  mlplatform:protectData: false\n  mlplatform:charts:");
    const file = join(this.bed.project, "policy", `${this.stack}.json`);
    const config = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    const exemptions = { "*": { reason: "the stack is given up", expires: "2099-12-31" } };
    config["mlplatform-stack-require-protection"] = { exemptions };
    writeFileSync(file, JSON.stringify(config));
  }

  /** The stack's state. */
  async state(): Promise<Deployment> {
    const { stdout } = await this.bed.mustRun("stack", "export", "--stack", this.stack);
    return (JSON.parse(stdout) as { deployment: Deployment }).deployment;
  }

  /** Ends everything; returns the engine's programs that had outlived their run. */
  async stop(): Promise<string[]> {
    try {
      return await this.bed.reap();
    } finally {
      await this.parts.stop();
    }
  }
}

/** Nodes of the stack's pools. */
async function nodesFor(stack: string): Promise<KubeObject[]> {
  return nodesOf((await updatedStack(stack)).resources);
}

const changesIn = (events: EngineEvent[]): Changes =>
  events.map(({ summaryEvent }) => summaryEvent?.resourceChanges).findLast(Boolean) ?? {};

/** The last lines of a run, as a failed test shows them. */
export const said = ({ stdout, stderr }: Ran) =>
  `${stdout}\n${stderr}`.trim().split("\n").slice(-40).join("\n");
