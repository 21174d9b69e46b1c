import { Resolver } from "node:dns/promises";
import { type Finding, failure, good, notChecked, warning } from "./finding";

/** Looks a host up. Rejects with a `code` such as `ENOTFOUND`, as Node's resolver does. */
export type Resolve = (host: string) => Promise<string[]>;

/** Name below the models' domain that only a wildcard record answers. */
const probe = "doctor";

/** Node's own resolver: it asks DNS servers, not /etc/hosts. */
export function dnsResolver(): Resolve {
  const resolver = new Resolver({ timeout: 5000, tries: 2 });
  return (host) => resolver.resolve4(host);
}

/**
 * Whether models' hosts lead to the gateway.
 *
 * @param gateway address of the gateway's load balancer; undefined where it isn't known
 */
export async function examineDomain(
  domain: string,
  gateway: string | undefined,
  resolve: Resolve,
): Promise<Finding[]> {
  const subject = `DNS *.${domain}`;
  const record = `Make the record *.${domain} of type A at the domain's host`;
  const remedy =
    gateway === undefined
      ? `${record}, with the address of the Service istio-ingressgateway.`
      : `${record}, with ${gateway}.`;
  let addresses: string[];
  try {
    addresses = await resolve(`${probe}.${domain}`);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    return ["ENOTFOUND", "ENODATA"].includes(code)
      ? // Before the first `up` there is no address that it could name.
        [(gateway === undefined ? warning : failure)(subject, "no such record", remedy)]
      : [notChecked(subject, `DNS gave no answer (${code || message})`, "Check the network.")];
  }
  if (gateway !== undefined && !addresses.includes(gateway)) {
    const seen = `${addresses.join(", ")}; the gateway is at ${gateway}`;
    return [failure(subject, seen, remedy)];
  }
  return [good(subject, addresses.join(", "))];
}
