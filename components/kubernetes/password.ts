import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { type Scope, statefulOptions } from "../scope";

/** How a password is made. */
export interface PasswordSettings extends Scope {
  /** Characters. Default 40. */
  length?: number;
  /** Whether at least one lower-case letter, one capital and one digit are in it. Default false. */
  mixed?: boolean;
  /** Protects the password and keeps it when its stack is destroyed. Default false. */
  protectData?: boolean;
}

/** Letters and digits only: passwords stand in URLs, files and environments unescaped. */
export function createPassword(settings: PasswordSettings): pulumi.Output<string> {
  const { name, length = 40, mixed = false } = settings;
  const { result } = new random.RandomPassword(
    name,
    {
      length,
      special: false,
      ...(mixed ? { minLower: 1, minUpper: 1, minNumeric: 1 } : {}),
    },
    statefulOptions(settings, settings.protectData ?? false),
  );
  return pulumi.secret(result);
}
