import { runCommand } from "./command";
import { Builder } from "./builder";
import { UserError, shown } from "../screen/userError";

/** The Azure Container Registry that holds the own images of all stacks. */
export interface AzureRegistry {
  /** Name of the registry, unique in Azure. */
  name: string;
  resourceGroup: string;
  /** Azure region. */
  location: string;
}

/** User name that goes with a token of Microsoft Entra instead of a password. */
const tokenUser = "00000000-0000-0000-0000-000000000000";
const remedy =
  "Ask for the role AcrPush on the registry; where it goes by attributes (its role assignment " +
  "mode), for Container Registry Repository Writer, which being its owner doesn't include there.";
const azHelp = {
  install: "Install the Azure CLI (https://learn.microsoft.com/cli/azure), then `az login`.",
  remedy: "Sign in (`az login`) with the right to make registries, or correct the names.",
};

/**
 * Makes the registry, where it is not there, and signs in. It stands outside the stacks: a stack's
 * own registry is made by the update that needs these images already. Whoever knows the name may
 * pull: the images hold open source and no secret, and so every cluster and workflow may use them
 * without a right that would have to be granted before the cluster is made. Pushing takes the right
 * `AcrPush`.
 *
 * @param authFile where the token goes: never to a command line, and not among the user's own
 * @returns the prefix that images are published under
 * @throws UserError where Azure refuses, in its own words
 */
export async function prepareAzureRegistry(
  { name, resourceGroup, location }: AzureRegistry,
  clone: string,
  authFile: string,
  signal?: AbortSignal,
): Promise<string> {
  if (!/^[a-zA-Z0-9]{5,50}$/.test(name)) {
    throw new UserError({
      what: "--acr must be 5-50 letters and digits",
      seen: shown(name),
      remedy: "It becomes <name>.azurecr.io.",
    });
  }
  const az = (...args: string[]) =>
    runCommand("az", [...args, "--only-show-errors"], { signal, ...azHelp });
  const group = `--resource-group=${resourceGroup}`;
  await az("group", "create", `--name=${resourceGroup}`, `--location=${location}`, "--output=none");
  await az(
    ...["acr", "create", `--name=${name}`, group, `--location=${location}`, "--sku=Standard"],
    ...["--admin-enabled=false", "--output=none"],
  );
  await az("acr", "update", `--name=${name}`, group, "--anonymous-pull-enabled", "--output=none");
  const login = await az("acr", "login", `--name=${name}`, "--expose-token", "--output=json");
  const { accessToken, loginServer } = JSON.parse(login) as Record<string, string>;
  await new Builder(clone).run(
    [
      ...["login", `--authfile=${authFile}`, `--username=${tokenUser}`, "--password-stdin"],
      loginServer!,
    ],
    { signal, input: accessToken, remedy },
  );
  return `${loginServer}/mlplatform`;
}
