import type { ResourceRule } from "../resourceRule";

const objectStores = ["s3", "gcs", "azure", "swift", "aws"];

/** Pod logs outlive the disk of the server that takes them. */
export const requireObjectStorageLogs: ResourceRule = {
  name: "mlplatform-logs-require-object-storage",
  description: "Loki keeps its logs in an object store.",
  types: ["kubernetes:helm.sh/v3:Release"],
  subject: "releases of the chart loki",
  validate({ name, props }) {
    if (!/(^|\/)loki(-[a-z]+)?(-\d[\w.+-]*\.tgz)?$/.test(props.chart ?? "")) {
      return undefined;
    }
    return problems(name, props.values?.loki ?? {});
  },
};

function* problems(name: string, loki: Record<string, any>): Generator<string> {
  const type: unknown = loki.storage?.type;
  if (!objectStores.includes(String(type))) {
    yield `Release "${name}" has loki.storage.type ${type ?? "unset"}: set it to s3, azure or gcs.`;
  }
  const configs: { object_store?: string }[] = loki.schemaConfig?.configs ?? [];
  for (const { object_store: store } of configs) {
    if (objectStores.includes(String(store))) {
      continue;
    }
    yield (
      `Release "${name}" has object_store ${store ?? "unset"} in loki.schemaConfig.configs: ` +
      "set it to loki.storage.type."
    );
  }
}
