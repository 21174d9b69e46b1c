import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { previewStack } from "../../../preview/engine/previewStack";
import { preloadedImages } from "../../preview/preloadedImages";

const root = resolve(__dirname, "../../..");
const networkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7";

/** What the control plane of dev may join, by the end of its id. */
async function joined(privateCluster: boolean): Promise<string[]> {
  const file = parse(readFileSync(resolve(root, "Pulumi.dev.yaml"), "utf8"));
  const { authorizedIpRanges, ...aks } = file.config["mlplatform:aks"];
  const access = privateCluster ? { privateCluster } : { authorizedIpRanges };
  const { result } = await previewStack({
    projectDir: root,
    stack: "dev",
    mode: "up",
    config: { ...preloadedImages, "mlplatform:aks": JSON.stringify({ ...aks, ...access }) },
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
