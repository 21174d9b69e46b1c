import { relative } from "node:path";
import { Command } from "commander";
import { baseImages } from "../../../images/bases/baseImages";
import { type BuiltImage, buildImages } from "../../../images/buildImages";
import { type Layout, layoutOf } from "../../../screen/layout";
import { Progress } from "../../../screen/progress";
import { table } from "../../../screen/table";
import type { CliContext } from "../../context";
import { chosenImages } from "./chosenImages";

/** Options of every command that builds. */
export interface BuildFlags {
  withoutRegistry?: boolean;
  sbom: boolean;
  json?: boolean;
}

const examples = `
Needs buildah, and Go for the lists of packages. No daemon, no account. An image that is made of the
same as last time is not built again. Each comes as an archive:
  kind load image-archive .cache/images/built/mlflow/image.tar --name mlplatform
  ctr --namespace k8s.io images import .cache/images/built/mlflow/image.tar

Examples:
  npm run mlp -- images build                        all, on the bases that the Dockerfiles pin
  npm run mlp -- images build --without-registry     bases made from packages of Debian, npm and Go
  npm run mlp -- images build log-offloader --json   one, as data`;

/** Adds what every command that builds can be told. */
export function addBuildOptions(command: Command): Command {
  return command
    .option("--without-registry", "make the bases from packages instead of pulling them")
    .option("--no-sbom", "make no list of packages (SBOM)")
    .option("--json", "print data instead of a table");
}

/** `mlp images build`: the own images, built on this machine. */
export function buildCommand(context: CliContext): Command {
  return addBuildOptions(
    new Command("build")
      .description(
        "Build the platform's own images on this machine, each with its list of packages",
      )
      .argument("[name...]", "images to build; default is all"),
  )
    .addHelpText("after", examples)
    .action(async (names: string[], flags: BuildFlags) => {
      const built = await buildWithProgress(names, flags, context);
      context.stdout.write(
        flags.json
          ? `${JSON.stringify({ images: built }, null, 2)}\n`
          : builtTable(built, context, layoutOf(context.stdout)),
      );
    });
}

/** Builds the images that a command line names, and says how far it is. */
export async function buildWithProgress(
  names: readonly string[],
  { withoutRegistry = false, sbom }: BuildFlags,
  context: CliContext,
): Promise<BuiltImage[]> {
  const images = chosenImages(names);
  const progress = new Progress(context.stderr, {
    titleColumns: Math.max(...images.map(({ name }) => name.length)),
  });
  const built: BuiltImage[] = [];
  try {
    for (const image of images) {
      progress.step(image.name);
      built.push(
        ...(await buildImages([image], {
          clone: context.projectDir,
          withoutRegistry,
          sbom,
          signal: context.signal,
          onProgress: (_, step) => {
            progress.note(step);
          },
        })),
      );
      const [last] = built.slice(-1);
      progress.finish("✔", last!.seconds === 0 ? "built before" : size(last!.bytes));
    }
  } finally {
    progress.end();
  }
  return built;
}

function builtTable(built: BuiltImage[], context: CliContext, layout: Layout): string {
  const from = (file: string | undefined) =>
    file === undefined ? "-" : relative(context.workingDir, file);
  const columns = [
    ...[{ name: "image" }, { name: "size", isNumber: true }, { name: "layers", isNumber: true }],
    ...[{ name: "packages", isNumber: true }, { name: "digest" }, { name: "SBOM" }],
  ];
  const rows = built.map(({ name, tag, bytes, layers, packages, digest, sbom }) => [
    `${name}:${tag}`,
    size(bytes),
    String(layers),
    packages === undefined ? "-" : String(packages),
    digest.slice(0, "sha256:".length + 12),
    from(sbom),
  ]);
  const used = new Set(built.flatMap(({ standIns }) => Object.keys(standIns)));
  const differences = baseImages
    .filter(({ published }) => used.has(published))
    .map(({ published, difference }) => [published.split("@")[0]!, difference]);
  const archive = from(built[0]?.archive.replace(/[^/]+\/image\.tar$/, "<image>/image.tar"));
  return [
    ...table({ columns, rows }, layout),
    "",
    `Archives: ${archive}`,
    ...(differences.length === 0
      ? []
      : [
          "",
          "Built without a registry; otherwise than what is published:",
          ...table({ columns: [{ name: "base" }, { name: "has" }], rows: differences }, layout),
        ]),
    "",
  ].join("\n");
}

function size(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
