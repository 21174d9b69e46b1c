export * from "./config";
export * from "./intake/inferenceEvent";
export * from "./inferenceTable";
