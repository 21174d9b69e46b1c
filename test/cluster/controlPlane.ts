import { type GoTool, buildGoTool } from "../../local/programs/goTool";
import { kubernetesVersion } from "../../program/versions";

/** Patch release of the Go modules; its minor is that of the platform's clusters. */
const release = { version: "v1.35.4", major: "1", minor: "35" };

/** Programs of the control plane. */
export enum Program {
  Etcd = "etcd",
  ApiServer = "kube-apiserver",
  ControllerManager = "kube-controller-manager",
  Scheduler = "kube-scheduler",
  Kubectl = "kubectl",
  Kwok = "kwok",
}

/** Paths of the built programs. */
export type Programs = Record<Program, string>;

// Without these a server reports v0.0.0, and clients refuse what they think it is too old for.
const ldflags = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap(
  (variables) => [
    `-X ${variables}.gitVersion=${release.version}`,
    `-X ${variables}.gitMajor=${release.major}`,
    `-X ${variables}.gitMinor=${release.minor}`,
  ],
);

const without = "run the other suites by name (`npm test -- program services`).";
const kubernetes = (name: Program): GoTool => ({
  name,
  module: "test/cluster/tools",
  package: `k8s.io/kubernetes/cmd/${name}`,
  ldflags,
  without,
});

const tools: Record<Program, GoTool> = {
  [Program.Etcd]: {
    name: Program.Etcd,
    module: "test/cluster/tools",
    package: "go.etcd.io/etcd/server/v3",
    without,
  },
  [Program.ApiServer]: kubernetes(Program.ApiServer),
  [Program.ControllerManager]: kubernetes(Program.ControllerManager),
  [Program.Scheduler]: kubernetes(Program.Scheduler),
  [Program.Kubectl]: kubernetes(Program.Kubectl),
  [Program.Kwok]: {
    name: Program.Kwok,
    module: "test/cluster/kwok",
    package: "sigs.k8s.io/kwok/cmd/kwok",
    without,
  },
};

/**
 * Builds the control plane from its Go modules, once.
 *
 * @throws UserError where Go is missing or a build fails
 */
export async function buildControlPlane(
  clone: string,
  say: (text: string) => void,
): Promise<Programs> {
  if (`${release.major}.${release.minor}` !== kubernetesVersion) {
    throw new Error(
      `the test bed is Kubernetes ${release.version}, the platform's clusters are ` +
        `${kubernetesVersion}: ` +
        "move test/cluster/tools/go.mod to that minor",
    );
  }
  const programs: Partial<Programs> = {};
  // One after the other: each build uses every core, and the later ones find most of it compiled.
  for (const [program, tool] of Object.entries(tools) as [Program, GoTool][]) {
    programs[program] = await buildGoTool(clone, tool, say);
  }
  return programs as Programs;
}
