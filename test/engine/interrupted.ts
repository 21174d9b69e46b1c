import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Cloud } from "./cloud/cloud";
import { EngineBed } from "./engineBed";
import type { Deployment } from "./engineStack";
import { buildEngine } from "./programs";
import { StartedParts } from "./startedParts";

const root = resolve(__dirname, "../..");

const identities = 8;
const identity = "azure-native:managedidentity:UserAssignedIdentity";

/** A group and identities in it, which Azure-native names with a random ending. */
const programIn = (location: string) => `
const { ResourceGroup } = require("@pulumi/azure-native/resources");
const { UserAssignedIdentity } = require("@pulumi/azure-native/managedidentity");
const group = new ResourceGroup("group", { location: "westeurope" });
for (let at = 0; at < ${identities}; at++) {
  new UserAssignedIdentity("identity" + at, {
    resourceGroupName: group.name,
    location: "${location}",
  });
}
`;

/** How many changes an undisturbed `up` makes that creates everything. */
export const changesOfUp = identities + 1;

/** The same of one that replaces every identity: a new one is made, then the old one deleted. */
export const changesOfReplacement = 2 * identities;

/** A small program on the real engine, whose resources have other names each time they are made. */
export class SmallProject {
  #location = "";

  private constructor(
    readonly cloud: Cloud,
    readonly bed: EngineBed,
    private readonly parts: StartedParts,
  ) {}

  static async start(): Promise<SmallProject> {
    const say = (text: string) => console.log(`    ${text}`);
    const programs = await buildEngine(root, say, ["pulumi"]);
    return StartedParts.orNone(async (parts) => {
      const cloud = parts.add(await Cloud.start(root, "{}"));
      const bed = parts.add(new EngineBed({ programs, cloud: cloud.url }));
      // In a copy of the clone, so that its `mlp` works on it.
      bed.copyProject();
      const file = join(bed.project, "Pulumi.yaml");
      writeFileSync(file, "name: small\nruntime: nodejs\nmain: small.js\n");
      const project = new SmallProject(cloud, bed, parts);
      project.place("westeurope");
      return project;
    });
  }

  /** Says in the program where its identities are: elsewhere they are made anew. */
  place(location: string): void {
    this.#location = location;
    writeFileSync(join(this.bed.project, "small.js"), programIn(location));
  }

  async stop(): Promise<void> {
    await this.parts.stop();
  }

  async init(stack: string): Promise<void> {
    await this.bed.mustRun("stack", "init", stack);
  }

  async state(stack: string): Promise<Deployment> {
    const { stdout } = await this.bed.mustRun("stack", "export", "--stack", stack);
    return (JSON.parse(stdout) as { deployment: Deployment }).deployment;
  }

  /** Kills an `up` with SIGKILL as soon as the clouds have carried out so many changes. */
  async killAfter(stack: string, changes: number): Promise<void> {
    const until = this.cloud.changes.length + changes;
    this.cloud.slowMs = 300;
    const child = this.bed.start(["up", "--yes", "--skip-preview", "--stack", stack]);
    const ended = new Promise<void>((done) => child.once("close", () => done()));
    child.stdout.resume();
    child.stderr.resume();
    while (child.exitCode === null && this.cloud.changes.length < until) {
      await new Promise((done) => setTimeout(done, 5));
    }
    child.kill("SIGKILL");
    await this.bed.reap();
    await ended;
    this.cloud.slowMs = 0;
  }

  /**
   * What a person does after a run was cut off, as docs/stacks.md says it: unlocks the stack, takes
   * over what was made and forgets what was not. Returns how many operations were pending.
   */
  async recover(stack: string): Promise<number> {
    await this.bed.mustRun("cancel", "--yes", stack);
    const pending = (await this.state(stack)).pending_operations ?? [];
    if (pending.length > 0) {
      const refused = await this.bed.mlp("up", "--stack", stack, "--yes");
      assert.equal(refused.code, 2, `${refused.stdout}${refused.stderr}`);
      assert.match(refused.stderr, new RegExp(`${pending.length} operations? never finished`));
    }
    const decisions = pending.flatMap(({ type, resource: { urn, inputs, type: kind } }) => {
      const name = inputs?.resourceName ?? inputs?.resourceGroupName;
      const made = [...this.cloud.azure.resources.values()].find(
        (other) => other.type === kind && other.id.endsWith(`/${String(name)}`),
      );
      // The id of what was being changed or deleted is in the state.
      return type === "creating" && made ? ["--take-over", `${urn}=${made.id}`] : ["--forget", urn];
    });
    const ran = await this.bed.mlp("refresh", "--stack", stack, "--yes", ...decisions);
    assert.equal(ran.code, 0, `${ran.stdout}${ran.stderr}`);
    return pending.length;
  }

  /** Asserts that after another `up` everything is there once, and nothing else in the state. */
  async finish(stack: string): Promise<void> {
    await this.bed.mustRun("up", "--yes", "--skip-preview", "--stack", stack);
    const made = [...this.cloud.azure.resources.values()];
    const found = made.map(({ type, inputs }) => `${type} ${String(inputs.location)}`);
    const expected = [
      "azure-native:resources:ResourceGroup westeurope",
      ...Array<string>(identities).fill(`${identity} ${this.#location}`),
    ];
    assert.deepEqual(found.sort(), expected.sort());
    const { resources = [], pending_operations: pending = [] } = await this.state(stack);
    assert.deepEqual(pending, []);
    const ids = resources.filter(({ type }) => /^azure-native:/.test(type)).map(({ id }) => id);
    assert.deepEqual(ids.sort(), made.map(({ id }) => id).sort());
  }
}

/** Where an `up` is killed. */
export interface Kill {
  /** Changes that the clouds have carried out by then. */
  point: number;
  /** True for an `up` that replaces what is there, false for one that creates it. */
  replaces: boolean;
}

/** Draws where to kill, the same for the same seed and run: every second `up` replaces. */
export function drawnKill(seed: number, run: number): Kill {
  const replaces = run % 2 === 0;
  const number = createHash("sha256").update(`${seed} ${run}`).digest().readUInt32BE();
  return { replaces, point: 1 + (number % (replaces ? changesOfReplacement : changesOfUp)) };
}

/** Kills an `up` at one point of its way and lets another one finish; returns what was pending. */
export async function killedOnce({ point, replaces }: Kill): Promise<number> {
  const project = await SmallProject.start();
  try {
    await project.init("killed");
    if (replaces) {
      await project.finish("killed");
      project.place("northeurope");
    }
    await project.killAfter("killed", point);
    const pending = await project.recover("killed");
    await project.finish("killed");
    return pending;
  } finally {
    await project.stop();
  }
}
