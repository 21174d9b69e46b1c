/**
 * Kubernetes quantities
 * (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).
 */

const factors: Record<string, number> = {
  "": 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** A quantity as a number in its base unit (cores, bytes, pieces); undefined where it is none. */
export function parseQuantity(value: unknown): number | undefined {
  if (typeof value === "number") {
    return Number.isFinite(value) && value >= 0 ? value : undefined;
  }
  if (typeof value !== "string") {
    return undefined;
  }
  const match = /^(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(m|k|[KMGTP]i|[MGTP])?$/.exec(value.trim());
  if (match === null) {
    return undefined;
  }
  return Number(match[1]) * factors[match[2] ?? ""]!;
}

/** A quantity of bytes in GiB; undefined where it is none. */
export function parseGiB(value: unknown): number | undefined {
  const bytes = parseQuantity(value);
  return bytes === undefined ? undefined : bytes / 2 ** 30;
}
