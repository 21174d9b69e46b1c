import {
  lakeKeyVariables,
  lakeVariables,
  logOffloaderVariables,
} from "@mlplatform/contracts/environment";
import { workloadIdentity } from "@mlplatform/contracts/platformLabels";
import { offloaderSidecar } from "@mlplatform/contracts/offloaderSidecar";
import { projectSecrets } from "@mlplatform/contracts/platformNames";
import { absent, all, any, at, atLeast, equals, matches, present, some } from "../expression";
import { objectKinds, rayPodTemplates } from "../objectKinds";
import type { Loop, ObjectRule, Requirement } from "../objectRule";

const { name: sidecar, volume, mountPath, gracePeriodSeconds } = offloaderSidecar;

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

const eachTemplate: readonly Loop[] = [
  { as: "template", in: Object.values(rayPodTemplates).flat() },
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

/** Each Ray pod carries the sidecar that ships its logs into the lake before the pod is gone. */
export const logOffloader: ObjectRule = {
  name: "mlplatform-ray-require-log-offloader",
  description: "Every Ray pod offloads its logs into the lake.",
  kinds: [objectKinds.rayJob, objectKinds.rayCluster, objectKinds.rayService],
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
      when: all(
        isSidecar,
        any(...[...keys, "AWS_SESSION_TOKEN"].map((name) => equals("variable.name", name))),
      ),
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
        `${sidecar} has neither ${keys.join(" and ")} by secretKeyRef nor a workload ` + "identity",
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
  ],
};
