import { stringify } from "yaml";
import type { KubeObject } from "../../cluster/kubeApi";
import { type Base, type Bypass, changed, headOf, object, podOf, podSpec } from "./bypass";

const hostNetwork = /hostNetwork is true/;
const onNode = () => changed("pod", (o) => (o.spec.hostNetwork = true));
const text = stringify(onNode());
const json = JSON.stringify(onNode());

/** UTF-16 with its byte order mark. */
function utf16(content: string, isBigEndian: boolean): Buffer {
  const bytes = Buffer.from(`\uFEFF${content}`, "utf16le");
  return isBigEndian ? bytes.swap16() : bytes;
}

/** The same pod, written in another way. */
const written = (
  title: string,
  name: string,
  content: string | Uint8Array,
  says = hostNetwork,
): Bypass => ({
  area: "files",
  title,
  object: onNode(),
  files: { [name]: content },
  says,
});

const list = (apiVersion: string, kind: string, ...items: object[]) =>
  stringify({ apiVersion, kind, items });
/** An item of a list, which says nothing of its kind. */
function itemOf(made: KubeObject): object {
  const entries = Object.entries(made).filter(([key]) => !["apiVersion", "kind"].includes(key));
  return Object.fromEntries(entries);
}

const waiting = () => changed("rayJob", (o) => (o.spec.submissionMode = "InteractiveMode"));

/** Texts that Kubernetes' clients read, and readers of YAML may not. */
const encodings: Bypass[] = [
  written("JSON", "pod.json", json),
  written("JSON over lines", "pod.json", JSON.stringify(onNode(), null, 2)),
  written(".JSON in capitals", "POD.JSON", json),
  written(".YAML in capitals", "pod.YAML", text),
  written(".YML in capitals", "pod.YML", text),
  written(".yml", "pod.yml", text),
  written("a folder within a folder", "a/b/c/pod.yaml", text),
  written("UTF-16, little end first", "pod.yaml", utf16(text, false)),
  written("UTF-16, big end first", "pod.yaml", utf16(text, true)),
  written("JSON in UTF-16", "pod.json", utf16(json, false)),
  written("UTF-8 with a byte order mark", "pod.yaml", `\uFEFF${text}`),
  written("lines that end as on Windows", "pod.yaml", text.replaceAll("\n", "\r\n")),
  written("yes for true", "pod.yaml", text.replace("hostNetwork: true", "hostNetwork: yes")),
  written("on for true", "pod.yaml", text.replace("hostNetwork: true", "hostNetwork: on")),
  written("Y for true", "pod.yaml", text.replace("hostNetwork: true", "hostNetwork: Y")),
  written(
    "a tag for true",
    "pod.yaml",
    text.replace("hostNetwork: true", 'hostNetwork: !!bool "true"'),
  ),
  written(
    "yes under a directive of YAML 1.2",
    "pod.yaml",
    `%YAML 1.2\n---\n${text.replace("hostNetwork: true", "hostNetwork: yes")}`,
  ),
  written("a key with an escape", "pod.json", json.replace('"hostNetwork"', '"\\u0068ostNetwork"')),
  written("a key in quotes", "pod.yaml", text.replace("hostNetwork:", '"host\\x4eetwork":')),
  written(
    "a key and a value by anchors",
    "pod.yaml",
    `x: &on true\n${text.replace("hostNetwork: true", "hostNetwork: *on")}`,
  ),
  written(
    "a merge",
    "pod.yaml",
    text
      .replace("  hostNetwork: true\n", "")
      .replace("spec:\n", "spec:\n  <<: { hostNetwork: true }\n"),
  ),
  written("the second document", "pod.yaml", `kind: none\n---\n# nothing\n---\n${text}`),
  written("after the end of a document", "pod.yaml", `a: 1\n...\n${text}`),
  written("a List", "list.yaml", list("v1", "List", onNode())),
  written(
    "a List in a List",
    "list.yaml",
    list("v1", "List", { apiVersion: "v1", kind: "List", items: [onNode()] }),
  ),
  written("a PodList", "list.yaml", list("v1", "PodList", onNode())),
  written(
    "a PodList whose items say no kind",
    "list.yaml",
    list("v1", "PodList", itemOf(onNode())),
  ),
  written("a kind with items", "list.yaml", list("example.com/v1", "Bundle", onNode())),
  {
    area: "files",
    title: "a RayJobList whose items say no kind",
    object: waiting(),
    files: { "list.yaml": list("ray.io/v1", "RayJobList", itemOf(waiting())) },
    says: /submissionMode is "InteractiveMode"/,
  },
  ...["0", "00", "0x0", "0b0", "+0", "-0"].map((zero): Bypass => ({
    area: "files",
    title: `the user 0 as ${zero}`,
    object: changed("pod", (o) => (o.spec.containers[0].securityContext.runAsUser = 0)),
    files: {
      "pod.yaml": stringify(
        changed("pod", (o) => (o.spec.containers[0].securityContext.runAsUser = 12345)),
      ).replace("runAsUser: 12345", `runAsUser: ${zero}`),
    },
    says: /runAsUser -?0, which is root/,
  })),
];

