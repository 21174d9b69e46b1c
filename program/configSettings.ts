/**
 * The settings of a project among the keys of a stack, without their namespace; lists, maps and
 * booleans decoded as the CLI encodes them. An empty value counts as left out: Pulumi asks for a
 * default of each optional key.
 */
export function configSettings(
  project: string,
  config: Record<string, string>,
): Record<string, unknown> {
  const prefix = `${project}:`;
  return Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith(prefix))
      .filter(([, value]) => value !== "" && value !== "{}")
      .map(([key, value]) => [key.slice(prefix.length), decode(value)]),
  );
}

function decode(value: string): unknown {
  if (value === "true" || value === "false") {
    return value === "true";
  }
  try {
    return /^[[{]/.test(value) ? JSON.parse(value) : value;
  } catch {
    // A text that only begins like a list; the checks say what it should be.
    return value;
  }
}
