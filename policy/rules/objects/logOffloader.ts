import {
  lakeKeyVariables,
  lakeVariables,
  logOffloaderVariables,
  serviceVariables,
} from "@mlplatform/contracts/environment";
import { workloadIdentity } from "@mlplatform/contracts/platformLabels";
import { offloaderSidecar, rayRoles } from "@mlplatform/contracts/offloaderSidecar";
import {
  lakeBucketName,
  lakeRegion,
  platformNamespaces,
  projectSecrets,
} from "@mlplatform/contracts/platformNames";
import {
  absent,
  all,
  any,
  at,
  atLeast,
  equals,
  everyKey,
  type Expression,
  matches,
  never,
  not,
  oneOf,
  present,
  some,
} from "../expression";
import { objectKinds, rayPodTemplates } from "../objectKinds";
import type { Loop, ObjectRule, Requirement } from "../objectRule";
import type { ProjectSettings } from "../projectSettings";

const {
  name: sidecar,
  volume,
  mountPath,
  stateDirectory,
  port,
  gracePeriodSeconds,
} = offloaderSidecar;

/** Without these it can't say whose logs it ships, or where to. */
const variables = [
  lakeVariables.bucket,
  lakeVariables.endpoint,
  logOffloaderVariables.namespace,
  logOffloaderVariables.cluster,
  logOffloaderVariables.node,
  logOffloaderVariables.role,
];
const keys = Object.values(lakeKeyVariables);
const credentials: readonly string[] = [...keys, "AWS_SESSION_TOKEN"];

const templates = Object.values(rayPodTemplates).flat();
const eachTemplate: readonly Loop[] = [{ as: "template", in: templates }];
const eachGroup: readonly Loop[] = [
  { as: "group", in: templates.map((path) => path.slice(0, -1)) },
];
const eachSidecar: readonly Loop[] = [
  ...eachTemplate,
  { as: "sidecar", in: [at("template.spec.initContainers.*")] },
];
const isSidecar = equals("sidecar.name", sidecar);

const mountsLogs = (container: string) =>
  some(
    "mount",
    `${container}.volumeMounts`,
    all(
      equals("mount.name", volume),
      equals("mount.mountPath", mountPath),
      absent("mount.subPath"),
      absent("mount.subPathExpr"),
      any(absent("mount.readOnly"), equals("mount.readOnly", false)),
    ),
  );

const hasVariable = (name: string): Requirement => ({
  forEach: eachSidecar,
  when: isSidecar,
  check: some(
    "variable",
    "sidecar.env",
    all(
      equals("variable.name", name),
      any(matches("variable.value", "."), present("variable.valueFrom")),
    ),
  ),
  must: `The ${sidecar} has the variable ${name}`,
  problem: `${sidecar} has no variable ${name} with a value`,
  remedy: `add ${name} to its env`,
});

const fromField = (path: string) => equals("variable.valueFrom.fieldRef.fieldPath", path);
const written = (value: string) => equals("variable.value", value);

const lakeService = `[a-z0-9-]+[.]${platformNamespaces.dataLake}[.]svc`;

