import { parseAllDocuments } from "yaml";
import { azureAccount } from "./azureOutputs";
import { guidOf, textOf } from "../values/identifiers";
import { secret, type Wire, type WireObject } from "../values/wire";

/** What an answer may look at. */
export interface InvokeContext {
  /** Plain arguments; a function with an unknown argument is not called in a preview. */
  args: WireObject;
  config: Record<string, string>;
}

/** Answers a function of a provider with what it would return; credentials are marked secret. */
export type InvokeAnswer = (context: InvokeContext) => WireObject;

/** Answers by function token. */
export type InvokeAnswers = Record<string, InvokeAnswer>;

/**
 * The functions that an offline run can answer. Add a token here, or hand one over in
 * `previewStack({ invokeAnswers })`.
 */
export const invokeAnswers: InvokeAnswers = {
  "azure-native:authorization:getClientConfig": ({ config }) => ({ ...azureAccount(config) }),
  "azure-native:authorization:getClientToken": () => ({
    token: secret(textOf("offline client token", 40, hexDigits)),
  }),
  "azure-native:containerservice:listManagedClusterUserCredentials": ({ args }) =>
    clusterCredentials(args, "clusterUser"),
  "azure-native:containerservice:listManagedClusterAdminCredentials": ({ args }) =>
    clusterCredentials(args, "clusterAdmin"),
  "azure-native:containerregistry:listRegistryCredentials": ({ args }) => ({
    username: textOfArg(args, "registryName"),
    passwords: secret(
      ["password", "password2"].map((name) => ({
        name,
        value: textOf(`${textOfArg(args, "registryName")} ${name}`, 52, letters),
      })),
    ),
  }),
  "azure-native:storage:listStorageAccountKeys": ({ args }) => ({
    keys: secret(
      ["key1", "key2"].map((keyName) => ({
        keyName,
        permissions: "FULL",
        value: textOf(`${textOfArg(args, "accountName")} ${keyName}`, 88, letters),
      })),
    ),
  }),
  "azure-native:operationalinsights:getSharedKeys": ({ args }) => ({
    primarySharedKey: secret(textOf(`${textOfArg(args, "workspaceName")} key`, 88, letters)),
  }),
  "azure-native:resources:getResourceGroup": ({ args, config }) => ({
    name: textOfArg(args, "resourceGroupName"),
    id:
      `/subscriptions/${azureAccount(config).subscriptionId}` +
      `/resourceGroups/${textOfArg(args, "resourceGroupName")}`,
    location: config["azure-native:location"] ?? "westeurope",
  }),
  "github:index/getUser:getUser": ({ args }) => ({
    login: textOfArg(args, "username"),
    id: guidOf(`github user ${textOfArg(args, "username")}`),
  }),
  "github:index/getTeam:getTeam": ({ args }) => ({
    slug: textOfArg(args, "slug"),
    id: guidOf(`github team ${textOfArg(args, "slug")}`),
  }),
  "kubernetes:yaml:decode": ({ args }) => ({
    result: parseAllDocuments(textOfArg(args, "text"))
      .map((document) => document.toJS() as Wire)
      .filter((object) => object !== null),
  }),
};

const hexDigits = "0123456789abcdef";
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** A kubeconfig in the form that AKS returns, base64 and secret; its server does not exist. */
function clusterCredentials(args: WireObject, name: string): WireObject {
  const cluster = textOfArg(args, "resourceName");
  const group = textOfArg(args, "resourceGroupName");
  const user = `${name}_${group}_${cluster}`;
  const token = textOf(`${group}/${cluster}/${name}`, 64, hexDigits);
  const server = `https://${cluster}.invalid:443`;
  const kubeconfig = JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": cluster,
    clusters: [{ name: cluster, cluster: { server } }],
    contexts: [{ name: cluster, context: { cluster, user } }],
    users: [{ name: user, user: { token } }],
  });
  return {
    kubeconfigs: secret([{ name, value: Buffer.from(kubeconfig).toString("base64") }]),
  };
}

function textOfArg(args: WireObject, key: string): string {
  const value = args[key];
  return typeof value === "string" ? value : "";
}

/** @throws Error that names the token and the place to answer it. */
export function answerInvoke(
  answers: InvokeAnswers,
  token: string,
  context: InvokeContext,
): WireObject {
  const answer = answers[token];
  if (answer === undefined) {
    throw new Error(
      `the offline preview has no answer for the function '${token}'. ` +
        `Add one to invokeAnswers in preview/engine/resources/invokes.ts.`,
    );
  }
  return answer(context);
}
