import { ingestPath } from "@mlplatform/contracts/ingestAddress";
import { inferenceTableName } from "@mlplatform/contracts/platformNames";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { MlProjectSettings } from "./normalize";
import type { ProjectScope } from "./projectScope";

/**
 * Makes the address that a project's models post their predictions to, and shows it to the
 * project's people in a ConfigMap. Others don't see it: it is how the table knows whose predictions
 * they are.
 */
export function createInferenceAddress(
  { name, parent, namespace, labels }: ProjectScope,
  { inferenceTable, ingestKey }: MlProjectSettings,
): pulumi.Output<string> {
  const address = pulumi
    .all([pulumi.output(inferenceTable).url, pulumi.secret(ingestKey)])
    .apply(([url, key]) => `${url}${ingestPath(key, name)}`);
  new k8s.core.v1.ConfigMap(
    `${name}-inference-table`,
    { metadata: { name: inferenceTableName, namespace, labels }, data: { url: address } },
    { parent },
  );
  return address;
}
