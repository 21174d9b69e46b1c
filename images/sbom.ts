import { readFileSync } from "node:fs";
import { buildGoTool } from "../local/programs/goTool";
import { runCommand } from "./command";

const syft = {
  name: "syft",
  module: "images/syft",
  package: "github.com/anchore/syft/cmd/syft",
  without: "pass --no-sbom.",
};

/** A list of what an image is made of. */
export interface Sbom {
  /** CycloneDX JSON (https://cyclonedx.org/docs/1.6/json/). */
  file: string;
  /** How many packages it lists: of Debian, PyPI, npm and Go. */
  packages: number;
}

/** Builds syft from its Go module, once. */
export function buildSyft(clone: string, say: (text: string) => void): Promise<string> {
  return buildGoTool(clone, syft, say);
}

/**
 * Lists what an image is made of: its Debian, Python, npm and Go packages, with versions and
 * licences as they say them.
 *
 * @param layout folder of the image in the OCI layout
 * @param name name and version that the list gives the image
 */
export async function writeSbom(
  program: string,
  layout: string,
  name: string,
  file: string,
  signal?: AbortSignal,
): Promise<Sbom> {
  const [sourceName, sourceVersion] = name.split(":");
  await runCommand(
    program,
    [
      ...["scan", `oci-dir:${layout}`, "--quiet", `--output=cyclonedx-json=${file}`],
      // What is in a bundle is told by the list that its build put beside it.
      "--select-catalogers=+sbom-cataloger",
      ...[`--source-name=${sourceName}`, `--source-version=${sourceVersion}`],
    ],
    // It would ask its publisher for a newer version of itself.
    { signal, env: { SYFT_CHECK_FOR_APP_UPDATE: "false" } },
  );
  return { file, packages: sbomPackages(readFileSync(file, "utf8")) };
}

/** How many packages a CycloneDX list has; files and the operating system are none. */
export function sbomPackages(text: string): number {
  const { components = [] } = JSON.parse(text) as { components?: { type: string }[] };
  return components.filter(({ type }) => type === "library" || type === "application").length;
}
