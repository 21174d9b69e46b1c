export * from "./config";
export * from "./logOffloader";
