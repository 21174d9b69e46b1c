import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ExportedStack, decided } from "../../automation/stacks/takeOver";
import { Cloud } from "./cloud/cloud";
import { EngineBed } from "./engineBed";
import type { Deployment } from "./engineStack";
import { buildEngine } from "./programs";

const root = resolve(__dirname, "../..");

/** A group and identities in it, which Azure-native names with a random ending. */
const identities = 8;
const program = `
const { ResourceGroup } = require("@pulumi/azure-native/resources");
const { UserAssignedIdentity } = require("@pulumi/azure-native/managedidentity");
const group = new ResourceGroup("group", { location: "westeurope" });
for (let at = 0; at < ${identities}; at++) {
  new UserAssignedIdentity("identity" + at, {
    resourceGroupName: group.name,
    location: "westeurope",
  });
}
`;

/** A small program on the real engine, whose resources have other names each time they are made. */
export class SmallProject {
  private constructor(
    readonly cloud: Cloud,
    readonly bed: EngineBed,
    readonly folder: string,
  ) {}

  static async start(): Promise<SmallProject> {
    const say = (text: string) => console.log(`    ${text}`);
    const programs = await buildEngine(root, say, ["pulumi"]);
    const cloud = await Cloud.start(root, "{}");
    const bed = new EngineBed({ programs, cloud: cloud.url });
    const folder = join(bed.folder, "small");
    mkdirSync(folder);
    writeFileSync(join(folder, "Pulumi.yaml"), "name: small\nruntime: nodejs\nmain: index.js\n");
    writeFileSync(join(folder, "index.js"), program);
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    return new SmallProject(cloud, bed, folder);
  }

  async stop(): Promise<void> {
    await this.bed.stop();
    await this.cloud.stop();
  }

  async init(stack: string): Promise<void> {
    await this.must("stack", "init", stack);
  }

  async must(...args: string[]) {
    const ran = await this.bed.run(args, { folder: this.folder });
    assert.equal(ran.code, 0, `pulumi ${args.join(" ")}: ${ran.stdout}${ran.stderr}`);
    return ran;
  }

  async state(stack: string): Promise<Deployment> {
    const { stdout } = await this.must("stack", "export", "--stack", stack);
    return (JSON.parse(stdout) as { deployment: Deployment }).deployment;
  }

  /** Kills an `up` with SIGKILL as soon as the clouds have carried out so many changes. */
  async killAfter(stack: string, changes: number): Promise<void> {
    const until = this.cloud.changes.length + changes;
    this.cloud.slowMs = 300;
    const args = ["up", "--yes", "--skip-preview", "--stack", stack];
    const child = this.bed.start(args, { folder: this.folder });
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
   * What a person does after a run was cut off: unlocks the stack, takes over what was made and
   * forgets what was not. Returns how many operations were pending.
   */
  async recover(stack: string): Promise<number> {
    await this.must("cancel", "--yes", stack);
    const pending = (await this.state(stack)).pending_operations ?? [];
    if (pending.length === 0) {
      return 0;
    }
    const ids = new Map<string, string>();
    for (const { resource } of pending) {
      const name = resource.inputs?.resourceName ?? resource.inputs?.resourceGroupName;
      const made = [...this.cloud.azure.resources.values()].find(
        ({ type, id }) => type === resource.type && id.endsWith(`/${String(name)}`),
      );
      if (made) {
        ids.set(resource.urn, made.id);
      }
    }
    const forgotten = new Set(
      pending.map(({ resource }) => resource.urn).filter((urn) => !ids.has(urn)),
    );
    const { stdout } = await this.must("stack", "export", "--stack", stack);
    const file = join(this.bed.folder, "decided.json");
    const state = decided(JSON.parse(stdout) as ExportedStack, { ids, forgotten });
    writeFileSync(file, JSON.stringify(state));
    await this.must("stack", "import", "--stack", stack, "--file", file);
    await this.must("refresh", "--yes", "--skip-preview", "--stack", stack);
    return pending.length;
  }

  /** Asserts that after another `up` everything is there once. */
  async finish(stack: string): Promise<void> {
    await this.must("up", "--yes", "--skip-preview", "--stack", stack);
    const made = [...this.cloud.azure.resources.values()].map(({ type }) => type.split(":")[2]);
    const expected = ["ResourceGroup", ...Array<string>(identities).fill("UserAssignedIdentity")];
    assert.deepEqual(made.sort(), expected.sort());
    assert.deepEqual((await this.state(stack)).pending_operations ?? [], []);
  }
}

/** A generator of whole numbers below a limit, the same for the same seed. */
export function seeded(seed: number): (limit: number) => number {
  let value = seed;
  return (limit) => {
    value = (value * 1_103_515_245 + 12_345) % 2_147_483_648;
    return value % limit;
  };
}

/** Kills an `up` at one point of its way and lets another one finish; returns what was pending. */
export async function killedOnce(point: number): Promise<number> {
  const project = await SmallProject.start();
  try {
    await project.init("killed");
    await project.killAfter("killed", point);
    const pending = await project.recover("killed");
    await project.finish("killed");
    return pending;
  } finally {
    await project.stop();
  }
}

/** How many changes an undisturbed `up` makes. */
export const changesOfUp = identities + 1;
