import { type GoTool, buildGoTool } from "../../local/programs/goTool";
import { join, resolve } from "node:path";

/** Root of the clone. */
export const clone = resolve(__dirname, "../..");

const without = "leave out this suite: `npm test -- program services`.";
// Service discovery is most of Prometheus; files are all that the tests need.
const shared = { module: join("test", "monitoring"), tags: ["remove_all_sd"], without };
const prometheusTool: GoTool = {
  ...shared,
  name: "Prometheus",
  package: "github.com/prometheus/prometheus/cmd/prometheus",
};
const promtoolTool: GoTool = {
  ...shared,
  name: "promtool",
  package: "github.com/prometheus/prometheus/cmd/promtool",
};

/** Longest wait for {@link buildMonitoringTools}: both builds, cold, on two busy cores. */
export const buildTimeoutMs = 1_800_000;

/** Programs of the Prometheus that the stack runs: the version of the pinned chart. */
export interface MonitoringTools {
  prometheus: string;
  promtool: string;
}

/** Builds Prometheus and promtool, or takes what an earlier build left. */
export async function buildMonitoringTools(
  say = (text: string) => console.log(`      ${text}`),
): Promise<MonitoringTools> {
  // One after the other: they share most packages through Go's cache.
  const prometheus = await buildGoTool(clone, prometheusTool, say);
  const promtool = await buildGoTool(clone, promtoolTool, say);
  return { prometheus, promtool };
}
