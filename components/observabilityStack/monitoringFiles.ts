import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { childOptions, type Scope } from "../scope";

/** A file that ships with the component. */
export interface MonitoringFile {
  /** File name without its ending; becomes part of object names. */
  name: string;
  content: string;
}

/** Reads all files with an ending from a folder beside this file, in a stable order. */
export function monitoringFiles(folder: string, ending: string): MonitoringFile[] {
  const path = join(__dirname, folder);
  return readdirSync(path)
    .filter((file) => file.endsWith(ending))
    .sort()
    .map((file) => ({
      name: file.slice(0, -ending.length),
      content: readFileSync(join(path, file), "utf8"),
    }));
}

/** A file's name as Kubernetes takes it: `inferenceTable` as `inference-table`. */
const objectName = (file: string) => file.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Makes a ConfigMap of each dashboard; Grafana's sidecar finds them by their label. */
export function createDashboards(scope: Scope, namespace: pulumi.Input<string>): void {
  for (const { name: dashboard, content } of monitoringFiles("dashboards", ".json")) {
    new k8s.core.v1.ConfigMap(
      `${scope.name}-dashboard-${dashboard}`,
      {
        metadata: {
          name: `dashboard-${objectName(dashboard)}`,
          namespace,
          labels: { grafana_dashboard: "1" },
          annotations: { grafana_folder: "ML platform" },
        },
        data: { [`${dashboard}.json`]: content },
      },
      childOptions(scope),
    );
  }
}

/** Makes a PrometheusRule of each file of alerts. */
export function createAlerts(scope: Scope, namespace: pulumi.Input<string>): void {
  for (const { name: topic, content } of monitoringFiles("alerts", ".yaml")) {
    new k8s.apiextensions.CustomResource(
      `${scope.name}-alerts-${topic}`,
      {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "PrometheusRule",
        metadata: { name: `mlplatform-${objectName(topic)}`, namespace },
        spec: parse(content),
      },
      childOptions(scope),
    );
  }
}
