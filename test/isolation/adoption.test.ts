import assert from "node:assert/strict";
import { join } from "node:path";
import { findInstalledPostgres } from "../../local/services/postgres";
import { startSeaweedfs } from "../../workloads/lake/testbed/objectStores";
import { testCells } from "./cells";
import { addPeople } from "./tracking/actors";
import { type ProjectObjects, artifactProbes } from "./tracking/probes";
import { TrackingBed } from "./tracking/trackingBed";
import { type WorkedBed, trackingCells } from "./tracking/trackingCells";

const flow = join(__dirname, "tracking", "projectFlow.py");
/** Installs and builds what the servers need, once. */
const prepareTimeoutMs = 1_800_000;

describe("projects of before workspaces on MLflow, on SeaweedFS", function () {
  this.timeout(300_000);
  let bed: TrackingBed;
  const made = {} as Record<"churn" | "pricing", ProjectObjects>;
  const worked = (): WorkedBed => ({ bed, ...made });

  before(async function () {
    this.timeout(prepareTimeoutMs);
    if (findInstalledPostgres() === undefined) {
      console.log("      skipped: no PostgreSQL server is installed");
      this.skip();
    }
    bed = await TrackingBed.startBeforeWorkspaces(startSeaweedfs, "seaweedfs");
    const outside = { isInWorkspace: false };
    made.pricing = madeBy(await bed.runAsProject("pricing", flow, outside));
    await bed.upgrade();
    await addPeople(bed);
    made.churn = madeBy(await bed.runAsProject("churn", flow));
  });
  after(() => bed?.stop());

  it("are named first, and nothing is changed by a dry run", async () => {
    const printed = await bed.adopt("pricing", "--dry_run");
    const { experiment } = made.pricing;
    assert.match(printed, new RegExp(`^experiment pricing-models \\(${experiment}\\) at `, "m"));
    assert.match(printed, /^model or prompt pricing-model$/m);
    assert.match(printed, /^model or prompt pricing-prompt$/m);
    assert.match(printed, /^dataset pricing-dataset$/m);
    assert.match(printed, /^nothing was changed: --dry_run$/m);
    assert.match(await bed.adopt("pricing", "--dry_run"), /^experiment pricing-models /m);
  });

  it("are moved with all artifacts, once however often it is asked", async () => {
    const printed = await bed.adopt("pricing");
    assert.match(printed, /^experiment pricing-models: (\d+) objects, \1 copied now$/m);
    assert.match(printed, /^experiments: 1 moved$/m);
    assert.match(printed, /^registered_models: 2 moved$/m);
    assert.match(printed, /^evaluation_datasets: 1 moved$/m);
    assert.match(printed, /^traces: 1 pointed to the new place$/m);
    await bed.restart();
    assert.doesNotMatch(await bed.adopt("pricing"), / (?:moved|copied now)$/m);
  });

  it("say of a project that isn't there what to do", async () => {
    await assert.rejects(
      bed.adopt("nobody"),
      /MLflow has no workspace nobody: .*Bring the stack up first/,
    );
  });

  it("go on with what they made: a run there has its artifacts in the workspace", async () => {
    const { experiment } = made.pricing;
    const pricing = { username: "pricing", workspace: "pricing" };
    const path = "/api/2.0/mlflow/runs/create";
    const body = { experiment_id: experiment };
    const { status, text } = await bed.call(pricing, { method: "POST", path, body });
    assert.equal(status, 200, text);
    assert.match(text, new RegExp(`"mlflow-artifacts:/workspaces/pricing/${experiment}/`));
  });

  testCells(trackingCells(artifactProbes), worked);
});

function madeBy(printed: string): ProjectObjects {
  return JSON.parse(/^\{"experiment".*\}$/m.exec(printed)![0]) as ProjectObjects;
}