/** Where the value of each variable comes from; there are no others. */
const sources: Record<string, { holds: Expression; remedy: string }> = {
  [lakeVariables.bucket]: { holds: written(lakeBucketName), remedy: `set it to ${lakeBucketName}` },
  [lakeVariables.endpoint]: {
    holds: matches("variable.value", `^https?://${lakeService}([.]cluster[.]local)?(:[0-9]+)?/?$`),
    remedy: `set it to the lake's address, a Service of ${platformNamespaces.dataLake}`,
  },
  [lakeVariables.region]: { holds: written(lakeRegion), remedy: `set it to ${lakeRegion}` },
  [lakeVariables.addressing]: { holds: written("path"), remedy: "set it to path" },
  [logOffloaderVariables.namespace]: {
    holds: fromField("metadata.namespace"),
    remedy: "take it from fieldRef metadata.namespace",
  },
  [logOffloaderVariables.cluster]: {
    holds: fromField("metadata.labels['ray.io/cluster']"),
    remedy: "take it from fieldRef metadata.labels['ray.io/cluster']",
  },
  [logOffloaderVariables.node]: {
    holds: fromField("metadata.name"),
    remedy: "take it from fieldRef metadata.name",
  },
  [logOffloaderVariables.role]: {
    holds: oneOf("variable.value", rayRoles),
    remedy: `set it to ${rayRoles.join(" or ")}`,
  },
  [logOffloaderVariables.rayJob]: {
    holds: matches("variable.value", "^[^$]+$"),
    remedy: "set it to the RayJob's name",
  },
  [logOffloaderVariables.rayDirectory]: {
    holds: written(mountPath),
    remedy: `set it to ${mountPath}`,
  },
  [serviceVariables.stateDirectory]: {
    holds: written(stateDirectory),
    remedy: `set it to ${stateDirectory}`,
  },
  [serviceVariables.port]: { holds: written(String(port)), remedy: `set it to ${port}` },
  [serviceVariables.logMib]: {
    holds: matches("variable.value", "^[0-9]+$"),
    remedy: "set it to a number of MiB",
  },
  ...Object.fromEntries(
    credentials.map((key) => [
      key,
      {
        holds: all(
          equals("variable.valueFrom.secretKeyRef.name", projectSecrets.lake),
          equals("variable.valueFrom.secretKeyRef.key", key),
        ),
        remedy: `take it from the project's Secret ${projectSecrets.lake}`,
      },
    ]),
  ),
};
const eachVariable: readonly Loop[] = [
  ...eachSidecar,
  { as: "variable", in: [at("sidecar.env.*")] },
];

/** What the image is started with is its own affair. */
const sidecarFields = [
  "name",
  "image",
  "imagePullPolicy",
  "restartPolicy",
  "env",
  "ports",
  "startupProbe",
  "readinessProbe",
  "resources",
  "securityContext",
  "volumeMounts",
  "terminationMessagePath",
  "terminationMessagePolicy",
];

/** A path without `..`, `.` or an empty part, so that it is what it looks like. */
const plainPath = "^(/([^/.][^/]*|[.][^/.][^/]*))+/?$";

/** What Ray itself would do with its logs otherwise. */
const rayLogVariables = ["RAY_TMPDIR", "RAY_LOG_TO_STDERR"];
const overwrittenCommand = "ray.io/overwrite-container-cmd";

