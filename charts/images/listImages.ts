import { chartName } from "../../program/charts";
import { imageFrom } from "../../components/kubernetes/imageName";
import { preloadedPrefix } from "../../program/publishedImages";
import { knativeImages } from "../../program/versions";
import { previewStack, readStackConfig } from "../../preview/engine/previewStack";
import { UserError } from "../../screen/userError";
import type { PreviewResource } from "../../preview/engine/programRun";
import { readChartImages } from "./chartImages";
import { findImages } from "./findImages";

/** An image that a stack pulls. */
export interface ListedImage {
  /** Name at its publisher. */
  source: string;
  /** Name by which the stack pulls it; the same as `source` where the stack names no registry. */
  image: string;
  /** What uses it, e.g. `Deployment mlflow-server` or `chart loki`. */
  usedBy: string[];
}

/** All images of a stack. */
export interface ImageList {
  stack: string;
  /** Registry that the stack takes all images from. */
  registry?: string;
  images: ListedImage[];
}

const imagesKey = "mlplatform:images";
const releaseType = "kubernetes:helm.sh/v3:Release";
const projectVariableType = "github:index/actionsVariable:ActionsVariable";

/**
 * Lists every image that a stack pulls: those that its objects name, those that its charts make of
 * the program's values, and Knative Serving's. Images of a model's or a job's own are not among
 * them.
 *
 * @throws UserError where the stack's program fails, or a chart's images are not known
 */
export async function listImages(
  projectDir: string,
  stack: string,
  signal?: AbortSignal,
): Promise<ImageList> {
  const { config } = readStackConfig(projectDir, stack);
  const { registry, ...replaced } = JSON.parse(config[imagesKey] || "{}");
  const { result } = await previewStack({
    projectDir,
    stack,
    signal,
    // Without the registry: the names at the publishers are wanted too. And without a folder of
    // charts, which may not be filled yet.
    config: { [imagesKey]: JSON.stringify(replaced), "mlplatform:charts": "{}" },
  });
  if (!result.succeeded) {
    throw new UserError({
      what: `the program of stack "${stack}" fails, so its images are not known`,
      remedy: `\`mlp preview --stack ${stack}\` shows why.`,
    });
  }
  const users = new Map<string, Set<string>>();
  for (const resource of result.resources.filter(({ custom }) => custom)) {
    for (const [image, user] of imagesOf(resource)) {
      users.set(image, (users.get(image) ?? new Set()).add(user));
    }
  }
  const images = [...users].map(([source, usedBy]) => ({
    source,
    image: source.startsWith(`${preloadedPrefix}/`) ? source : imageFrom(registry, source),
    usedBy: [...usedBy].sort(),
  }));
  return { stack, registry, images: images.sort((a, b) => (a.source < b.source ? -1 : 1)) };
}

/** Images of one resource, each with what uses it. */
function imagesOf({ type, name, inputs }: PreviewResource): [image: string, user: string][] {
  const kind = type.slice(type.lastIndexOf(":") + 1);
  const own = findImages(inputs).map<[string, string]>((image) => [image, `${kind} ${name}`]);
  if (type === releaseType) {
    return [...own, ...imagesOfChart(inputs)];
  }
  if (kind === "KnativeServing") {
    const images = Object.values(knativeImages);
    return [...own, ...images.map<[string, string]>((image) => [image, "Knative Serving"])];
  }
  if (type === projectVariableType && /_IMAGE$/.test(String(inputs.variableName))) {
    return [[String(inputs.value), `project ${String(inputs.repository)}`]];
  }
  return own;
}

function imagesOfChart(inputs: Record<string, unknown>): [image: string, user: string][] {
  const { chart, version } = inputs as { chart: string; version: string };
  const name = chartName({ chart, version });
  const known = readChartImages()[name];
  if (known?.version !== version) {
    throw new UserError({
      what:
        `the images of chart ${name} ${version} are not known, only those of ` +
        `${known?.version ?? "no version"}`,
      remedy: "Render it by `MLP_CHARTS=… UPDATE_GOLDEN=1 npx mocha test/charts`.",
    });
  }
  return known.images.map((image) => [image, `chart ${name}`]);
}
