import { resolve } from "node:path";
import { buildPolicyPack } from "./buildPolicyPack";

// `npm run build:policy`: for whoever runs the pack with Pulumi itself.
const packDir = resolve(__dirname, "../../../policy");
void buildPolicyPack(packDir).then((isBuilt) =>
  console.log(`policy/bin/index.js is ${isBuilt ? "built" : "up to date"}`),
);
