import assert from "node:assert/strict";
import { join } from "node:path";
import { buildPolicyPack } from "../../preview/engine/policies/buildPolicyPack";
import { type Difference, type PreviewStep, differences } from "./differences";
import type { EngineBed } from "./engineBed";
import { type EngineEvent, eventsOf } from "./engineEvents";
import { causes } from "./explained";
import { previewStack } from "./offlineEngine";
import { readFileSync } from "node:fs";

/** What two engines said of one stack. */
interface Comparison {
  resources: number;
  seconds: number;
  /** Known differences, by the name of their cause. */
  explained: Record<string, number>;
  unexplained: Difference[];
  /** Results of the policy pack by the real engine, and offline, as sorted lines. */
  policies: { real: string[]; offline: string[] };
}

/**
 * Previews a stack that was never deployed by the real engine, with the policy pack, and by the
 * offline one; compares everything that both say.
 */
async function comparePreviews(bed: EngineBed, stack: string): Promise<Comparison> {
  const pack = join(bed.project, "policy");
  await buildPolicyPack(pack);
  const log = join(bed.folder, "preview.log");
  const config = join(pack, `${stack}.json`);
  const ran = await bed.mustRun(
    ...["preview", "--stack", stack, "--json", "--event-log", log],
    ...["--policy-pack", pack, "--policy-pack-config", config],
  );
  const { steps } = JSON.parse(ran.stdout) as { steps: PreviewStep[] };
  const { result } = await previewStack({
    projectDir: bed.project,
    stack,
    first: true,
    policyPacks: [{ dir: pack, configFile: config }],
  });
  const errors = result.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    throw new Error(errors.map(({ message }) => message).join("\n"));
  }
  const found = differences(
    steps.map(({ newState }) => newState!),
    result.resources,
  );
  const explained: Record<string, number> = {};
  const unexplained: Difference[] = [];
  for (const difference of found) {
    const cause = causes.find(({ explains }) => explains(difference));
    if (cause) {
      explained[cause.name] = (explained[cause.name] ?? 0) + 1;
    } else {
      unexplained.push(difference);
    }
  }
  return {
    resources: steps.length,
    seconds: ran.seconds,
    explained,
    unexplained,
    policies: {
      real: policyLines(eventsOf(readFileSync(log, "utf8"))),
      offline: (result.policy?.reports ?? [])
        .map(({ policy, urn, enforcement }) => `${policy} ${enforcement} ${urn}`)
        .sort(),
    },
  };
}

/**
 * Asserts that the two previews differ in what is explained alone, and prints how much that is;
 * returns how many resources the real engine would make.
 */
export async function assertSamePreview(bed: EngineBed, stack: string): Promise<number> {
  const { resources, seconds, explained, unexplained, policies } = await comparePreviews(
    bed,
    stack,
  );
  const known = Object.entries(explained).map(([name, count]) => `${count} ${name}`);
  console.log(`      ${resources} resources in ${seconds.toFixed(1)} s; ${known.join(", ")}`);
  assert.deepEqual(unexplained.slice(0, 20), []);
  assert.deepEqual(policies.real, policies.offline);
  return resources;
}

const policyLines = (events: EngineEvent[]) =>
  events
    .flatMap(({ policyEvent }) => (policyEvent ? [policyEvent] : []))
    .map(({ policyName, enforcementLevel, resourceUrn = "" }) =>
      [policyName, enforcementLevel, resourceUrn].join(" "),
    )
    .sort();