/** The offloader that runs is the platform's, and does what the platform tells it. */
const ownOffloader = ({ offloaderImages }: ProjectSettings = {}): Requirement[] => [
  ...(offloaderImages === undefined
    ? []
    : [
        {
          forEach: eachSidecar,
          when: isSidecar,
          check: oneOf("sidecar.image", offloaderImages),
          seen: at("sidecar.image"),
          must: `The ${sidecar} runs the platform's own image`,
          problem: `${sidecar} runs {seen}`,
          remedy: `set its image to ${offloaderImages.at(-1)}`,
        } satisfies Requirement,
      ]),
  {
    forEach: eachSidecar,
    when: isSidecar,
    check: everyKey("field", ["sidecar"], oneOf(["field"], sidecarFields)),
    seen: at("sidecar.name"),
    must: `The ${sidecar} runs as its image says`,
    problem: `{seen} has a field that is none of ${sidecarFields.join(", ")}`,
    remedy: "remove command, args, envFrom, lifecycle and what else the template does not write",
  },
  {
    forEach: eachVariable,
    when: isSidecar,
    check: oneOf("variable.name", Object.keys(sources)),
    seen: at("variable.name"),
    must: `The ${sidecar} has only the variables that it knows`,
    problem: `${sidecar} has the variable {seen}, which could change what it runs`,
    remedy: "remove it",
  },
  ...Object.entries(sources).map(([name, { holds, remedy }]): Requirement => ({
    forEach: eachVariable,
    // One without a value, and a key in plain text, are said by their own requirements.
    when: all(
      isSidecar,
      equals("variable.name", name),
      any(
        present("variable.valueFrom"),
        credentials.includes(name) ? never : matches("variable.value", "."),
      ),
    ),
    check: holds,
    must: `The ${sidecar} has ${name} from where the platform has it`,
    problem: `${sidecar} has another ${name} than the platform's`,
    remedy,
  })),
  {
    forEach: [...eachSidecar, { as: "mount", in: [at("sidecar.volumeMounts.*")] }],
    when: isSidecar,
    check: oneOf("mount.mountPath", [mountPath, "/tmp"]),
    seen: at("mount.mountPath"),
    must: `Nothing is mounted over what the ${sidecar} runs or reads`,
    problem: `${sidecar} mounts something at {seen}`,
    remedy: `leave ${mountPath} and /tmp`,
  },
  {
    forEach: [
      ...eachTemplate,
      { as: "container", in: [at("template.spec.containers.*")] },
      { as: "mount", in: [at("container.volumeMounts.*")] },
    ],
    when: not(all(equals("mount.name", volume), equals("mount.mountPath", mountPath))),
    check: all(
      matches("mount.mountPath", plainPath),
      not(matches("mount.mountPath", `^${mountPath}(/|$)`)),
    ),
    seen: at("mount.mountPath"),
    must: `Nothing but ${volume} is mounted at or below ${mountPath}`,
    problem: `container {container.name} mounts {mount.name} at {seen}, which hides Ray's logs`,
    remedy: `mount it elsewhere, by a plain path outside of ${mountPath}`,
  },
  {
    forEach: eachGroup,
    check: absent(at("group.rayStartParams", "temp-dir")),
    seen: at("group.rayStartParams", "temp-dir"),
    must: `Ray's logs are below ${mountPath}`,
    problem: "rayStartParams.temp-dir is {seen}, where no log is read",
    remedy: "remove it",
  },
  {
    forEach: [
      ...eachTemplate,
      { as: "container", in: [at("template.spec.containers.*")] },
      { as: "variable", in: [at("container.env.*")] },
    ],
    check: not(oneOf("variable.name", rayLogVariables)),
    seen: at("variable.name"),
    must: "Ray writes its logs where it does by default",
    problem: "container {container.name} has the variable {seen}, which leads Ray's logs elsewhere",
    remedy: "remove it",
  },
  {
    check: absent(at("object.metadata.annotations", overwrittenCommand)),
    seen: at("object.metadata.annotations", overwrittenCommand),
    must: "KubeRay starts Ray",
    problem: `annotation ${overwrittenCommand} is {seen}: whatever runs then leaves no logs`,
    remedy: "remove it",
  },
  ...["shareProcessNamespace", "hostAliases", "dnsConfig"].map((field): Requirement => ({
    forEach: eachTemplate,
    check: any(absent(`template.spec.${field}`), equals(`template.spec.${field}`, false)),
    seen: at(`template.spec.${field}`),
    must: `The ${sidecar} is reached by nobody, and reaches the lake by its name`,
    problem: `${field} is {seen}`,
    remedy: "remove it",
  })),
  {
    forEach: eachTemplate,
    check: any(
      absent("template.spec.dnsPolicy"),
      equals("template.spec.dnsPolicy", "ClusterFirst"),
    ),
    seen: at("template.spec.dnsPolicy"),
    must: `The ${sidecar} asks the cluster's DNS`,
    problem: "dnsPolicy is {seen}",
    remedy: "remove it",
  },
];

