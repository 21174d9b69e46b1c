import { resolve } from "node:path";
import {
  previewStack,
  type EngineState,
  type StateResource,
} from "../../preview/engine/previewStack";
import { readStackConfig } from "../../preview/engine/program/stackConfig";
import type { ProjectSettings } from "../../policy/rules/projectSettings";
import { configSettings } from "../../program/configSettings";
import { checkConfig } from "../../program/problems";
import { projectSettingsOf } from "../../program/projectSettings";
import { deployable, deployableConfig } from "../preview/deployable";
import { sharedRegistry } from "../policy/compliant";
import { type Wire, plain } from "../../preview/engine/values/wire";
import { manifest } from "../components/mlProject/templateManifests";
import type { KubeObject } from "./kubeApi";

const root = resolve(__dirname, "../..");

/** Stacks whose objects are applied. */
export const stacks = ["local", "dev", "prod"];

/** A Kubernetes object that the program registers. */
export interface StackObject {
  object: KubeObject;
  /** Logical name, by which an author finds it in the components. */
  resource: string;
  /** True where `pulumi destroy` leaves it: registered with `protect` or `retainOnDelete`. */
  stays: boolean;
}

/** What a stack's file would say in an update. */
function stackConfigOf(stack: string): Record<string, string> {
  const { "mlplatform:policies": policies } = deployableConfig(stack);
  return deployable(stack, { policies: { ...policies, registries: [sharedRegistry] } });
}

/** What the objects of a stack's projects are held to. */
export function projectSettings(stack: string): ProjectSettings {
  const { project, config } = readStackConfig(root, stack);
  const settings = configSettings(project.name, { ...config, ...stackConfigOf(stack) });
  const checked = checkConfig(settings);
  if ("problems" in checked) {
    throw new Error(JSON.stringify(checked.problems));
  }
  return projectSettingsOf(checked.config);
}

/** What an update of a stack holds. */
export async function updatedStack(stack: string): Promise<EngineState> {
  const { result, state } = await previewStack({
    projectDir: root,
    stack,
    mode: "up",
    config: stackConfigOf(stack),
  });
  const errors = result.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    throw new Error(`${stack}: ${errors.map((e) => e.message).join("\n")}`);
  }
  return state;
}

/**
 * Every Kubernetes object of a stack, as its provider would send it: secrets as values, names
 * filled in. In the order of registration, so that what an object depends on comes before it.
 * Releases of charts are no objects.
 */
export function stackObjects(state: EngineState): StackObject[] {
  return state.resources
    .filter(({ type, custom }) => custom && type.startsWith("kubernetes:"))
    .filter(({ type }) => !type.startsWith("kubernetes:helm.sh/"))
    .map((resource) => ({
      object: objectOf(resource),
      resource: resource.name,
      stays: resource.protect || resource.retainOnDelete,
    }));
}

function objectOf({ inputs, outputs }: StateResource): KubeObject {
  const object = plain(inputs as Wire) as unknown as KubeObject;
  // Pulumi's provider names what the program leaves unnamed.
  const { name } = plain(outputs.metadata!) as { name: string };
  return { ...object, metadata: { ...object.metadata, name } };
}

/** The manifests that a project's workflows apply, of one project. */
export function templateObjects(project: string): KubeObject[] {
  return ["rayJob.yaml", "inferenceService.yaml", "resolveModel.yaml"].map((file) =>
    manifest(file, {
      PROJECT: project,
      JOB_NAME: `${file.replace(/\.yaml$/, "").toLowerCase()}-1`,
    }),
  );
}
