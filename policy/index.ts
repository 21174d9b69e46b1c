import { PolicyPack } from "@pulumi/policy";
import { packName, policies } from "./pack";

// Constructing the pack starts its server, so tests import pack.ts and the policies, never this
// file.
new PolicyPack(packName, { policies, enforcementLevel: "advisory" });
