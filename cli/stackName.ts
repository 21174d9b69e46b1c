import { UserError, shown } from "../screen/userError";

/**
 * The value of --stack where it has to be a name: the CLI takes an empty one for the stack that is
 * selected, and a path for another project's.
 *
 * @throws UserError where it is none
 */
export function stackName(name: string): string {
  if (!/^\w[\w.-]*$/.test(name)) {
    throw new UserError({
      what: "--stack must be the name of a stack, as in Pulumi.<name>.yaml",
      seen: shown(name),
      remedy: "Name it, e.g. --stack dev.",
    });
  }
  return name;
}
