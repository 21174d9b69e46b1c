import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { findImages } from "../../charts/images/findImages";
import { deployable } from "../preview/deployable";
import { previewStack } from "../../preview/engine/previewStack";
import type { PreviewResource } from "../../preview/engine/programRun";
import { archiveName } from "../../program/charts";
import { buildGoTool, type GoTool } from "../../local/programs/goTool";
import { kubernetesVersion } from "../../program/versions";

const root = resolve(__dirname, "../..");

const helm: GoTool = {
  name: "Helm",
  module: "test/charts/helm",
  package: "helm.sh/helm/v3/cmd/helm",
  without: "leave MLP_CHARTS unset: the charts are then not rendered.",
};

/** CRDs that are there when the charts are installed, and that some of them look for. */
const apiVersions = ["monitoring.coreos.com/v1", "cert-manager.io/v1"];

/** An object that a chart made. */
export interface ChartObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
  [field: string]: any;
}

/** What a release of the program would install. */
export interface RenderedRelease {
  /** Logical name of the release in the program. */
  name: string;
  /** Name of the release in the cluster. */
  release: string;
  /** Namespace that objects without one of their own are in. */
  namespace: string;
  /** The chart's name and version, as its archive. */
  archive: string;
  /** All objects, CRDs first; those with the annotation `helm.sh/hook` are hooks. */
  objects: ChartObject[];
  /** Images that the program itself names in the chart's values. */
  named: string[];
  /** What Helm complains about, a line each. */
  warnings: string[];
}

/** How charts are rendered. */
export interface RenderOptions {
  /** Configuration over that of the stack's file, by `namespace:key`. */
  config?: Record<string, string>;
  /** Told each release that was not rendered and why. @default console.log */
  say?: (text: string) => void;
}

/**
 * Folder of chart archives named by MLP_CHARTS, as `helm pull` writes them (`kueue-0.19.2.tgz`).
 * Undefined where it is not set.
 *
 * @throws Error where it names no folder
 */
export function chartArchives(): string | undefined {
  const folder = process.env.MLP_CHARTS;
  if (!folder) {
    return undefined;
  }
  if (existsSync(folder)) {
    return resolve(folder);
  }
  throw new Error(`MLP_CHARTS names no folder, got "${folder}". Correct it, or leave it unset.`);
}

/**
 * Renders each chart with the values that the program gives it for a stack, by Helm itself. What
 * cannot be rendered for want of its archive is said and left out.
 *
 * @throws Error where the program of the stack fails, or Helm refuses a chart or its values
 */
export async function renderCharts(
  stack: string,
  { config, say = console.log }: RenderOptions = {},
): Promise<RenderedRelease[]> {
  const archives = chartArchives();
  if (archives === undefined) {
    say("not rendered: any chart, because MLP_CHARTS names no folder of archives");
    return [];
  }
  const binary = await buildGoTool(root, helm, say);
  const rendered: RenderedRelease[] = [];
  for (const release of await releasesOf(stack, config)) {
    const { chart, version } = release.inputs as { chart: string; version: string };
    const archive = archiveName({ chart, version });
    const path = resolve(archives, archive);
    if (existsSync(path)) {
      rendered.push(await render(binary, path, release));
    } else {
      say(`not rendered: ${release.name} of ${stack}, because ${archive} is not in MLP_CHARTS`);
    }
  }
  return rendered;
}

/** The releases of a stack in the order in which the program registers them, every value known. */
async function releasesOf(
  stack: string,
  config?: Record<string, string>,
): Promise<PreviewResource[]> {
  const { result } = await previewStack({
    projectDir: root,
    stack,
    config: { ...deployable(stack), ...config },
    mode: "up",
  });
  if (!result.succeeded) {
    const errors = result.diagnostics.map(({ message }) => message).join("\n");
    throw new Error(`The program of ${stack} failed: ${errors}`);
  }
  return result.resources.filter(({ type }) => type === "kubernetes:helm.sh/v3:Release");
}

async function render(
  binary: string,
  archive: string,
  { name, inputs }: PreviewResource,
): Promise<RenderedRelease> {
  const { name: release, namespace, values } = inputs as Record<string, any>;
  const child = promisify(execFile)(
    binary,
    [
      ...["template", release, archive, "--namespace", namespace, "--values", "-"],
      ...["--include-crds", "--kube-version", kubernetesVersion],
      ...apiVersions.flatMap((version) => ["--api-versions", version]),
    ],
    { maxBuffer: 1 << 28, timeout: 120_000 },
  );
  // JSON is YAML.
  child.child.stdin!.end(JSON.stringify(values));
  const { stdout, stderr } = await child.catch((error: Error & { stderr?: string }) => {
    throw new Error(`Helm refuses ${name}: ${error.stderr?.trim() || error.message}`);
  });
  return {
    name,
    release,
    namespace,
    archive: archive.slice(archive.lastIndexOf("/") + 1),
    objects: objectsOf(stdout),
    named: findImages(values),
    warnings: stderr.split("\n").filter((line) => line.trim() !== ""),
  };
}

function objectsOf(manifests: string): ChartObject[] {
  return parseAllDocuments(manifests).flatMap((document) => {
    if (document.errors.length > 0) {
      throw document.errors[0]!;
    }
    const value = document.toJS({ maxAliasCount: -1 });
    // A template whose condition is false leaves an empty document.
    if (value === null) {
      return [];
    }
    return value.kind === "List" ? value.items : [value];
  });
}
