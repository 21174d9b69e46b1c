import { Command } from "commander";
import { ownImages } from "../../../program/ownImages";
import { layoutOf } from "../../../screen/layout";
import { table } from "../../../screen/table";
import type { CliContext } from "../../context";

/** `mlp images own`: the table of own images, as the program and the workflow read it. */
export function ownCommand(context: CliContext): Command {
  return new Command("own")
    .description("Show the platform's own images, with what each is made of")
    .option("--json", "print data instead of a table")
    .action((flags: { json?: boolean }) => {
      const images = Object.values(ownImages);
      const columns = ["image", "version", "Dockerfile", "context"].map((name) => ({ name }));
      const rows = images.map(({ name, tag, dockerfile, context: from }) => [
        name,
        tag,
        dockerfile,
        from,
      ]);
      context.stdout.write(
        flags.json
          ? `${JSON.stringify(images)}\n`
          : `${table({ columns, rows }, layoutOf(context.stdout)).join("\n")}\n`,
      );
    });
}
