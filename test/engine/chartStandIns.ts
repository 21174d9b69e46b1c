import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archiveName, chartName } from "../../program/charts";
import { everyChart } from "../../program/versions";

const template = `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-stand-in
data:
  values: {{ .Values | toYaml | quote }}
`;

/**
 * Writes an archive for each of the platform's charts, under its name and version, that installs
 * one ConfigMap with the values it was given. The charts' own workloads, CRDs and webhooks are not
 * in it: nothing on this bed could run them.
 */
export function writeChartStandIns(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), "mlplatform-charts-"));
  try {
    for (const reference of everyChart) {
      const name = chartName(reference);
      const templates = join(scratch, name, "templates");
      mkdirSync(templates, { recursive: true });
      const about = `apiVersion: v2\nname: ${name}\nversion: "${reference.version}"\n`;
      writeFileSync(join(scratch, name, "Chart.yaml"), about);
      writeFileSync(join(templates, "configMap.yaml"), template);
      const archive = join(folder, archiveName(reference));
      execFileSync("tar", ["--create", "--gzip", "--file", archive, "-C", scratch, name]);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
