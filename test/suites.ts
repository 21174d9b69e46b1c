import { buildControlPlane } from "./cluster/controlPlane";
import { noBed } from "./cluster/noBed";
import { buildEngine } from "./engine/programs";
import { noContainers, prepareImages, serviceImages } from "./images/containers/prepareImages";
import { buildMonitoringTools } from "./monitoring/monitoringTools";

/** A suite of tests, and the command that runs it. */
export interface Suite {
  name: string;
  command: string[];
  /** Folder that the command runs in, from the root. */
  folder?: string;
  /** How the suite's counts are read. */
  counts: "mocha" | "pytest";
  /** True where it starts real servers and needs their programs. */
  needsServers?: boolean;
  /** Builds what it runs, once for all later runs; its own output comes only at its end. */
  prepare?: (root: string, say: (text: string) => void) => Promise<unknown>;
}

const mocha = (name: string, ...files: string[]): Suite => ({
  name,
  command: ["mocha", "--reporter", require.resolve("./countingReporter.cjs"), ...files],
  counts: "mocha",
});
const withServers = (suite: Suite): Suite => ({ ...suite, needsServers: true });
const pytest = (name: string, folder: string): Suite => ({
  name,
  folder,
  command: ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider"],
  counts: "pytest",
  needsServers: true,
});

// It starts a store: without the servers' programs it would install them within its own time limit.
const lakeCommands = "test/cli/lakeCommands.test.ts";

/**
 * Two lanes, one a core; the suites of a lane run one after the other. The runs of the whole
 * lifecycle share a state directory, so they share a lane.
 */
export const lanes: Suite[][] = [
  [
    mocha(
      "program",
      "--ignore",
      lakeCommands,
      "test/!(checkov|monitoring|cluster|engine|stores|isolation)/**/*.test.ts",
    ),
    withServers(mocha("services", "workloads/**/*.test.ts", lakeCommands, "test/stores/*.test.ts")),
    withServers(mocha("isolation", "test/isolation/*.test.ts")),
    mocha("checkov", "test/checkov/*.test.ts"),
    {
      ...mocha("images", "--timeout", "1800000", "test/images/containers/services.run.ts"),
      prepare: (_root, say) =>
        noContainers === undefined
          ? prepareImages(serviceImages, say)
          : Promise.resolve(say(noContainers)),
    },
  ],
  [
    pytest("modelServer", "workloads/modelServer"),
    pytest("projectTemplate", "workloads/projectTemplate"),
    withServers(mocha("local", "local/**/!(*.e2e).test.ts")),
    withServers(mocha("lifecycle", "--timeout", "600000", "local/*.e2e.test.ts")),
    {
      ...withServers(mocha("monitoring", "test/monitoring/*.test.ts")),
      prepare: (_root, say) => buildMonitoringTools(say),
    },
    {
      // The one that destroys the stack comes last: it takes the others' cluster.
      ...mocha("cluster", "test/cluster/!(deleted).test.ts", "test/cluster/deleted.test.ts"),
      prepare: (root, say) =>
        noBed === undefined ? buildControlPlane(root, say) : Promise.resolve(say(noBed)),
    },
    {
      ...mocha("engine", "test/engine/*.test.ts"),
      prepare: async (root, say) => {
        if (noBed !== undefined) {
          say(noBed);
          return;
        }
        await buildControlPlane(root, say);
        await buildEngine(root, say, ["pulumi", "kubernetesProvider"]);
      },
    },
  ],
];
