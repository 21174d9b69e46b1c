import { azureAccount, azureId, azureOutputs } from "./azureOutputs";
import { guidOf, hexOf, textOf } from "../values/identifiers";
import type { OutputSubject } from "./outputs";
import { isProviderType, packageOf } from "./providers";
import { isObject, plain, secret, type Wire, type WireObject } from "../values/wire";

/**
 * What a provider would add to a resource's inputs. Every value follows from the URN and the
 * inputs alone, so that a second run gives the same; none is a real credential.
 */
export function computedOutputs(
  subject: OutputSubject,
  config: Record<string, string>,
): WireObject {
  if (isProviderType(subject.type)) {
    return {};
  }
  switch (packageOf(subject.type)) {
    case "azure-native":
      return azureOutputs(subject, azureAccount(config));
    case "kubernetes":
      return kubernetesOutputs(subject);
    case "random":
      return randomOutputs(subject);
    case "github":
      return githubOutputs(subject, config);
    default:
      return {};
  }
}

/** The id that an update would give the resource. */
export function idOf(subject: OutputSubject, config: Record<string, string>): string {
  switch (packageOf(subject.type)) {
    case "azure-native":
      if (!isProviderType(subject.type)) {
        return azureId(subject, azureAccount(config));
      }
      break;
    case "kubernetes":
      if (!isProviderType(subject.type)) {
        return kubernetesId(subject);
      }
      break;
    case "random": {
      const outputs = randomOutputs(subject);
      const id = plain(outputs.id ?? outputs.result ?? null);
      if (!subject.type.endsWith("RandomPassword") && typeof id === "string") {
        return id;
      }
      if (subject.type.endsWith("RandomPassword")) {
        return "none";
      }
      break;
    }
    case "github": {
      const parts = ["repository", "environment", "secretName", "variableName", "name"]
        .map((key) => subject.inputs[key])
        .filter((part) => typeof part === "string");
      if (!isProviderType(subject.type) && parts.length > 0) {
        return parts.join(":");
      }
      break;
    }
  }
  return guidOf(subject.urn);
}

/** Objects get a name where the program gave none; a Release gets its name and status. */
function kubernetesOutputs(subject: OutputSubject): WireObject {
  const autoName = `${subject.name}-${hexOf(subject.urn, 8)}`;
  if (subject.type === "kubernetes:helm.sh/v3:Release") {
    return {
      name: autoName,
      status: {
        name: subject.inputs.name ?? autoName,
        namespace: subject.inputs.namespace ?? "default",
        status: "deployed",
        revision: 1,
      },
    };
  }
  if (/:(helm\.sh\/v4|yaml\/v2|kustomize\/v2):/.test(subject.type)) {
    return {};
  }
  const metadata: WireObject = { name: autoName, uid: guidOf(subject.urn) };
  return { metadata: clusterScoped(subject) ? metadata : { ...metadata, namespace: "default" } };
}

const clusterKinds = new Set([
  "APIService",
  "ClusterIssuer",
  "ClusterQueue",
  "ClusterRole",
  "ClusterRoleBinding",
  "ClusterServingRuntime",
  "ClusterStorageContainer",
  "CSIDriver",
  "CustomResourceDefinition",
  "IngressClass",
  "MutatingWebhookConfiguration",
  "Namespace",
  "Node",
  "PersistentVolume",
  "PriorityClass",
  "ResourceFlavor",
  "RuntimeClass",
  "StorageClass",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ValidatingWebhookConfiguration",
  "WorkloadPriorityClass",
]);

function clusterScoped(subject: OutputSubject): boolean {
  return clusterKinds.has(subject.type.split(":").at(-1) ?? "");
}

function kubernetesId(subject: OutputSubject): string {
  const metadata = isObject(subject.inputs.metadata) ? subject.inputs.metadata : {};
  const autoName = `${subject.name}-${hexOf(subject.urn, 8)}`;
  const release = subject.type === "kubernetes:helm.sh/v3:Release";
  const name = textIn(release ? subject.inputs.name : metadata.name) ?? autoName;
  if (clusterScoped(subject)) {
    return name;
  }
  const namespace = textIn(release ? subject.inputs.namespace : metadata.namespace) ?? "default";
  return `${namespace}/${name}`;
}

const lower = "abcdefghijklmnopqrstuvwxyz";
const letters = lower + lower.toUpperCase();
const digits = "0123456789";
const special = "!@#$%&*()-_=+[]{}<>:?";

function randomOutputs(subject: OutputSubject): WireObject {
  const { inputs, urn } = subject;
  const length = typeof inputs.length === "number" ? inputs.length : 16;
  switch (subject.type) {
    case "random:index/randomPassword:RandomPassword": {
      const result = textOf(urn, length, alphabetOf(inputs));
      return { result: secret(result), bcryptHash: secret(`$2a$10$${textOf(urn, 53, letters)}`) };
    }
    case "random:index/randomString:RandomString":
      return { result: textOf(urn, length, alphabetOf(inputs)) };
    case "random:index/randomUuid:RandomUuid":
      return { result: guidOf(urn) };
    case "random:index/randomPet:RandomPet":
      return { id: [inputs.prefix, textOf(urn, 8, lower)].filter(Boolean).join("-") };
    case "random:index/randomInteger:RandomInteger": {
      const min = typeof inputs.min === "number" ? inputs.min : 0;
      const max = typeof inputs.max === "number" ? inputs.max : min;
      return { result: min + (Number.parseInt(hexOf(urn, 8), 16) % (max - min + 1)) };
    }
    case "random:index/randomBytes:RandomBytes": {
      const hex = textOf(urn, length * 2, "0123456789abcdef");
      return {
        hex: secret(hex),
        base64: secret(Buffer.from(hex, "hex").toString("base64")),
      };
    }
    case "random:index/randomId:RandomId": {
      const bytes = typeof inputs.byteLength === "number" ? inputs.byteLength : 8;
      const hex = textOf(urn, bytes * 2, "0123456789abcdef");
      const encoded = Buffer.from(hex, "hex");
      const prefix = typeof inputs.prefix === "string" ? inputs.prefix : "";
      return {
        id: encoded.toString("base64url"),
        hex: prefix + hex,
        b64Std: prefix + encoded.toString("base64"),
        b64Url: prefix + encoded.toString("base64url"),
        dec: prefix + BigInt(`0x${hex}`).toString(),
      };
    }
    default:
      return {};
  }
}

function alphabetOf(inputs: WireObject): string {
  const parts = [
    inputs.lower === false ? "" : lower,
    inputs.upper === false ? "" : lower.toUpperCase(),
    inputs.numeric === false || inputs.number === false ? "" : digits,
    inputs.special === false ? "" : (textIn(inputs.overrideSpecial) ?? special),
  ].join("");
  return parts === "" ? lower : parts;
}

function githubOutputs(subject: OutputSubject, config: Record<string, string>): WireObject {
  if (subject.type !== "github:index/repository:Repository") {
    return {};
  }
  const name = textIn(subject.inputs.name) ?? `${subject.name}-${hexOf(subject.urn, 7)}`;
  const fullName = `${config["github:owner"] ?? "owner"}/${name}`;
  return {
    name,
    fullName,
    htmlUrl: `https://github.com/${fullName}`,
    nodeId: `R_${hexOf(subject.urn, 10)}`,
    repoId: Number.parseInt(hexOf(subject.urn, 7), 16),
  };
}

function textIn(value: Wire | undefined): string | undefined {
  const inner = value === undefined ? undefined : plain(value);
  return typeof inner === "string" && inner !== "" ? inner : undefined;
}
