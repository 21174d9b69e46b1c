import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { childOptions, type Scope } from "../scope";
import { uniqueSuffixLength } from "./names";

/** End of names that all of Azure shares; stays as long as the stack does. */
export function createUniqueSuffix(scope: Scope): pulumi.Output<string> {
  const settings = { length: uniqueSuffixLength, special: false, upper: false };
  return new random.RandomString(scope.name, settings, childOptions(scope)).result;
}
