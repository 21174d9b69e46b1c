import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** An entry as the price list answers it, with every field that it has. */
export function retailItem(change: Record<string, unknown>): Record<string, unknown> {
  return {
    currencyCode: "USD",
    tierMinimumUnits: 0,
    retailPrice: 0.1,
    unitPrice: 0.1,
    armRegionName: "westeurope",
    location: "EU West",
    effectiveStartDate: "2025-01-01T00:00:00Z",
    meterId: "000a794b-bdb0-58be-a0cd-0c3a0f222923",
    meterName: "D4s v5",
    productId: "DZH318Z0BQPS",
    skuId: "DZH318Z0BQPS/00TG",
    availabilityId: null,
    productName: "Virtual Machines Dsv5 Series",
    skuName: "D4s v5",
    serviceName: "Virtual Machines",
    serviceId: "DZH313Z7MMC8",
    serviceFamily: "Compute",
    unitOfMeasure: "1 Hour",
    type: "Consumption",
    isPrimaryMeterRegion: true,
    armSkuName: "Standard_D4s_v5",
    ...change,
  };
}

/** An answer that is not a page of prices. */
export interface Refusal {
  status: number;
  headers?: Record<string, string>;
  body?: string;
  /** Never answers. */
  silent?: boolean;
}

/** The price list on this machine: it filters as far as the tests need, and answers in pages. */
export class PriceServer {
  /** Filters asked for, in order. */
  readonly filters: string[] = [];
  /** Next answers instead of prices. */
  readonly refusals: Refusal[] = [];
  /** Origin that next-page links name; the server's own by default. */
  linkOrigin: string | undefined;
  private server!: Server;

  constructor(
    private readonly items: Record<string, unknown>[],
    private readonly pageSize = 2,
  ) {}

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/api/retail/prices`;
  }

  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      const url = new URL(request.url ?? "/", this.endpoint);
      const refusal = this.refusals.shift();
      if (refusal?.silent) {
        return;
      }
      if (refusal !== undefined) {
        response.writeHead(refusal.status, refusal.headers).end(refusal.body ?? "");
        return;
      }
      const filter = url.searchParams.get("$filter") ?? "";
      const skip = Number(url.searchParams.get("$skip") ?? 0);
      if (skip === 0) {
        this.filters.push(filter);
      }
      const found = this.items.filter((item) => matches(item, filter));
      const more = skip + this.pageSize < found.length;
      url.searchParams.set("$skip", String(skip + this.pageSize));
      const origin = this.linkOrigin ?? new URL(this.endpoint).origin;
      const link = `${origin}${url.pathname}${url.search}`;
      const page = found.slice(skip, skip + this.pageSize);
      response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end(
        JSON.stringify({
          BillingCurrency: "USD",
          CustomerEntityId: "Default",
          CustomerEntityType: "Retail",
          Items: page,
          NextPageLink: more ? link : null,
          Count: page.length,
        }),
      );
    });
    await new Promise<void>((done) => this.server.listen(0, "127.0.0.1", done));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

/** The grammar of our filters: terms joined by `and`, one group of `or` in parentheses. */
function matches(item: Record<string, unknown>, filter: string): boolean {
  const group = /\((.*)\)/.exec(filter);
  const rest = filter.replace(/ and \(.*\)/, "");
  const holds = (term: string) => {
    const match = /^(\w+) eq '(.*)'$/.exec(term.trim());
    if (match === null) {
      throw new Error(`unexpected filter term: ${term}`);
    }
    const [, field, value] = match;
    return item[field === "priceType" ? "type" : field!] === value;
  };
  return rest.split(" and ").every(holds) && (group?.[1]?.split(" or ").some(holds) ?? true);
}
