import { Command } from "commander";
import { type ImageList, listImages } from "../../../charts/images/listImages";
import { type Layout, layoutOf } from "../../../screen/layout";
import { table } from "../../../screen/table";
import type { CliContext } from "../../context";
import { Progress } from "../../../screen/progress";

interface ListFlags {
  stack: string;
  json?: boolean;
}

const examples = `
The registry is mlplatform:images.registry of the stack.

Examples:
  npm run mlp -- images --stack prod
  npm run -s mlp -- images --stack prod --json |
    jq -r '.images[] | "\\(.source) \\(.image)" | gsub(":[^ :@/]+@"; "@")' |
    while read -r from to; do skopeo copy --all "docker://$from" "docker://$to"; done`;

/** `mlp images list`: what a registry holds before a stack without the internet is installed. */
export function listCommand(context: CliContext): Command {
  return new Command("list")
    .description("List every image that a stack pulls, those of its charts included")
    .requiredOption("-s, --stack <name>", "stack, as in Pulumi.<name>.yaml")
    .option("--json", "print data instead of a table")
    .addHelpText("after", examples)
    .action((flags: ListFlags) => runList(flags, context));
}

async function runList(flags: ListFlags, context: CliContext): Promise<void> {
  const progress = new Progress(context.stderr);
  progress.step(`running the program of ${flags.stack}`);
  let list: ImageList;
  try {
    list = await listImages(context.projectDir, flags.stack, context.signal);
  } finally {
    progress.end();
  }
  context.stdout.write(
    flags.json ? `${JSON.stringify(list, null, 2)}\n` : imageTable(list, layoutOf(context.stdout)),
  );
}

function imageTable({ stack, registry, images }: ImageList, layout: Layout): string {
  const rows = images.map(({ source, image, usedBy }) => [
    source,
    ...(registry === undefined ? [] : [image]),
    usedBy.length > 2 ? `${usedBy[0]} and ${usedBy.length - 1} more` : usedBy.join(", "),
  ]);
  const place =
    registry === undefined
      ? "each from its own registry (images.registry of the stack names one for all)"
      : `all from ${registry}`;
  const names = ["image", ...(registry === undefined ? [] : ["pulled from"]), "used by"];
  const lines = table({ columns: names.map((name) => ({ name })), rows }, layout);
  return `${lines.join("\n")}\n\n${stack}: ${images.length} images, ${place}\n`;
}
