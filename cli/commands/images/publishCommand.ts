import { join } from "node:path";
import { Command } from "commander";
import { publishImages, recordDigests } from "../../../images/publishImages";
import { layoutOf } from "../../../screen/layout";
import { Progress } from "../../../screen/progress";
import { table } from "../../../screen/table";
import { UserError, shown } from "../../../screen/userError";
import type { CliContext } from "../../context";
import { addBuildOptions, type BuildFlags, buildWithProgress } from "./buildCommand";

interface PublishFlags extends BuildFlags {
  prefix: string;
  authfile?: string;
}

const examples = `
Signs nothing: the workflow \`images\` does, with an identity of its own. What was built with
--without-registry is for this machine and its clusters, and is not what the workflow publishes.

Examples:
  buildah login ghcr.io
  npm run mlp -- images publish --prefix ghcr.io/acme/mlplatform
  npm run mlp -- images publish log-offloader --prefix ghcr.io/acme/mlplatform`;

/** `mlp images publish`: builds, pushes and records the digests that the program reads. */
export function publishCommand(context: CliContext): Command {
  return addBuildOptions(
    new Command("publish")
      .description("Build and push the own images; record their digests for the program")
      .argument("[name...]", "images to publish; default is all")
      .requiredOption("-p, --prefix <place>", "registry and path, e.g. ghcr.io/acme/mlplatform")
      .option("--authfile <file>", "credentials, as `buildah login --authfile` writes them"),
  )
    .addHelpText("after", examples)
    .action((names: string[], flags: PublishFlags) => runPublish(names, flags, context));
}

/** Builds, pushes, records, and prints what the registry has. */
export async function runPublish(
  names: string[],
  flags: PublishFlags,
  context: CliContext,
): Promise<void> {
  const { prefix } = flags;
  if (!/^[a-z0-9][a-z0-9.-]*(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/.test(prefix)) {
    throw new UserError({
      what: "--prefix must be a registry with a path",
      seen: shown(prefix),
      remedy: "Write e.g. ghcr.io/acme/mlplatform or acme.azurecr.io/mlplatform.",
    });
  }
  const built = await buildWithProgress(names, flags, context);
  const progress = new Progress(context.stderr);
  let digests: Record<string, string>;
  try {
    digests = await publishImages(built, {
      clone: context.projectDir,
      prefix,
      authFile: flags.authfile,
      signal: context.signal,
      onProgress: (image, step) => {
        progress.step(`${image}: ${step}`);
      },
    });
  } finally {
    progress.end();
  }
  recordDigests(join(context.projectDir, "program", "imageDigests.json"), prefix, digests);
  if (flags.json) {
    context.stdout.write(`${JSON.stringify({ prefix, digests }, null, 2)}\n`);
    return;
  }
  const rows = Object.entries(digests).map(([name, digest]) => [`${prefix}/${name}`, digest]);
  const columns = ["image", "digest"].map((name) => ({ name }));
  context.stdout.write(
    `${table({ columns, rows }, layoutOf(context.stdout)).join("\n")}\n\n` +
      "Recorded in program/imageDigests.json: commit it. A stack takes them with\n" +
      `  mlplatform:images: { prefix: ${prefix} }\n`,
  );
}
