import { bucketAddressings, lakeVariables } from "@mlplatform/contracts/environment";
import type { ObjectStoreOptions } from "../store/objectStore";
import type { SettingsReader } from "./settings";

/**
 * Reads where the lake is: MLP_LAKE_BUCKET, MLP_LAKE_ENDPOINT, MLP_LAKE_REGION (us-east-1),
 * MLP_LAKE_ADDRESSING (path | virtualHost). Keys come from the SDK's chain (AWS_ACCESS_KEY_ID, …).
 */
export function readLakeSettings(settings: SettingsReader): ObjectStoreOptions {
  const endpoint = settings.text(lakeVariables.endpoint, "give the S3 endpoint, http://host:port");
  const problem = endpoint === "" ? undefined : endpointProblem(endpoint);
  if (problem !== undefined) {
    settings.problem(lakeVariables.endpoint, problem);
  }
  const bucket = settings.text(lakeVariables.bucket, "give the lake's bucket, e.g. lake");
  if (bucket !== "" && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    settings.problem(
      lakeVariables.bucket,
      `must be 3–63 lower-case letters, digits, dots or hyphens, got ${JSON.stringify(bucket)}`,
    );
  }
  return {
    endpoint,
    bucket,
    region: settings.text(lakeVariables.region, "give the store's region", "us-east-1"),
    addressing: settings.choice(lakeVariables.addressing, bucketAddressings, "path"),
  };
}

/** Why an address can't be that of a store; undefined where it can. Repeats no password. */
export function endpointProblem(endpoint: string): string | undefined {
  return isHttpUrl(endpoint)
    ? undefined
    : "must be an http(s) URL without a user or query, got " +
        JSON.stringify(withoutUser(endpoint));
}

function isHttpUrl(text: string): boolean {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) && url.username === "" && url.search === "";
  } catch {
    // not a URL at all
    return false;
  }
}

// A password in a URL must not reach the log.
function withoutUser(text: string): string {
  return text.replace(/\/\/[^/@]*@/, "//…@");
}
