import { dnsLabel } from "../argumentFormats";
import { type ArgumentProblem, countProblems, textProblems } from "../argumentProblems";
import { normalizeRayStack, type RayStackChoices } from "./normalize";

/** Everything that is wrong with the arguments of a RayStack; empty where nothing is. */
export function rayStackProblems(_name: string, args: RayStackChoices): ArgumentProblem[] {
  const settings = normalizeRayStack(args);
  const remedy = "Set it to what the node pools can hold.";
  return [
    ...countProblems("cpuQuota", settings.cpuQuota, {
      least: 1,
      most: 100_000,
      unit: "vCPU",
      remedy,
    }),
    ...countProblems("memoryQuotaGiB", settings.memoryQuotaGiB, {
      least: 1,
      most: 1_000_000,
      unit: "GiB",
      remedy,
    }),
    ...countProblems("gpuQuota", settings.gpuQuota, {
      least: 0,
      most: 10_000,
      unit: "GPUs",
      remedy,
    }),
    ...countProblems("replicas", settings.replicas, { least: 1, most: 5, unit: "pods" }),
    ...textProblems("monitoringNamespace", settings.monitoringNamespace, dnsLabel),
  ];
}
