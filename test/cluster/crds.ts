import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { upstreamFolder } from "../upstreams/upstreamFiles";
import type { KubeObject } from "./kubeApi";

/** Every CustomResourceDefinition of the upstreams, sorted by name. */
export async function readCrds(): Promise<KubeObject[]> {
  const folder = await upstreamFolder("crds");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), "utf8")))
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object?.kind === "CustomResourceDefinition")
    .map((object) => object!)
    .sort((a, b) => a.metadata.name!.localeCompare(b.metadata.name!));
}