/** Each Ray pod carries the sidecar that ships its logs into the lake before the pod is gone. */
export function logOffloader(projects?: ProjectSettings): ObjectRule {
  return {
    name: "mlplatform-ray-require-log-offloader",
    description: "Every Ray pod offloads its logs into the lake.",
    kinds: [
      objectKinds.rayJob,
      objectKinds.rayCronJob,
      objectKinds.rayCluster,
      objectKinds.rayService,
    ],
    requirements: [
      {
        forEach: eachTemplate,
        check: some("sidecar", "template.spec.initContainers", isSidecar),
        seen: at("template.spec.initContainers"),
        must: `Every Ray pod has the init container ${sidecar}`,
        problem: `it has no init container ${sidecar}`,
        remedy: `add it to initContainers, as the project template's deploy/rayJob.yaml does`,
      },
      {
        forEach: eachSidecar,
        when: isSidecar,
        check: equals("sidecar.restartPolicy", "Always"),
        seen: at("sidecar.restartPolicy"),
        must: `The ${sidecar} is a native sidecar, which outlives the Ray container`,
        problem: `${sidecar} has restartPolicy {seen}`,
        remedy: "set it to Always",
      },
      {
        forEach: eachTemplate,
        check: some(
          "volume",
          "template.spec.volumes",
          all(equals("volume.name", volume), present("volume.emptyDir")),
        ),
        seen: at("template.spec.volumes"),
        must: `Every Ray pod has the emptyDir volume ${volume}`,
        problem: `it has no emptyDir volume ${volume}`,
        remedy: `add { name: ${volume}, emptyDir: { sizeLimit: 10Gi } } to volumes`,
      },
      {
        forEach: [...eachTemplate, { as: "volume", in: [at("template.spec.volumes.*")] }],
        when: all(equals("volume.name", volume), present("volume.emptyDir")),
        check: present("volume.emptyDir.sizeLimit"),
        seen: at("volume.emptyDir.sizeLimit"),
        must: `The volume ${volume} has a sizeLimit`,
        problem: `emptyDir.sizeLimit of the volume ${volume} is {seen}`,
        remedy: "set it to what the node can spare, e.g. 10Gi",
      },
      {
        forEach: eachSidecar,
        when: isSidecar,
        check: mountsLogs("sidecar"),
        seen: at("sidecar.volumeMounts"),
        must: `The ${sidecar} mounts ${volume} at ${mountPath}`,
        problem: `${sidecar} does not mount ${volume} for writing at ${mountPath}`,
        remedy: `add { name: ${volume}, mountPath: ${mountPath} } to its volumeMounts`,
      },
      {
        // KubeRay takes the first container for Ray's.
        forEach: [...eachTemplate, { as: "ray", in: [at("template.spec.containers", 0)] }],
        check: mountsLogs("ray"),
        seen: at("ray.volumeMounts"),
        must: `The Ray container mounts ${volume} at ${mountPath}`,
        problem: `container {ray.name} does not mount ${volume} for writing at ${mountPath}`,
        remedy: `add { name: ${volume}, mountPath: ${mountPath} } to its volumeMounts`,
      },
      ...variables.map(hasVariable),
      {
        forEach: [...eachSidecar, { as: "variable", in: [at("sidecar.env.*")] }],
        when: all(isSidecar, any(...credentials.map((name) => equals("variable.name", name)))),
        check: absent("variable.value"),
        must: `No key of the lake is written into a manifest`,
        // The value itself stays out of reports.
        problem: `${sidecar} has {variable.name} in plain text`,
        remedy: "take it from a Secret by valueFrom.secretKeyRef",
      },
      {
        forEach: eachSidecar,
        when: isSidecar,
        check: any(
          all(
            ...keys.map((name) =>
              some(
                "variable",
                "sidecar.env",
                all(equals("variable.name", name), present("variable.valueFrom.secretKeyRef")),
              ),
            ),
          ),
          all(
            ...Object.entries(workloadIdentity).map(([label, value]) =>
              equals(at("template.metadata.labels", label), value),
            ),
            present("template.spec.serviceAccountName"),
            ...keys.map((name) => ({
              op: "not" as const,
              of: some("variable", "sidecar.env", equals("variable.name", name)),
            })),
          ),
        ),
        seen: at("sidecar.env"),
        must: `The ${sidecar} signs in by Secret or workload identity`,
        problem:
          `${sidecar} has neither ${keys.join(" and ")} by secretKeyRef nor a workload ` +
          "identity",
        remedy: `take both from the project's Secret ${projectSecrets.lake}`,
      },
      {
        forEach: eachTemplate,
        check: atLeast("template.spec.terminationGracePeriodSeconds", gracePeriodSeconds),
        seen: at("template.spec.terminationGracePeriodSeconds"),
        must: `A Ray pod gives the ${sidecar} ${gracePeriodSeconds} s for its last upload`,
        problem: "terminationGracePeriodSeconds is {seen}",
        remedy: `set it to at least ${gracePeriodSeconds}`,
      },
      ...ownOffloader(projects),
    ],
  };
}
