import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { distance } from "fastest-levenshtein";
import { mergeValues } from "../../components/kubernetes/installChart";

type Values = Record<string, unknown>;

/** What a chart says about its values. */
export interface PublishedChart {
  /** Default values, those of the charts it depends on included. */
  defaults: Values;
  /** JSON schema of the merged values, where the chart has one. */
  schema?: Values;
  /** Paths of options that stand beside the default values as comments only. */
  commented: Set<string>;
}

/** Folder of a chart by the name in a Release: Istio's names are too short to stand alone. */
const folderOfChart: Record<string, string> = { base: "istio-base", gateway: "istio-gateway" };

/** What charts say about their values. */
export class PublishedCharts {
  readonly #read = new Map<string, PublishedChart | undefined>();

  /** @param folder the charts' values and schemas as their projects published them */
  constructor(readonly folder: string) {}

  /** What a chart says. Undefined where the chart publishes no values. */
  chart(reference: string): PublishedChart | undefined {
    const name = reference.split("/").at(-1)!;
    if (!this.#read.has(name)) {
      this.#read.set(name, readChart(this.folder, name));
    }
    return this.#read.get(name);
  }
}

function readChart(charts: string, name: string): PublishedChart | undefined {
  const folder = join(charts, folderOfChart[name] ?? name);
  const valuesFile = join(folder, "values.yaml");
  if (!existsSync(valuesFile)) {
    return undefined;
  }
  const text = readFileSync(valuesFile, "utf8");
  const schemaFile = join(folder, "values.schema.json");
  const chart: PublishedChart = {
    defaults: defaultsOf(text),
    schema: existsSync(schemaFile) ? JSON.parse(readFileSync(schemaFile, "utf8")) : undefined,
    commented: commentedPaths(text),
  };
  addDependencies(charts, folder, chart);
  return chart;
}

function defaultsOf(text: string): Values {
  // The Knative operator's file is a template of its release build: `tag: {{ tag }}`.
  const values = parse(text.replaceAll(/: \{\{ \w+ \}\}$/gm, ": v1"));
  // Istio's charts keep their defaults one level down and lift them in their templates.
  return values._internal_defaults_do_not_set ?? values;
}

