/** A setting that can't be used. */
export interface SettingProblem {
  setting: string;
  reason: string;
}

/** Settings can't be used; the message is one line that names all of them. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";

  constructor(readonly problems: SettingProblem[]) {
    super(problems.map(({ setting, reason }) => `${setting}: ${reason}`).join("; "));
  }
}

// Not zod: a schema would name each setting a second time, and what a setting leads to (a file of
// rules) has its problems in the same line as the others, where zod ends with the values. It would
// also take 14 MB of memory beside each pod of Ray.

/** Reads settings from an environment and collects what is wrong with them. */
export interface SettingsReader {
  text(setting: string, remedy: string, fallback?: string): string;
  optionalText(setting: string): string | undefined;
  /** A whole number within bounds. */
  count(setting: string, fallback: number, bounds: { min: number; max: number }): number;
  choice<T extends string>(setting: string, choices: readonly T[], fallback: T): T;
  problem(setting: string, reason: string): void;
  /** @throws SettingsError when anything was wrong. */
  check(): void;
}

/** Makes a reader over an environment. */
export function settingsReader(env: NodeJS.ProcessEnv): SettingsReader {
  const problems: SettingProblem[] = [];
  const read = (setting: string) => {
    const value = env[setting]?.trim();
    return value === "" ? undefined : value;
  };
  const problem = (setting: string, reason: string) => {
    problems.push({ setting, reason });
  };
  return {
    problem,
    optionalText: read,
    text(setting, remedy, fallback) {
      const value = read(setting) ?? fallback;
      if (value === undefined) {
        problem(setting, `is not set; ${remedy}`);
      }
      return value ?? "";
    },
    count(setting, fallback, { min, max }) {
      const value = read(setting);
      const number = value === undefined ? fallback : Number(value);
      if (!Number.isInteger(number) || number < min || number > max) {
        problem(setting, `must be a whole number ${min}–${max}, got ${JSON.stringify(value)}`);
      }
      return number;
    },
    choice(setting, choices, fallback) {
      const value = read(setting) ?? fallback;
      const chosen = choices.find((each) => each === value);
      if (chosen === undefined) {
        problem(setting, `must be one of ${choices.join(", ")}, got ${JSON.stringify(value)}`);
      }
      return chosen ?? fallback;
    },
    check() {
      if (problems.length > 0) {
        throw new SettingsError(problems);
      }
    },
  };
}
