import { Command } from "commander";
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
    .addCommand(bootstrapCommand(context));
}
