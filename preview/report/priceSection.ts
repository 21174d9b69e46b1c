import type { Price } from "../prices/computePrice";
import { type Layout, styled } from "../../screen/layout";
import { table } from "../../screen/table";
import { bullets, cut, wrap } from "../../screen/text";
import { loadRange } from "./loadRange";

/** The monthly price with its lines, or why it is unknown. */
export function priceSection(price: Price, layout: Layout): string[] {
  if (!price.known) {
    return [`${styled(layout, "bold", "Price unknown:")} ${price.reason}`];
  }
  const rows = price.lines.map((line) => [
    cut(line.item, 44),
    line.sku,
    loadRange(line.zero.count, line.full.count),
    money(line.monthly),
    money(line.zero.amount),
    money(line.full.amount),
  ]);
  rows.push(["total", "", "", "", money(price.zero!), money(price.full!)]);
  const names = ["item", "SKU", "number", "each", "at zero", "at full load"];
  const columns = names.map((name, index) => ({ name, isNumber: index >= 2 }));
  const title =
    `Price a month in ${price.currency}, list prices of ${price.date} in ${price.region}, ` +
    "730 hours";
  const lines = [styled(layout, "bold", title), ...table({ columns, rows, indent: 2 }, layout)];
  if (price.missing.length > 0) {
    lines.push(styled(layout, "yellow", "  without a price, and so missing from the total"));
    lines.push(...bullets(price.missing, layout.width));
  }
  if (price.unpriced.length > 0) {
    const text = `not included: ${price.unpriced.join(", ")}`;
    lines.push(...wrap(text, layout.width - 2).map((line) => `  ${line}`));
  }
  return lines;
}

function money(amount: number): string {
  return amount.toFixed(2);
}
