import {
  type Attempt,
  attempts,
  type Bypass,
  headOf,
  offloaderOf,
  setVariable,
  workerOf,
} from "./bypass";

const image = /log-offloader runs "/;
const field = /has a field that is none of name, image/;
const variable = /has the variable "\w+", which could change what it runs/;
const another = (name: string) => new RegExp(`has another ${name} than the platform's`);
const hides = /which hides Ray's logs/;

/** A sidecar that has a field which its image knows nothing of. */
const withField = (title: string, fields: object): Attempt => [
  "rayJob",
  title,
  (o) => Object.assign(offloaderOf(o), structuredClone(fields)),
  field,
];
const withVariable = (title: string, name: string, source: object, says: RegExp): Attempt => [
  "rayJob",
  title,
  (o) => {
    setVariable(offloaderOf(o), name, source);
  },
  says,
];
const withMount = (title: string, mountPath: string, says: RegExp): Attempt => [
  "rayJob",
  title,
  (o) => {
    headOf(o).volumes.push({ name: "extra", emptyDir: {} });
    headOf(o).containers[0].volumeMounts.push({ name: "extra", mountPath });
  },
  says,
];
const inHead = (title: string, change: (pod: any) => void, says: RegExp): Attempt => [
  "rayJob",
  title,
  (o) => {
    change(headOf(o));
  },
  says,
];
const exec = { exec: { command: ["kill", "1"] } };

