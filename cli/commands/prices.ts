import { relative } from "node:path";
import { Command } from "commander";
import { previewStack } from "../../preview/engine/previewStack";
import { type Problem, UserError, shown } from "../../screen/userError";
import { regionOf } from "../../preview/prices/computePrice";
import {
  type PriceTable,
  loadPrices,
  priceFiles,
  priceFolder,
  savePrices,
} from "../../preview/prices/priceTable";
import { retailEndpoint } from "../../preview/prices/retailApi";
import { fetchPrices } from "../../preview/prices/updatePrices";
import { layoutOf } from "../../screen/layout";
import { table as linesOf } from "../../screen/table";
import { vmSizes } from "../../components/aksPlatform/vmSizes";
import type { CliContext } from "../context";
import { Progress } from "../../screen/progress";

interface UpdateFlags {
  stack?: string;
  region?: string;
  currency: string;
  endpoint: string;
}

const examples = `
Examples:
  npm run mlp -- prices update --stack prod
  npm run mlp -- prices update --region westeurope --currency EUR
  npm run mlp -- prices show --region westeurope`;

/** `mlp prices`: Azure's list prices, kept in dated files beside the project. */
export function pricesCommand(context: CliContext): Command {
  const command = new Command("prices")
    .description("Fetch and show Azure's list prices, which previews use")
    .addHelpText("after", examples);
  command
    .command("update")
    .description(`Fetch prices into ${priceFolder}/<region>-<date>.json; needs the internet`)
    .option("-s, --stack <name>", "take the region from this stack")
    .option("-r, --region <name>", "Azure region, e.g. westeurope")
    .option("--currency <code>", "currency of the prices", "USD")
    .option("--endpoint <url>", "address of the price list", retailEndpoint)
    .action((flags: UpdateFlags) => updatePrices(flags, context));
  command
    .command("show")
    .description("Show the prices in use")
    .option("-r, --region <name>", "only this region")
    .action((flags: { region?: string }) => showPrices(flags, context));
  return command;
}

async function updatePrices(flags: UpdateFlags, context: CliContext): Promise<void> {
  checkUpdate(flags);
  const progress = new Progress(context.stderr);
  let path: string;
  let table: PriceTable;
  try {
    const region = flags.region ?? (await regionOfStack(flags.stack!, context, progress));
    table = await fetchPrices({
      region,
      vmSizes: Object.keys(vmSizes),
      currency: flags.currency,
      endpoint: flags.endpoint,
      signal: context.signal,
      onProgress: (text) => {
        progress.step(text);
      },
    });
    if (Object.keys(table.prices).length === 0) {
      throw new UserError({
        what: `the price list has no entry for the region "${region}"`,
        remedy: "Nothing was written; give an Azure region name such as westeurope.",
      });
    }
    path = await savePrices(context.projectDir, table);
  } finally {
    progress.end();
  }
  context.stdout.write(
    `${Object.keys(table.prices).length} prices in ${table.currency} for ${table.region}: ` +
      `${relative(context.workingDir, path)}\n`,
  );
  const missing = table.missing.filter((key) => key.startsWith("vm/"));
  if (missing.length > 0) {
    context.stderr.write(
      `mlp: ${table.region} has no single price for ` +
        `${missing.map((key) => key.slice(3)).join(", ")}\n`,
    );
  }
}

function checkUpdate(flags: UpdateFlags): void {
  const problems: Problem[] = [];
  if ((flags.region === undefined) === (flags.stack === undefined)) {
    const what = "prices update needs either --stack or --region";
    problems.push({ what, remedy: "Give one of them." });
  }
  if (flags.region !== undefined && !/^[a-z][a-z0-9]+$/.test(flags.region)) {
    problems.push({
      what: "--region is not a region name",
      seen: shown(flags.region),
      remedy: "Write it as westeurope.",
    });
  }
  if (!/^[A-Z]{3}$/.test(flags.currency)) {
    problems.push({
      what: "--currency is not a currency code",
      seen: shown(flags.currency),
      remedy: "Write it as USD.",
    });
  }
  if (!URL.canParse(flags.endpoint)) {
    problems.push({
      what: "--endpoint is not an address",
      seen: shown(flags.endpoint),
      remedy: "Write it with https://.",
    });
  }
  if (problems.length > 0) {
    throw new UserError(...problems);
  }
}

async function regionOfStack(
  stack: string,
  context: CliContext,
  progress: Progress,
): Promise<string> {
  progress.step(`running the program of ${stack}`);
  const { result } = await previewStack({
    projectDir: context.projectDir,
    stack,
    signal: context.signal,
  });
  const region = regionOf(result.resources);
  if (region === undefined) {
    const failed = result.succeeded ? "" : "; its program failed, `mlp preview` shows why";
    throw new UserError({
      what: `--stack "${stack}" makes no cluster with a known region${failed}`,
      remedy: "Give --region instead.",
    });
  }
  return region;
}

async function showPrices(flags: { region?: string }, context: CliContext): Promise<void> {
  const files = await priceFiles(context.projectDir);
  const regions = new Set(files.map((name) => name.replace(/-\d{4}-\d{2}-\d{2}\.json$/, "")));
  const wanted = [...regions].filter((region) => region === (flags.region ?? region));
  if (wanted.length === 0) {
    const where = flags.region === undefined ? "" : ` for the region "${flags.region}"`;
    throw new UserError({
      what: `no prices were fetched${where}`,
      remedy: "Run `mlp prices update`.",
    });
  }
  for (const region of wanted) {
    const table = await loadPrices(context.projectDir, region);
    if (table === undefined) {
      continue;
    }
    const rows = Object.entries(table.prices).map(([key, price]) => [
      key,
      String(price.amount),
      `per ${price.unit}`,
      `${price.productName}, ${price.meterName}`,
    ]);
    context.stdout.write(
      `${region}, ${table.currency}, fetched ${table.fetchedAt.slice(0, 10)} from ` +
        `${table.source}\n`,
    );
    const columns = [{ name: "item" }, { name: "price", isNumber: true }, { name: "unit" }];
    const shownTable = { columns: [...columns, { name: "product" }], rows, indent: 2 };
    context.stdout.write(`${linesOf(shownTable, layoutOf(context.stdout)).join("\n")}\n`);
  }
}
