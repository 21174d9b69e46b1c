import assert from "node:assert/strict";
import { join } from "node:path";
import { findInstalledPostgres } from "../../local/services/postgres";
import { startMinio, startSeaweedfs } from "../../workloads/lake/testbed/objectStores";
import { projects, TrackingBed } from "./trackingBed";

const flow = join(__dirname, "projectFlow.py");
/** Installs and builds what the servers need, once. */
const prepareTimeoutMs = 1_800_000;

for (const [kind, startStore] of [
  ["minio", startMinio],
  ["seaweedfs", startSeaweedfs],
] as const) {
  describe(`projects on MLflow, on ${kind}`, function () {
    this.timeout(300_000);
    let bed: TrackingBed;

    before(async function () {
      this.timeout(prepareTimeoutMs);
      if (findInstalledPostgres() === undefined) {
        console.log("      skipped: no PostgreSQL server is installed");
        this.skip();
      }
      bed = await TrackingBed.start(startStore, kind);
    });
    after(() => bed?.stop());

    for (const project of projects) {
      it(`${project} logs, registers and reads back by its own user alone`, async () => {
        const made = JSON.parse((await bed.runAsProject(project, flow)).split("\n").at(-2)!) as {
          artifacts: string;
        };
        assert.match(made.artifacts, new RegExp(`^mlflow-artifacts:/workspaces/${project}/`));
      });
    }
  });
}
