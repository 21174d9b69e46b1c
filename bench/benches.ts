import { inferenceTableBench } from "./inferenceTable/inferenceTableBench";
import { logOffloaderBench } from "./logOffloader/logOffloaderBench";
import { policyBench } from "./policy/policyBench";
import { previewBench } from "./preview/previewBench";
import type { AnyBench } from "./runBench";

/** Every bench by its name, `npm run bench:<name>`. */
export const benches: Record<string, AnyBench> = {
  inferenceTable: inferenceTableBench,
  logOffloader: logOffloaderBench,
  policy: policyBench,
  preview: previewBench,
};
