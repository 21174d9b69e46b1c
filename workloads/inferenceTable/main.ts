import { runService } from "@mlplatform/lake/service/runService";
import { readConfig } from "./config";
import { startInferenceTable } from "./inferenceTable";

runService("inference-table", async (logLine) => {
  const service = await startInferenceTable(readConfig(process.env), logLine);
  logLine("info", `listening on ${service.url}`);
  return service;
});
