import { existsSync } from "node:fs";
import { join } from "node:path";
import { vmSizes } from "../components/aksPlatform/vmSizes";
import { computeCapacity } from "./capacity/computeCapacity";
import { type PolicyPackOptions, previewStack } from "./engine/previewStack";
import { buildPolicyPack } from "./engine/policies/buildPolicyPack";
import type { StackPreview } from "./report/stackPreview";
import { computePrice, regionOf } from "./prices/computePrice";
import { loadPrices } from "./prices/priceTable";

/** What to preview. */
export interface PreviewOptions {
  /** Folder with `Pulumi.yaml`. */
  projectDir: string;
  stack: string;
  /** `up` also makes ids and outputs, as an update would. @default "preview" */
  mode?: "preview" | "up";
  /** As the first real preview sees it: see `previewStack`. @default false */
  first?: boolean;
  /** Folder of the platform's own policy pack, which is compiled first. @default none runs */
  policyDir?: string;
  /** Config of the own pack. @default `<stack>.json` in its folder where that exists */
  policyConfig?: string;
  /** Folders of further policy packs, ready to run. */
  policyPacks?: string[];
  signal?: AbortSignal;
  onProgress?: (step: string) => void;
}

/** Runs the program of a stack on the in-memory engine and adds up what it registers. */
export async function preview(options: PreviewOptions): Promise<StackPreview> {
  const started = performance.now();
  const { projectDir, stack, signal } = options;
  const policyPacks: PolicyPackOptions[] = [];
  if (options.policyDir !== undefined) {
    options.onProgress?.("compiling policies");
    await buildPolicyPack(options.policyDir);
    const usual = join(options.policyDir, `${stack}.json`);
    const configFile = options.policyConfig ?? (existsSync(usual) ? usual : undefined);
    policyPacks.push({ dir: options.policyDir, ...(configFile && { configFile }) });
  }
  policyPacks.push(...(options.policyPacks ?? []).map((dir) => ({ dir })));

  options.onProgress?.(`running the program of ${stack}`);
  const { result } = await previewStack({
    projectDir,
    stack,
    mode: options.mode ?? "preview",
    first: options.first ?? false,
    policyPacks,
    signal,
    onProgress: ({ resources }) => {
      options.onProgress?.(`running the program of ${stack}: ${resources} resources`);
    },
  });
  // What an update would delete holds nothing any more.
  const kept = result.resources.filter(({ operation }) => operation !== "delete");
  const capacity = computeCapacity(kept, vmSizes);
  const region = regionOf(kept);
  const table = region === undefined ? undefined : await loadPrices(projectDir, region);
  const price = computePrice(kept, capacity, table);
  return { result, capacity, price, wallMs: performance.now() - started };
}
