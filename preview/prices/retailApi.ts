import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../screen/userError";

/**
 * Azure's public price list; no account needed
 * (https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices).
 */
export const retailEndpoint = "https://prices.azure.com/api/retail/prices";

/** One entry of the price list, as far as it is read here. */
export interface RetailItem {
  retailPrice: number;
  tierMinimumUnits: number;
  armRegionName: string;
  armSkuName: string;
  skuName: string;
  meterId: string;
  meterName: string;
  productName: string;
  serviceName: string;
  unitOfMeasure: string;
  type: string;
  isPrimaryMeterRegion: boolean;
}

/** How requests are made. */
export interface RetailRequest {
  /** OData filter. */
  filter: string;
  currency: string;
  /** @default {@link retailEndpoint} */
  endpoint?: string;
  /** For one page. @default 20000 */
  timeoutMs?: number;
  /** Further attempts for one page. @default 4 */
  retries?: number;
  /** Pause before the first further attempt; doubles each time. @default 1000 */
  retryDelayMs?: number;
  signal?: AbortSignal;
  onPage?: (page: number) => void;
}

interface RetailPage {
  Items: RetailItem[];
  NextPageLink: string | null;
}

/** More pages than any filter of ours has: a list that does not end is an error. */
const mostPages = 200;

/** All entries that match a filter, over all pages. */
export async function retailItems(request: RetailRequest): Promise<RetailItem[]> {
  const endpoint = new URL(request.endpoint ?? retailEndpoint);
  const first = new URL(endpoint);
  first.searchParams.set("api-version", "2023-01-01-preview");
  first.searchParams.set("currencyCode", `'${request.currency}'`);
  first.searchParams.set("$filter", request.filter);
  const items: RetailItem[] = [];
  let next: URL | undefined = first;
  for (let page = 1; next !== undefined; page += 1) {
    if (page > mostPages) {
      throw new UserError({
        what: `Price list: more than ${mostPages} pages for the filter ${request.filter}`,
        remedy: "Ask for fewer sizes.",
      });
    }
    request.onPage?.(page);
    const answer: RetailPage = await fetchPage(next, request);
    items.push(...answer.Items);
    next = answer.NextPageLink ? nextPage(answer.NextPageLink, endpoint) : undefined;
  }
  return items;
}

function nextPage(link: string, endpoint: URL): URL {
  const next = new URL(link);
  if (next.host !== endpoint.host || next.protocol !== endpoint.protocol) {
    throw new UserError({
      what: `Price list: the next page is at ${next.origin}, but ${endpoint.origin} was asked`,
      remedy: "Nothing was written; check the network for a proxy that rewrites answers.",
    });
  }
  return next;
}

async function fetchPage(url: URL, request: RetailRequest): Promise<RetailPage> {
  const retries = request.retries ?? 4;
  const delayMs = request.retryDelayMs ?? 1000;
  for (let attempt = 0; ; attempt += 1) {
    const outcome = await tryPage(url, request);
    if ("page" in outcome) {
      return outcome.page;
    }
    request.signal?.throwIfAborted();
    if (!outcome.again || attempt >= retries) {
      const attempts = `${attempt + 1} attempt${attempt === 0 ? "" : "s"}`;
      throw new UserError({
        what: `Price list: ${url.origin} gave no prices after ${attempts}: ${outcome.problem}`,
        remedy: outcome.remedy,
      });
    }
    const pause = Math.min(outcome.retryAfterMs ?? delayMs * 2 ** attempt, 60_000);
    await sleep(pause, undefined, { signal: request.signal });
  }
}

type Outcome =
  { page: RetailPage } | { problem: string; remedy: string; again: boolean; retryAfterMs?: number };

async function tryPage(url: URL, request: RetailRequest): Promise<Outcome> {
  const timeoutMs = request.timeoutMs ?? 20_000;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
  const later = "Try again in some minutes; prices fetched before stay in use.";
  try {
    const response = await fetch(url, { signal, headers: { accept: "application/json" } });
    if (!response.ok) {
      const body = (await response.text()).slice(0, 200).trim();
      const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
      return {
        problem: `HTTP ${response.status}${body === "" ? "" : `, ${body}`}`,
        remedy: later,
        again: response.status === 429 || response.status >= 500,
        retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : undefined,
      };
    }
    const page = (await response.json()) as RetailPage;
    if (!Array.isArray(page?.Items)) {
      return { problem: "an answer without Items", remedy: later, again: false };
    }
    return { page };
  } catch (error) {
    if (timeout.aborted) {
      return { problem: `no answer within ${timeoutMs} ms`, remedy: later, again: true };
    }
    const cause = (error as { cause?: { code?: string } }).cause;
    return {
      problem: cause?.code ?? (error as Error).message,
      remedy:
        "This command needs the internet: check the connection, and behind a proxy set " +
        "HTTPS_PROXY and NODE_USE_ENV_PROXY=1.",
      again: true,
    };
  }
}
