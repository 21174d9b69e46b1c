import { EngineStack } from "./engineStack";
import { preparing, stepTimeoutMs } from "./prepareBed";
import { assertSamePreview } from "./previewComparison";

// That of dev is compared where its cycle begins.
for (const stack of ["local", "prod"]) {
  describe(`${stack} as the real engine previews it`, function () {
    this.timeout(stepTimeoutMs);
    let at: EngineStack;

    before(preparing("pulumi", "kubernetesProvider"));
    before(async () => {
      at = await EngineStack.start(stack);
    });
    after(() => at?.stop());

    it("equals the offline preview but for what is explained, policies included", async () => {
      await assertSamePreview(at.bed, stack);
    });
  });
}
