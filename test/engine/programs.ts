import { type GoTool, buildGoTool } from "../../local/programs/goTool";

/** Release of the Pulumi CLI that the tests run. */
export const pulumiRelease = "3.276.0";

/** Version that the Kubernetes provider states: the one that the program's SDK asks for. */
export const kubernetesProviderVersion = "4.34.2";

/** Paths of the programs that make up the real engine. */
export interface EnginePrograms {
  pulumi: string;
  /** `pulumi-resource-kubernetes`. */
  kubernetesProvider: string;
  /** `pulumi-language-yaml`, which runs programs in YAML. */
  yamlHost: string;
}

const without = "run the other suites by name (`npm test -- program services`).";

const tools: Record<keyof EnginePrograms, GoTool> = {
  pulumi: {
    name: "pulumi",
    module: "test/engine/cli",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    ldflags: [`-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${pulumiRelease}`],
    without,
  },
  // Its released code is not in a module of that version: this is the module's newest one, of
  // January 2026, under the version that the SDK asks for.
  kubernetesProvider: {
    name: "pulumi-resource-kubernetes",
    module: "test/engine/kubernetes",
    package: ".",
    sources: ["main.go"],
    embedded: {
      module: "github.com/pulumi/pulumi-kubernetes/provider/v4",
      files: [
        "cmd/pulumi-resource-kubernetes/schema.json",
        "cmd/pulumi-resource-kubernetes/terraform-mapping.json",
      ],
    },
    ldflags: [`-X main.version=${kubernetesProviderVersion}`],
    without,
  },
  // It doesn't compile with the packages of the CLI's release, so it is built with those of the
  // Kubernetes provider.
  yamlHost: {
    name: "pulumi-language-yaml",
    module: "test/engine/yaml",
    package: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    without,
  },
};

/**
 * Builds the CLI and the Kubernetes provider from their Go modules, once.
 *
 * @param wanted those that are needed. Default: all
 * @throws UserError where Go is missing or a build fails
 */
export async function buildEngine<Name extends keyof EnginePrograms>(
  clone: string,
  say: (text: string) => void,
  wanted = Object.keys(tools) as Name[],
): Promise<Pick<EnginePrograms, Name>> {
  const programs: Partial<EnginePrograms> = {};
  // One after the other: each build uses every core, and the later ones find much of it compiled.
  for (const program of wanted) {
    programs[program] = await buildGoTool(clone, tools[program], say);
  }
  return programs as Pick<EnginePrograms, Name>;
}
