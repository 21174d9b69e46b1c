import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { prepareAzureRegistry } from "../../../images/azureRegistry";
import { Progress } from "../../../screen/progress";
import { Builder } from "../../../images/builder";
import { UserError } from "../../../screen/userError";
import type { CliContext } from "../../context";
import { addBuildOptions, type BuildFlags } from "./buildCommand";
import { runPublish } from "./publishCommand";

interface BootstrapFlags extends BuildFlags {
  prefix?: string;
  acr?: string;
  resourceGroup: string;
  location?: string;
}

const examples = `
Azure's registry stands in a resource group of its own, beside the stacks: a stack's own is made by
the update that needs these images already. Anyone may pull from it, by name: the images hold open
source and no secret. Any other registry has to be there, with a login (\`buildah login\`).

Examples:
  npm run mlp -- images bootstrap --acr acmemlimages --location westeurope
  npm run mlp -- images bootstrap --prefix ghcr.io/acme/mlplatform`;

/** `mlp images bootstrap`: what has to be there before the first update of a stack. */
export function bootstrapCommand(context: CliContext): Command {
  return addBuildOptions(
    new Command("bootstrap")
      .description("Make a registry on Azure, or take one; build, push and record all own images")
      .option("--acr <name>", "Azure Container Registry to make or use")
      .option("--resource-group <name>", "its resource group", "mlplatform-images")
      .option("--location <region>", "its Azure region, e.g. westeurope")
      .option("-p, --prefix <place>", "another registry and path, e.g. ghcr.io/acme/mlplatform"),
  )
    .addHelpText("after", examples)
    .action((flags: BootstrapFlags) => runBootstrap(flags, context));
}

async function runBootstrap(flags: BootstrapFlags, context: CliContext): Promise<void> {
  const { acr, prefix, location, resourceGroup } = flags;
  if ((acr === undefined) === (prefix === undefined)) {
    throw new UserError({
      what: "exactly one of --acr and --prefix must be given",
      remedy: "--acr makes a registry on Azure, --prefix takes one that is there.",
    });
  }
  if (prefix !== undefined) {
    await runPublish([], { ...flags, prefix }, context);
    return;
  }
  if (location === undefined) {
    throw new UserError({
      what: "--location must be given with --acr",
      remedy: "Name the region of the registry, e.g. westeurope.",
    });
  }
  // Before anything is made on Azure that no image would come to.
  await new Builder(context.projectDir).version();
  const folder = mkdtempSync(join(tmpdir(), "mlplatform-login-"));
  const authfile = join(folder, "auth.json");
  const progress = new Progress(context.stderr);
  try {
    progress.step(`preparing the registry ${acr}`);
    const registry = { name: acr!, resourceGroup, location };
    const made = await prepareAzureRegistry(
      registry,
      context.projectDir,
      authfile,
      context.signal,
    ).finally(() => {
      progress.end();
    });
    await runPublish([], { ...flags, prefix: made, authfile }, context);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
