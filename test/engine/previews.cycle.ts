import assert from "node:assert/strict";
import { EngineStack } from "./engineStack";
import { comparePreviews } from "./previewComparison";

for (const stack of ["local", "dev", "prod"]) {
  describe(`${stack} as the real engine previews it`, function () {
    this.timeout(3_600_000);
    let at: EngineStack;

    before(async () => {
      at = await EngineStack.start(stack);
    });
    after(() => at?.stop());

    it("equals the offline preview but for what is explained, policies included", async () => {
      const seen = await comparePreviews(at.bed, stack);
      const known = Object.entries(seen.explained).map(([name, count]) => `${count} ${name}`);
      console.log(
        `      ${seen.resources} resources in ${seen.seconds.toFixed(1)} s; ${known.join(", ")}`,
      );
      assert.deepEqual(seen.unexplained.slice(0, 20), []);
      assert.deepEqual(seen.policies.real, seen.policies.offline);
    });
  });
}
