import { isDeepStrictEqual } from "node:util";
import type { Difference } from "./differences";
import { account } from "./cloud/azure";
import { unknown } from "./differences";

/** A kind of difference between the real and the offline engine, and why it is there. */
export interface Cause {
  name: string;
  why: string;
  explains(difference: Difference): boolean;
}

/** Annotation of an object whose name the provider drew. */
const drawn = "pulumi.com/autonamed";

const azureNames = /^inputs\.(resourceGroupName|resourceName|\w+Name|name)$/;

/** Where a program says an id of the account: what it says elsewhere is a finding. */
const accountPlaces: Record<string, string> = {
  "azure-native:authorization:RoleAssignment": "inputs.roleDefinitionId",
  "azure-native:consumption:Budget": "inputs.scope",
  "azure-native:containerservice:ManagedCluster": "inputs.aadProfile.tenantID",
};

/** Inputs of a release that the program leaves out, below `inputs`, by their zero value. */
const releaseZeros: ReadonlyMap<string, false | ""> = new Map<string, false | "">([
  ...[
    ...["allowNullValues", "cleanupOnFail", "createNamespace", "dependencyUpdate", "devel"],
    ...["disableCRDHooks", "disableOpenapiValidation", "disableWebhooks", "forceUpdate", "lint"],
    ...["recreatePods", "renderSubchartNotes", "replace", "resetValues", "reuseValues"],
    ...["skipAwait", "skipCrds", "verify", "waitForJobs"],
  ].map((key) => [key, false] as const),
  ...[
    ...["description", "keyring", "postrender"],
    ...["caFile", "certFile", "keyFile", "password", "repo", "username"].map(
      (key) => `repositoryOpts.${key}`,
    ),
  ].map((key) => [key, ""] as const),
]);

/** Lists and maps that the program gives and that may be empty. */
const emptyPlaces = /\.(nodeSelector|tolerations|topologySpreadConstraints|variables)$/;

/** Every difference that is known. What none of these explains is a fault of one of the engines. */
export const causes: Cause[] = [
  {
    name: "default provider",
    why:
      "the offline engine states the default providers, `pulumi preview " +
      "--json` leaves them out",
    explains: ({ type, place, real }) =>
      type.startsWith("pulumi:providers:") && place === "urn" && real === undefined,
  },
  {
    name: "provider's version",
    why:
      "the engine writes an explicit provider's version and its own " +
      "bookkeeping into its inputs",
    explains: ({ type, place, offline }) =>
      type.startsWith("pulumi:providers:") &&
      ["inputs.version", "inputs.__internal"].includes(place) &&
      offline === undefined,
  },
  {
    name: "Azure name",
    why:
      "azure-native names what the program leaves unnamed when it checks the " +
      "inputs; offline it is an output",
    explains: ({ type, place, real, offline, urn }) =>
      type.startsWith("azure-native:") &&
      azureNames.test(place) &&
      offline === undefined &&
      typeof real === "string" &&
      (type.endsWith(":RoleAssignment")
        ? /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(real)
        : real.replace(/[0-9a-f]{8}$/, "") === urn.split("::").at(-1)),
  },
  {
    name: "account",
    why:
      "the subscription and the tenant are those of whoever is signed in; " +
      "offline they are made up",
    explains: ({ type, place, real, offline }) =>
      place === accountPlaces[type] &&
      typeof real === "string" &&
      typeof offline === "string" &&
      [account.subscriptionId, account.tenantId].some((id) => real.includes(id)) &&
      withoutGuid(real) === withoutGuid(offline),
  },
  {
    name: "random name",
    why:
      "the Kubernetes provider draws the name of an object without one when " +
      "it checks the inputs",
    explains: ({ type, place, offline, real }) =>
      type.startsWith("kubernetes:") &&
      (place === "inputs.metadata.name" || place === "inputs.name") &&
      offline === undefined &&
      typeof real === "string" &&
      real !== unknown,
  },
  {
    name: "mark of a random name",
    why: "the Kubernetes provider notes on the object that it drew the name",
    explains: ({ type, place, offline, real }) =>
      type.startsWith("kubernetes:") &&
      offline === undefined &&
      ((place === "inputs.metadata.annotations" && isDeepStrictEqual(real, { [drawn]: "true" })) ||
        (place === `inputs.metadata.annotations.${drawn}` && real === "true")),
  },
  {
    name: "empty value",
    why: "the Kubernetes provider leaves an empty list or map out when it checks the inputs",
    explains: ({ type, place, offline, real }) =>
      type.startsWith("kubernetes:") &&
      emptyPlaces.test(place) &&
      real === undefined &&
      (isDeepStrictEqual(offline, []) || isDeepStrictEqual(offline, {})),
  },
  {
    name: "zero value of a release",
    why: "the Kubernetes provider writes Go's zero value for each input that a release leaves out",
    explains: ({ type, place, offline, real }) =>
      type === "kubernetes:helm.sh/v3:Release" &&
      releaseZeros.has(place.slice("inputs.".length)) &&
      offline === undefined &&
      real === releaseZeros.get(place.slice("inputs.".length)),
  },
  {
    name: "mark of an SDK",
    why: "the SDK adds `compat` for the provider, which takes it away again",
    explains: ({ type, place, offline, real }) =>
      type === "kubernetes:helm.sh/v3:Release" &&
      place === "inputs.compat" &&
      offline === "true" &&
      real === undefined,
  },
  {
    name: "reference to a random name",
    why:
      "a name that the Kubernetes provider draws when it checks the inputs is known in its " +
      "preview, and to whoever refers to it",
    explains: ({ type, place, offline, real }) =>
      type.startsWith("kubernetes:") &&
      place.endsWith(".name") &&
      offline === unknown &&
      typeof real === "string" &&
      /-[0-9a-f]{8}$/.test(real),
  },
];

const withoutGuid = (text: string) =>
  text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, "GUID");
