import assert from "node:assert/strict";
import { ConcurrentUpdateError, LocalWorkspace, PulumiCommand } from "@pulumi/pulumi/automation";
import { SmallProject, changesOfUp, drawnKill, killedOnce } from "./interrupted";
import { preparing, stepTimeoutMs } from "./prepareBed";

const seed = 16;
const points = 5;

describe("runs that meet, and runs that are cut off", function () {
  this.timeout(stepTimeoutMs);
  before(preparing("pulumi"));

  async function withProject<T>(use: (project: SmallProject) => Promise<T>): Promise<T> {
    const project = await SmallProject.start();
    try {
      return await use(project);
    } finally {
      await project.stop();
    }
  }

  const stackOf = async (project: SmallProject, stackName: string) =>
    LocalWorkspace.createOrSelectStack(
      { stackName, workDir: project.bed.project },
      {
        pulumiHome: project.bed.environment.PULUMI_HOME!,
        envVars: project.bed.environment,
        pulumiCommand: await PulumiCommand.get({ root: project.bed.folder }),
      },
    );

  it("two stacks are updated at once", async () => {
    await withProject(async (project) => {
      const [one, two] = [await stackOf(project, "one"), await stackOf(project, "two")];
      const done = await Promise.all([one.up(), two.up()]);
      for (const { summary } of done) {
        assert.equal(summary.result, "succeeded");
        assert.equal(summary.resourceChanges?.create, changesOfUp + 1);
      }
      assert.equal(project.cloud.size, 2 * changesOfUp);
    });
  });

  it("of two updates of one stack the second is refused", async () => {
    await withProject(async (project) => {
      project.cloud.slowMs = 1_500;
      const [one, again] = [await stackOf(project, "one"), await stackOf(project, "one")];
      const first = one.up();
      while (project.cloud.changes.length === 0) {
        await new Promise((done) => setTimeout(done, 50));
      }
      await assert.rejects(again.up(), ConcurrentUpdateError);
      assert.equal((await first).summary.result, "succeeded");
      assert.equal(project.cloud.size, changesOfUp);
    });
  });

  it("without a look first, an update after a killed one makes the pending resource twice", async () => {
    await withProject(async (project) => {
      await project.init("killed");
      await project.killAfter("killed", 3);
      await project.bed.mustRun("cancel", "--yes", "killed");
      assert.ok((await project.state("killed")).pending_operations!.length > 0);
      await project.bed.mustRun("up", "--yes", "--skip-preview", "--stack", "killed");
      assert.ok(
        project.cloud.size > changesOfUp,
        "the engine has learned to look: say so in mlp up",
      );
    });
  });

  for (let run = 1; run <= points; run++) {
    const kill = drawnKill(seed, run);
    const what = kill.replaces ? "an update that replaces" : "a first update";
    it(`${what}, killed after ${kill.point} changes (seed ${seed}, run ${run}): nothing is made twice`, async () => {
      const pending = await killedOnce(kill);
      console.log(`      ${pending} operations were pending`);
    });
  }
});