const older = (apiVersion: string, made: KubeObject, says: RegExp, notServed = true): Bypass => {
  const object = { ...made, apiVersion };
  return {
    area: "versions",
    title: `${made.kind} of ${apiVersion}`,
    object,
    files: { "object.yaml": stringify(object) },
    says,
    ...(notServed && { notAtAdmission: "the API server has no such version" }),
  };
};
const onNodeIn = (base: Base) => changed(base, (o) => (podOf(o).hostNetwork = true));

/** The same kinds in versions that rules do not name. */
const versions: Bypass[] = [
  older(
    "ray.io/v1alpha1",
    changed("rayJob", (o) => {
      for (const field of ["activeDeadlineSeconds", "backoffLimit", "submissionMode"]) {
        delete o.spec[field];
      }
      delete o.spec.submitterConfig;
      o.spec.shutdownAfterJobFinishes = false;
    }),
    /shutdownAfterJobFinishes is false/,
    false,
  ),
  older(
    "ray.io/v1alpha1",
    changed("rayCluster", (o) => delete o.metadata.ownerReferences),
    /a cluster without a job/,
    false,
  ),
  older(
    "ray.io/v9",
    changed("rayJob", (o) => (o.spec.shutdownAfterJobFinishes = false)),
    /shutdownAfterJobFinishes is false/,
  ),
  older("extensions/v1beta1", onNodeIn("deployment"), hostNetwork),
  older("extensions/v1beta1", onNodeIn("daemonSet"), hostNetwork),
  older("apps/v1beta1", onNodeIn("statefulSet"), hostNetwork),
  older("apps/v1beta2", onNodeIn("replicaSet"), hostNetwork),
  older("batch/v1beta1", onNodeIn("cronJob"), hostNetwork),
  older("batch/v2alpha1", onNodeIn("cronJob"), hostNetwork),
  older("serving.knative.dev/v1beta1", onNodeIn("knativeService"), hostNetwork),
  older(
    "serving.kserve.io/v1alpha2",
    changed("inferenceService", (o) => (o.spec.predictor.minReplicas = 1)),
    /minReplicas is 1/,
  ),
];

const foreign = (
  apiVersion: string,
  kind: string,
  spec: object,
  notAtAdmission: string,
): Bypass => {
  const made = object(apiVersion, kind, { spec });
  return {
    area: "kinds",
    title: `${kind}: pods that no rule knows`,
    object: made,
    files: { "object.yaml": stringify(made) },
    says: new RegExp(`no rule knows the pods of a ${kind}`),
    notAtAdmission,
  };
};
const template = { metadata: { labels: { app: "x" } }, spec: podSpec() };
const noRole = "no role of a project makes one, and its pods are judged themselves";
const notInstalled = "no stack installs the kind";