/** A log offloader that looks like one. */
export const offloaderBypasses: Bypass[] = attempts("log offloader", [
  [
    "rayJob",
    "another image",
    (o) => (offloaderOf(o).image = `acme.azurecr.io/busybox@sha256:${"0a".repeat(32)}`),
    image,
  ],
  [
    "rayJob",
    "an image of the same name elsewhere",
    (o) => (offloaderOf(o).image = `acme.azurecr.io/log-offloader@sha256:${"0a".repeat(32)}`),
    image,
  ],
  [
    "rayJob",
    "another version of the image",
    (o) =>
      (offloaderOf(o).image = `localhost/mlplatform/log-offloader:0.0.1@sha256:${"0a".repeat(32)}`),
    image,
  ],
  [
    "rayJob",
    "another image in a worker",
    (o) => (workerOf(o).initContainers[0].image = `acme.azurecr.io/a@sha256:${"0a".repeat(32)}`),
    image,
  ],
  withField("a command that sleeps", { command: ["sleep", "infinity"] }),
  withField("other arguments", { args: ["--help"] }),
  withField("variables from elsewhere", {
    envFrom: [{ configMapRef: { name: "kube-root-ca.crt" } }],
  }),
  withField("a hook after its start", { lifecycle: { postStart: exec } }),
  withField("a probe that ends it", { livenessProbe: { ...exec, periodSeconds: 1 } }),
  withField("another folder to start in", { workingDir: "/tmp/ray" }),
  withField("a terminal", { stdin: true, tty: true }),
  withVariable("code to load first", "NODE_OPTIONS", { value: "--require=/tmp/ray/a" }, variable),
  withVariable("a library to load first", "LD_PRELOAD", { value: "/tmp/ray/a.so" }, variable),
  withVariable("a proxy", "HTTPS_PROXY", { value: "http://198.51.100.7" }, variable),
  withVariable("an address of its own", "MLP_HOST", { value: "127.0.0.1" }, variable),
  withVariable(
    "a store of its own",
    "MLP_LAKE_ENDPOINT",
    { value: "https://s3.example.com" },
    another("MLP_LAKE_ENDPOINT"),
  ),
  withVariable(
    "a store with a name like the lake's",
    "MLP_LAKE_ENDPOINT",
    { value: "http://minio.data-lake.svc.cluster.local.example.com:9000" },
    another("MLP_LAKE_ENDPOINT"),
  ),
  withVariable(
    "the lake's address as a user's name",
    "MLP_LAKE_ENDPOINT",
    { value: "http://minio.data-lake.svc@example.com" },
    another("MLP_LAKE_ENDPOINT"),
  ),
  withVariable(
    "a store of another namespace",
    "MLP_LAKE_ENDPOINT",
    { value: "http://minio.policies.svc.cluster.local:9000" },
    another("MLP_LAKE_ENDPOINT"),
  ),
  withVariable(
    "a store from a ConfigMap",
    "MLP_LAKE_ENDPOINT",
    { valueFrom: { configMapKeyRef: { name: "lake", key: "endpoint" } } },
    another("MLP_LAKE_ENDPOINT"),
  ),
  withVariable("another bucket", "MLP_LAKE_BUCKET", { value: "loki" }, another("MLP_LAKE_BUCKET")),
  withVariable("another region", "MLP_LAKE_REGION", { value: "x" }, another("MLP_LAKE_REGION")),
  withVariable(
    "another way to write addresses",
    "MLP_LAKE_ADDRESSING",
    { value: "virtualHost" },
    another("MLP_LAKE_ADDRESSING"),
  ),
  withVariable(
    "the namespace of another project",
    "MLP_NAMESPACE",
    { value: "pricing" },
    another("MLP_NAMESPACE"),
  ),
  withVariable(
    "a namespace from an annotation",
    "MLP_NAMESPACE",
    { valueFrom: { fieldRef: { fieldPath: "metadata.annotations['namespace']" } } },
    another("MLP_NAMESPACE"),
  ),
  withVariable("another cluster", "MLP_CLUSTER", { value: "a" }, another("MLP_CLUSTER")),
  withVariable("another node", "MLP_NODE", { value: "a" }, another("MLP_NODE")),
  withVariable("another role", "MLP_ROLE", { value: "driver" }, another("MLP_ROLE")),
  withVariable("an empty folder", "MLP_RAY_DIR", { value: "/tmp" }, another("MLP_RAY_DIR")),
  withVariable(
    "a state that is lost",
    "MLP_STATE_DIR",
    { value: "/tmp" },
    another("MLP_STATE_DIR"),
  ),
  withVariable("another port", "MLP_PORT", { value: "1" }, another("MLP_PORT")),
  withVariable(
    "keys of another Secret",
    "AWS_SECRET_ACCESS_KEY",
    { valueFrom: { secretKeyRef: { name: "mine", key: "AWS_SECRET_ACCESS_KEY" } } },
    another("AWS_SECRET_ACCESS_KEY"),
  ),
  [
    "rayJob",
    "a variable said twice, the last one wrong",
    (o) => offloaderOf(o).env.push({ name: "MLP_LAKE_ENDPOINT", value: "https://s3.example.com" }),
    another("MLP_LAKE_ENDPOINT"),
  ],
  [
    "rayJob",
    "something mounted over what it runs",
    (o) => offloaderOf(o).volumeMounts.push({ name: "offloader-tmp", mountPath: "/app" }),
    /log-offloader mounts something at "\/app"/,
  ],
  [
    "rayJob",
    "something mounted over what it reads",
    (o) =>
      offloaderOf(o).volumeMounts.push({
        name: "offloader-tmp",
        mountPath: "/tmp/ray/session_latest",
      }),
    /log-offloader mounts something at "\/tmp\/ray\/session_latest"/,
  ],
  [
    "rayJob",
    "a part of the folder",
    (o) => (offloaderOf(o).volumeMounts[0].subPathExpr = "$(MLP_NODE)"),
    /log-offloader does not mount ray-logs/,
  ],
  withMount("a volume over Ray's logs", "/tmp/ray/session_latest/logs", hides),
  withMount("a volume over Ray's folder, with a slash", "/tmp/ray/", hides),
  withMount("a volume over Ray's folder, by a detour", "/tmp/../tmp/ray/session_latest", hides),
  withMount("a volume over Ray's folder, by a dot", "/tmp/./ray/session_latest", hides),
  withMount("a volume over Ray's folder, by an empty part", "/tmp//ray/session_latest", hides),
  withMount("a volume over Ray's folder, by a relative path", "tmp/ray/session_latest", hides),
  [
    "rayJob",
    "another folder of Ray",
    (o) => (o.spec.rayClusterSpec.headGroupSpec.rayStartParams["temp-dir"] = "/home/ray/a"),
    /rayStartParams\.temp-dir is/,
  ],
  [
    "rayJob",
    "another folder of Ray in a worker",
    (o) => (o.spec.rayClusterSpec.workerGroupSpecs[0].rayStartParams["temp-dir"] = "/home/ray/a"),
    /rayStartParams\.temp-dir is/,
  ],
  inHead(
    "another folder of Ray by a variable",
    (pod) => setVariable(pod.containers[0], "RAY_TMPDIR", { value: "/home/ray/a" }),
    /"RAY_TMPDIR", which leads Ray's logs elsewhere/,
  ),
  inHead(
    "logs that are no files",
    (pod) => setVariable(pod.containers[0], "RAY_LOG_TO_STDERR", { value: "1" }),
    /"RAY_LOG_TO_STDERR", which leads Ray's logs elsewhere/,
  ),
  [
    "rayJob",
    "a Ray that KubeRay does not start",
    (o) => (o.metadata.annotations["ray.io/overwrite-container-cmd"] = "true"),
    /overwrite-container-cmd is "true"/,
  ],
  inHead(
    "the lake's name at another address",
    (pod) =>
      (pod.hostAliases = [
        { ip: "198.51.100.7", hostnames: ["minio.data-lake.svc.cluster.local"] },
      ]),
    /hostAliases is/,
  ),
  inHead(
    "names from elsewhere",
    (pod) => (pod.dnsConfig = { nameservers: ["198.51.100.7"] }),
    /dnsConfig is/,
  ),
  inHead("names of the node", (pod) => (pod.dnsPolicy = "Default"), /dnsPolicy is "Default"/),
  inHead(
    "its process within reach of Ray's",
    (pod) => (pod.shareProcessNamespace = true),
    /shareProcessNamespace is true/,
  ),
  [
    "rayJob",
    "a second worker group without one",
    (o) => {
      const groups = o.spec.rayClusterSpec.workerGroupSpecs;
      groups.push({ ...structuredClone(groups[0]), groupName: "other" });
      delete groups[1].template.spec.initContainers;
    },
    /no init container log-offloader/,
  ],
  [
    "rayCronJob",
    "none in its jobs",
    (o) => delete headOf({ spec: o.spec.jobTemplate }).initContainers,
    /no init container log-offloader/,
  ],
  [
    "rayCluster",
    "a command that sleeps",
    (o) => (offloaderOf({ spec: { rayClusterSpec: o.spec } }).command = ["sleep", "infinity"]),
    field,
  ],
]);
