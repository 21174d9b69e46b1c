import * as pulumi from "@pulumi/pulumi";
import type { ArgumentProblem } from "./argumentProblems";

/**
 * Ends a constructor before it registers anything, if something is wrong with its arguments.
 *
 * @throws pulumi.InputPropertiesError naming every problem: component, argument, what is wrong, the
 * value seen, the remedy.
 */
export function refuseProblems(component: string, name: string, problems: ArgumentProblem[]): void {
  if (problems.length === 0) {
    return;
  }
  const errors = problems.map(({ propertyPath, reason }) => ({
    propertyPath,
    reason: `${component} "${name}": \`${propertyPath}\` ${reason}`,
  }));
  const message = errors.map(({ reason }) => reason).join("\n");
  throw new pulumi.InputPropertiesError({ message, errors });
}

/**
 * An argument that may be another component's output. A plain one is checked with the others before
 * anything is registered; an Output is checked here, once it is known, and its users wait for that.
 */
export function checkedOutput<T>(
  component: string,
  name: string,
  value: pulumi.Input<T>,
  problemsOf: (known: pulumi.Unwrap<T>) => ArgumentProblem[],
): pulumi.Output<pulumi.Unwrap<T>> {
  return pulumi.output(value).apply((known) => {
    refuseProblems(component, name, problemsOf(known));
    return known;
  });
}

/** The argument, if it is known as it stands; undefined for what another resource returns. */
export function plainValue<T extends object>(value: pulumi.Input<T>): T | undefined {
  return pulumi.Output.isInstance(value) || value instanceof Promise ? undefined : (value as T);
}
