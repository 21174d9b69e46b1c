import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../screen/userError";

/** How often a price is charged. */
export type PriceUnit = "hour" | "day" | "month";

/** One price as the public price list has it. */
export interface UnitPrice {
  /** In the table's currency, for one unit. */
  amount: number;
  unit: PriceUnit;
  /** Azure's own names, so that a figure can be found again. */
  meterId: string;
  meterName: string;
  productName: string;
}

/**
 * Prices of one region at one day. Keys: `vm/Standard_D4s_v5`, `spot/Standard_D4s_v5`,
 * `disk/P10 LRS`, `aks/Standard`, `registry/Basic`.
 */
export interface PriceTable {
  region: string;
  currency: string;
  /** When it was fetched, ISO 8601. */
  fetchedAt: string;
  /** Where it was fetched from. */
  source: string;
  prices: Record<string, UnitPrice>;
  /** Keys asked for that the price list does not have in the region. */
  missing: string[];
}

/** Folder of the price files in a project. It is not part of the repository. */
export const priceFolder = join(".mlplatform", "prices");

/** Writes a table as `<region>-<date>.json` and returns its path. */
export async function savePrices(projectDir: string, table: PriceTable): Promise<string> {
  const folder = join(projectDir, priceFolder);
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${table.region}-${table.fetchedAt.slice(0, 10)}.json`);
  await writeFile(`${path}.part`, `${JSON.stringify(table, null, 2)}\n`);
  await rename(`${path}.part`, path);
  return path;
}

/** The newest table of a region, or undefined where none was fetched. */
export async function loadPrices(
  projectDir: string,
  region: string,
): Promise<PriceTable | undefined> {
  const newest = (await priceFiles(projectDir))
    .filter((name) => new RegExp(`^${region}-\\d{4}-\\d{2}-\\d{2}\\.json$`).test(name))
    .at(-1);
  return newest === undefined ? undefined : readTable(join(projectDir, priceFolder, newest));
}

/** Names of all price files, older before newer within a region. */
export async function priceFiles(projectDir: string): Promise<string[]> {
  try {
    const names = await readdir(join(projectDir, priceFolder));
    return names.filter((name) => name.endsWith(".json")).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return [];
    }
    throw error;
  }
}

async function readTable(path: string): Promise<PriceTable> {
  const text = await readFile(path, "utf8");
  const broken = (what: string) =>
    new UserError({
      what: `${path} is ${what}`,
      remedy: "Delete the file and run `mlp prices update`.",
    });
  let table: PriceTable;
  try {
    table = JSON.parse(text);
  } catch (error) {
    throw broken(`not JSON (${(error as Error).message})`);
  }
  if (typeof table?.prices !== "object" || typeof table.fetchedAt !== "string") {
    throw broken("not a price table");
  }
  return table;
}
