import { Command } from "commander";
import { closest, distance } from "fastest-levenshtein";
import type { CliContext } from "../../context";
import { bootstrapCommand } from "./bootstrapCommand";
import { buildCommand } from "./buildCommand";
import { listCommand } from "./listCommand";
import { ownCommand } from "./ownCommand";
import { publishCommand } from "./publishCommand";

/** `mlp images`: the images that a stack pulls, and the platform's own. */
export function imagesCommand(context: CliContext): Command {
  return new Command("images")
    .description("The images that a stack pulls; build and publish the platform's own")
    .addCommand(listCommand(context), { isDefault: true })
    .addCommand(ownCommand(context))
    .addCommand(buildCommand(context))
    .addCommand(publishCommand(context))
    .addCommand(bootstrapCommand(context))
    .hook("preSubcommand", refuseUnknown);
}

/** Letters that a name may be off and still be meant, as for Commander's own suggestions. */
const farthest = 3;

/** Commander hands a name that it doesn't know to the command which is the default. */
function refuseUnknown(images: Command): void {
  const [name] = images.args;
  const known = images.commands.map((each) => each.name());
  if (name !== undefined && !name.startsWith("-") && !known.includes(name)) {
    const near = closest(name, known);
    const hint = distance(name, near) <= farthest ? `\n(Did you mean ${near}?)` : "";
    images.error(`error: unknown command '${name}'${hint}`, { code: "commander.unknownCommand" });
  }
}
