import type { ObjectStoreOptions } from "../store/objectStore";

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

/**
 * Reads where the lake is: MLP_LAKE_BUCKET, MLP_LAKE_ENDPOINT, MLP_LAKE_REGION (us-east-1),
 * MLP_LAKE_ADDRESSING (path | virtual). Keys come from the SDK's chain (AWS_ACCESS_KEY_ID, …).
 */
export function readLakeSettings(settings: SettingsReader): ObjectStoreOptions {
  const endpoint = settings.text("MLP_LAKE_ENDPOINT", "give the S3 endpoint, http://host:port");
  if (endpoint !== "" && !isHttpUrl(endpoint)) {
    settings.problem(
      "MLP_LAKE_ENDPOINT",
      "must be an http(s) URL without a user or query, got " +
        `${JSON.stringify(withoutUser(endpoint))}`,
    );
  }
  const bucket = settings.text("MLP_LAKE_BUCKET", "give the lake's bucket, e.g. lake");
  if (bucket !== "" && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    settings.problem(
      "MLP_LAKE_BUCKET",
      `must be 3–63 lower-case letters, digits, dots or hyphens, got ${JSON.stringify(bucket)}`,
    );
  }
  const addressing = settings.choice("MLP_LAKE_ADDRESSING", ["path", "virtual"] as const, "path");
  return {
    endpoint,
    bucket,
    region: settings.text("MLP_LAKE_REGION", "give the store's region", "us-east-1"),
    virtualHosted: addressing === "virtual",
  };
}

function isHttpUrl(text: string): boolean {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) && url.username === "" && url.search === "";
  } catch {
    // not a URL at all
    return false;
  }
}

// A password in a URL must not reach the log.
function withoutUser(text: string): string {
  return text.replace(/\/\/[^/@]*@/, "//…@");
}
