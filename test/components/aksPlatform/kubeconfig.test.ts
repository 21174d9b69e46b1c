import assert from "node:assert/strict";
import { KubeLogin } from "../../../components/aksPlatform/args";
import { kubeconfigFor } from "../../../components/aksPlatform/kubeconfig";
import { azureKubeconfig, tenantId } from "./aksPlatformFixture";

const listed = (document: string) => [{ value: Buffer.from(document).toString("base64") }];

describe("kubeconfigFor", () => {
  it("keeps Azure's server and certificate, and signs in without a person", () => {
    const made = kubeconfigFor({
      kubeconfigs: listed(azureKubeconfig),
      tenantId,
      login: KubeLogin.AzureCli,
    });
    assert.deepStrictEqual(JSON.parse(made), {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "core-cluster",
          cluster: {
            "certificate-authority-data": "Q0E=",
            server: "https://core.hcp.westeurope.azmk8s.io:443",
          },
        },
      ],
      users: [
        {
          name: "core-cluster",
          user: {
            exec: {
              apiVersion: "client.authentication.k8s.io/v1beta1",
              command: "kubelogin",
              args: [
                "get-token",
                "--login",
                "azurecli",
                "--server-id",
                "6dae42f8-4368-4678-94ff-3960e28e3630",
                "--tenant-id",
                tenantId,
              ],
              installHint: "Install kubelogin: https://azure.github.io/kubelogin/install.html",
              interactiveMode: "Never",
              provideClusterInfo: false,
            },
          },
        },
      ],
      contexts: [
        { name: "core-cluster", context: { cluster: "core-cluster", user: "core-cluster" } },
      ],
      "current-context": "core-cluster",
    });
  });

  it("drops what Azure's document says about users, tokens included", () => {
    const withToken = azureKubeconfig.replace(/ {4}exec:[\s\S]*$/, "    token: s3cr3t\n");
    assert.match(withToken, /s3cr3t/);
    const made = kubeconfigFor({
      kubeconfigs: listed(withToken),
      tenantId,
      login: KubeLogin.ManagedIdentity,
    });
    assert.doesNotMatch(made, /s3cr3t|clusterUser/);
    assert.match(made, /"--login","msi"/);
  });

  for (const kubeconfigs of [undefined, []]) {
    it(`says what to do where Azure lists ${JSON.stringify(kubeconfigs) ?? "nothing"}`, () => {
      assert.throws(() => kubeconfigFor({ kubeconfigs, tenantId, login: KubeLogin.AzureCli }), {
        message:
          "AksPlatform: Azure listed no user kubeconfig, got " +
          `${JSON.stringify(kubeconfigs) ?? "nothing"}. Give the deployer a group of ` +
          `\`adminGroupObjectIds\`, then run again.`,
      });
    });
  }

  it("does not print the document where it names no server", () => {
    const kubeconfigs = listed("apiVersion: v1\nusers: [{ token: s3cr3t }]\n");
    assert.throws(() => kubeconfigFor({ kubeconfigs, tenantId, login: KubeLogin.AzureCli }), {
      message:
        "AksPlatform: Azure's user kubeconfig names no server, got the keys " +
        '["apiVersion","users"]. Check that the cluster is running.',
    });
  });
});
