export * from "./config";
export * from "./inferenceEvent";
export * from "./inferenceTable";
