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

/** A registry as `az acr list` shows it, as far as it is looked at. */
interface ListedRegistry {
  name: string;
  anonymousPullEnabled?: boolean;
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
 * Makes the registry, where it is not there, and signs in. One that is there stays as it is. It
 * stands outside the stacks: a stack's own registry is made by the update that needs these images
 * already. Whoever knows the name may pull: the images hold open source and no secret, and so every
 * cluster and workflow may use them without a right that would have to be granted before the
 * cluster is made. Pushing takes the right `AcrPush`.
 *
 * @param authFile where the token goes: never to a command line, and not among the user's own
 * @returns the prefix that images are published under
 * @throws UserError where Azure refuses, in its own words, and where the registry is a private one
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
  const asked = async <T>(...args: string[]) =>
    fromJson<T>(await az(...args, "--output=json"), args.slice(0, 2).join(" "));
  const group = `--resource-group=${resourceGroup}`;
  // Looked for first: to create what is there changes it to what is written here.
  if (!(await asked<boolean>("group", "exists", `--name=${resourceGroup}`))) {
    const place = `--location=${location}`;
    await az("group", "create", `--name=${resourceGroup}`, place, "--output=none");
  }
  const registries = await asked<ListedRegistry[]>("acr", "list", group);
  const found = registries.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (found === undefined) {
    await az(
      ...["acr", "create", `--name=${name}`, group, `--location=${location}`, "--sku=Standard"],
      ...["--admin-enabled=false", "--output=none"],
    );
    await az("acr", "update", `--name=${name}`, group, "--anonymous-pull-enabled", "--output=none");
  } else if (found.anonymousPullEnabled !== true) {
    throw new UserError({
      what: `the registry ${name} is there, and lets nobody pull without a right`,
      remedy:
        "Name one that is not there, to have it made; or, where all that it holds may be seen, " +
        `\`az acr update --name=${name} --anonymous-pull-enabled\`.`,
    });
  }
  const { accessToken, loginServer } = await asked<Record<string, string>>(
    ...(["acr", "login", `--name=${name}`, "--expose-token"] as const),
  );
  await new Builder(clone).run(
    [
      ...["login", `--authfile=${authFile}`, `--username=${tokenUser}`, "--password-stdin"],
      loginServer!,
    ],
    { signal, input: accessToken, remedy },
  );
  return `${loginServer}/mlplatform`;
}

/** Nothing of an answer that can't be read is shown: it may be a token. */
function fromJson<T>(text: string, command: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new UserError({
      what: `\`az ${command}\` answered with ${text.length} characters that are no JSON`,
      remedy: "Run it by hand, and `az version`: another program may be called az.",
    });
  }
}