/** Kinds of others that an operator makes pods of. */
const kinds: Bypass[] = [
  foreign("keda.sh/v1alpha1", "ScaledJob", { jobTargetRef: { template } }, notInstalled),
  foreign("postgresql.cnpg.io/v1", "Pooler", { cluster: { name: "a" }, template }, noRole),
  foreign(
    "argoproj.io/v1alpha1",
    "Workflow",
    { templates: [{ container: { image: "a" } }] },
    notInstalled,
  ),
  foreign(
    "jobset.x-k8s.io/v1alpha2",
    "JobSet",
    { replicatedJobs: [{ template: { spec: { template } } }] },
    notInstalled,
  ),
  foreign("batch.volcano.sh/v1alpha1", "Job", { tasks: [{ template }] }, notInstalled),
  foreign("monitoring.coreos.com/v1", "Prometheus", { containers: podSpec().containers }, noRole),
];

const unreadable = (
  title: string,
  name: string,
  content: string | Uint8Array,
  says: RegExp,
  made?: KubeObject,
): Bypass => ({
  area: "what cannot be read",
  title,
  object: made,
  files: { [name]: content },
  says,
  notAtAdmission: made === undefined ? "it is no object" : "the API's own schema refuses it",
});
const wrongly = (title: string, change: (o: any) => void, says: RegExp): Bypass => {
  const made = changed("rayJob", change);
  return unreadable(title, "job.yaml", stringify(made), says, made);
};

/** What ends a reader: it has to be said, and the rest still to be read. */
const faults: Bypass[] = [
  unreadable("no YAML", "a.yaml", "a: [1, 2\n", /it is not valid YAML/),
  unreadable("a key said twice", "a.yaml", `${text}\nkind: Secret\n`, /it is not valid YAML/),
  unreadable("two JSON documents", "a.json", `${json}\n${json}`, /it is not valid YAML/),
  unreadable("bytes that are no text", "a.yaml", Uint8Array.of(0xc3, 0x28), /it is no text/),
  unreadable(
    "UTF-16 without a byte order mark",
    "a.yaml",
    Buffer.from(text, "utf16le"),
    /it is no text/,
  ),
  unreadable(
    "UTF-32",
    "a.yaml",
    Buffer.concat([
      Buffer.from([0, 0, 0xfe, 0xff]),
      ...[...text].map((letter) => Buffer.from([0, 0, 0, letter.charCodeAt(0)])),
    ]),
    /it is no text/,
  ),
  unreadable(
    "aliases without end",
    "a.yaml",
    `${["a", "b", "c", "d", "e", "f", "g"]
      .map((name, i, all) =>
        i === 0
          ? "a: &a [x, x, x, x, x, x, x, x, x]"
          : `${name}: &${name} [${Array(9)
              .fill(`*${all[i - 1]}`)
              .join(", ")}]`,
      )
      .join("\n")}\n${text}`,
    /its aliases cannot be followed/,
  ),
  unreadable(
    "a kind that is a number",
    "a.yaml",
    text.replace("kind: Pod", "kind: 5"),
    /its kind is 5/,
  ),
  unreadable(
    "a version that is a list",
    "a.yaml",
    text.replace("apiVersion: v1", "apiVersion: [v1]"),
    /its apiVersion is \["v1"\]/,
  ),
  wrongly("a spec that is a text", (o) => (o.spec = "a"), /activeDeadlineSeconds is unset/),
  wrongly(
    "metadata that are a list",
    (o) => (o.metadata = ["a"]),
    /label mlplatform\.dev\/project/,
  ),
  wrongly(
    "containers that are a map",
    (o) => (headOf(o).initContainers = { name: "log-offloader" }),
    /no init container log-offloader/,
  ),
  wrongly(
    "a deadline that is a text",
    (o) => (o.spec.activeDeadlineSeconds = "14400"),
    /is "14400"/,
  ),
  wrongly(
    "annotations that are numbers",
    (o) => (o.metadata.annotations["mlplatform.dev/dataset-version"] = 1),
    /dataset-version is 1/,
  ),
];

/** What is read of a folder, and how. */
export const fileBypasses: Bypass[] = [...encodings, ...versions, ...kinds, ...faults];
