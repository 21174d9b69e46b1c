/** The Pulumi package `mlplatform`: its components, and the types that connect them. */
export * from "./aksPlatform/aksPlatform";
export * from "./connections";
export * from "./dataLake/dataLake";
export * from "./dataLake/lakeAccess";
export { LakePermission, type LakeGrant } from "./dataLake/lakePolicy";
export * from "./mlProject/githubArgs";
export * from "./mlProject/mlProject";
export * from "./mlflowStack/mlflowStack";
export {
  type InferenceRedactionRule,
  RedactionAction,
  RedactionPart,
} from "./observabilityStack/inferenceRedaction";
export * from "./observabilityStack/observabilityStack";
export * from "./kubernetes/placement";
export * from "./rayStack/rayStack";
export * from "./servingMesh/servingMesh";
