import assert from "node:assert/strict";
import { resolve } from "node:path";
import { platformLabels } from "@mlplatform/contracts/platformLabels";
import { previewStack } from "../../preview/engine/previewStack";
import { selects } from "../cluster/labelSelector";
import { ofKind } from "./production/workloads";
import { deployable } from "../preview/deployable";

describe("the webhooks of Kueue, which fail closed", function () {
  this.timeout(120_000);

  for (const stack of ["local", "dev", "prod"]) {
    it(`reach the namespaces of the projects of ${stack} and no others`, async () => {
      const { result } = await previewStack({
        projectDir: resolve(__dirname, "../.."),
        stack,
        mode: "up",
        config: deployable(stack),
      });
      const release = result.resources.find(({ name }) => name === "ray-kueue")!;
      const { managerConfig } = release.inputs["values"] as Record<string, any>;
      const configuration = JSON.parse(managerConfig.controllerManagerConfigYaml);
      // Left out, the chart's webhooks reach all but kube-system and Kueue's own namespace.
      const selector = configuration.managedJobsNamespaceSelector ?? {};
      const others = ["default", "kube-system", "gatekeeper-system"].map((name) => ({
        metadata: { name, labels: {} as Record<string, string> },
      }));
      const namespaces = [...ofKind(result.resources, "Namespace"), ...others];
      const reached = namespaces
        .filter(({ metadata: { name, labels } }) =>
          selects(selector, { "kubernetes.io/metadata.name": name, ...labels }),
        )
        .map(({ metadata: { name } }) => name);
      const projects = ofKind(result.resources, "LocalQueue").map(
        ({ metadata: { namespace } }) => namespace,
      );
      assert.ok(projects.length > 0 && namespaces.length > projects.length + 10);
      assert.deepEqual(reached.sort(), projects.sort());
      assert.ok(JSON.stringify(selector).includes(platformLabels.project));
    });
  }
});
