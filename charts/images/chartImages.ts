import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** File of the images that each chart names when it is rendered with the program's values. */
export const chartImagesFile = join(__dirname, "chartImages.json");

const schema = z.record(
  z.string(),
  z.strictObject({ version: z.string(), images: z.array(z.string()) }),
);

/** Images of a chart at one version. */
export type ChartImages = z.infer<typeof schema>;

/** Reads the images by the chart's name. */
export function readChartImages(): ChartImages {
  return schema.parse(JSON.parse(readFileSync(chartImagesFile, "utf8")));
}
