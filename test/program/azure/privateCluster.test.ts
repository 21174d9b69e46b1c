import assert from "node:assert/strict";
import { resolve } from "node:path";
import { previewStack } from "../../../preview/engine/previewStack";
import { deployable, deployableConfig } from "../../preview/deployable";

const root = resolve(__dirname, "../../..");
const networkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7";

/** What the control plane of dev may join, by the end of its id. */
async function joined(privateCluster: boolean): Promise<string[]> {
  const { authorizedIpRanges, ...aks } = deployableConfig("dev")["mlplatform:aks"];
  const access = privateCluster ? { privateCluster } : { authorizedIpRanges };
  const { result } = await previewStack({
    projectDir: root,
    stack: "dev",
    mode: "up",
    config: deployable("dev", { aks: { ...aks, ...access } }),
  });
  assert.ok(result.succeeded, JSON.stringify(result.diagnostics));
  return result.resources
    .filter(({ inputs }) => String(inputs["roleDefinitionId"]).endsWith(networkContributor))
    .map(({ inputs }) => String(inputs["scope"]).split("/").at(-2)!);
}

describe("the control plane of a cluster", function () {
  this.timeout(120_000);

  it("may join the subnet of its nodes and no more", async () => {
    assert.deepEqual(await joined(false), ["subnets"]);
  });

  it("may join the whole network where its address is private, to link the zone of its name", async () => {
    assert.deepEqual(await joined(true), ["virtualNetworks"]);
  });
});