/** Paths of keys that are commented out, each below the key that it is indented under. */
function commentedPaths(text: string): Set<string> {
  const paths = new Set<string>();
  const parents: { indent: number; key: string }[] = [];
  for (const line of text.split("\n")) {
    const [, indentation, hash, key] = /^( *)(#+ ?)?([\w.-]+):(?:\s|$)/.exec(line) ?? [];
    if (key === undefined) {
      continue;
    }
    const indent = indentation!.length;
    while (parents.length > 0 && parents.at(-1)!.indent >= indent) {
      parents.pop();
    }
    if (hash) {
      paths.add([...parents.map((parent) => parent.key), key].join("."));
    } else {
      parents.push({ indent, key });
    }
  }
  return paths;
}

/** Puts what the charts that a chart depends on say about their values under their names. */
function addDependencies(
  charts: string,
  folder: string,
  { defaults, commented }: PublishedChart,
): void {
  const text = readFileSync(join(folder, "Chart.yaml"), "utf8").replaceAll(/\{\{.*?\}\}/g, "v1");
  for (const { name, alias } of parse(text).dependencies ?? []) {
    const valuesFile = join(charts, name, "values.yaml");
    if (!existsSync(valuesFile)) {
      continue;
    }
    const key = alias ?? name;
    const values = readFileSync(valuesFile, "utf8");
    defaults[key] = mergeValues(defaultsOf(values), defaults[key]);
    for (const path of commentedPaths(values)) {
      commented.add(`${key}.${path}`);
    }
  }
}

/** Maps that take more keys than the chart has entries in: the user's own, or another API's. */
const freeMaps =
  /(^|\.)(annotations|labels|podAnnotations|podLabels|nodeSelector|meshConfig|limits_config|grafana\.ini)$/;

/**
 * Kubernetes' own shapes, by the keys under which charts take them; many charts default to `{}`.
 */
const kubernetesShapes: [path: RegExp, keys: string[]][] = [
  [/(^|\.)resources$/, ["claims", "limits", "requests"]],
  [/(^|\.)resources\.(limits|requests)$/, ["cpu", "ephemeral-storage", "memory", "storage"]],
  [/(^|\.)capabilities$/, ["add", "drop"]],
  [/(^|\.)seccompProfile$/, ["localhostProfile", "type"]],
  [/(^|\.)(storage|storageSpec)$/, ["emptyDir", "ephemeral", "volumeClaimTemplate"]],
  [/(^|\.)volumeClaimTemplate$/, ["metadata", "spec"]],
  [
    /(^|\.)volumeClaimTemplate\.spec$/,
    ["accessModes", "resources", "selector", "storageClassName", "volumeMode", "volumeName"],
  ],
  [
    /(^|\.)podDisruptionBudget$/,
    ["enabled", "maxUnavailable", "minAvailable", "unhealthyPodEvictionPolicy"],
  ],
  [/(^|\.)affinity$/, ["nodeAffinity", "podAffinity", "podAntiAffinity"]],
  [
    /(^|\.)(node|pod|podAnti)Affinity$/,
    [
      "preferredDuringSchedulingIgnoredDuringExecution",
      "requiredDuringSchedulingIgnoredDuringExecution",
    ],
  ],
  [/nodeAffinity\.requiredDuringSchedulingIgnoredDuringExecution$/, ["nodeSelectorTerms"]],
  [/(^|\.)alertmanagerConfigMatcherStrategy$/, ["type"]],
  [/(^|\.)tolerations\[\d+\]$/, ["effect", "key", "operator", "tolerationSeconds", "value"]],
  [
    /(^|\.)\w*[sS]ecurityContext$/,
    [
      "allowPrivilegeEscalation",
      "appArmorProfile",
      "capabilities",
      // Not Kubernetes' own: SeaweedFS's chart takes the rest only where this is true.
      "enabled",
      "fsGroup",
      "fsGroupChangePolicy",
      "privileged",
      "procMount",
      "readOnlyRootFilesystem",
      "runAsGroup",
      "runAsNonRoot",
      "runAsUser",
      "seLinuxOptions",
      "seccompProfile",
      "supplementalGroups",
      "supplementalGroupsPolicy",
      "sysctls",
    ],
  ],
];

/** A value that a chart does not take. */
export interface UnknownValue {
  /** Path of the key, e.g. `grafana.sidecar.dashboards.labels`. */
  path: string;
  /** What is wrong, and the nearest key that the chart knows there. */
  problem: string;
}

/**
 * Values that a chart does not know: keys that are neither in its defaults nor in their comments,
 * and maps, lists and scalars in each other's place.
 */
export function unknownValues(values: Values, chart: PublishedChart): UnknownValue[] {
  const visit = (value: unknown, fallback: unknown, path: string): UnknownValue[] => {
    const shape = kubernetesShapes.find(([pattern]) => pattern.test(path))?.[1];
    if (value === null || (fallback ?? shape) === undefined) {
      return [];
    }
    if (fallback !== null && fallback !== undefined && kindOf(value) !== kindOf(fallback)) {
      const problem = `is a ${kindOf(value)}, the chart has a ${kindOf(fallback)}`;
      return [{ path, problem }];
    }
    if (Array.isArray(value)) {
      return value.flatMap((item, index) => visit(item, undefined, `${path}[${index}]`));
    }
    if (kindOf(value) !== "map" || freeMaps.test(path)) {
      return [];
    }
    const known = (fallback ?? {}) as Values;
    const names = [...Object.keys(known), ...(shape ?? [])];
    if (names.length === 0) {
      return [];
    }
    const below = path === "" ? "" : `${path}.`;
    const commented = [...chart.commented]
      .filter((name) => name.startsWith(below))
      .map((name) => name.slice(below.length))
      .filter((name) => !name.includes("."));
    return Object.entries(value as Values).flatMap(([key, inner]) => {
      if (key in known || shape?.includes(key) || commented.includes(key)) {
        return visit(inner, known[key], `${below}${key}`);
      }
      const nearest = nearestOf(key, [...names, ...commented]);
      return [{ path: `${below}${key}`, problem: `is no key of the chart; nearest: ${nearest}` }];
    });
  };
  return visit(values, chart.defaults, "");
}

function nearestOf(key: string, names: string[]): string {
  return names.reduce((best, name) => (distance(key, name) < distance(key, best) ? name : best));
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) {
    return "list";
  }
  return typeof value === "object" ? "map" : "scalar";
}
