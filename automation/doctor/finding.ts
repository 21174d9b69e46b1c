/** How grave a finding is. */
export enum Severity {
  Good = "good",
  /** Couldn't be looked at here; the remedy says what that needs. */
  NotChecked = "not checked",
  /** Works, with something that will matter later. */
  Warning = "warning",
  /** The next `pulumi up`, or the platform as it is, fails on it. */
  Failure = "failure",
}

/** One thing that was looked at. */
export interface Finding {
  /** What was looked at, as a person names it, e.g. `Pulumi CLI`. */
  subject: string;
  severity: Severity;
  /** What was seen there; never a secret. */
  seen: string;
  /** What to do about it; there unless all is good. */
  remedy?: string;
}

/** Findings about one part of the surroundings. */
export interface Examination {
  /** E.g. `Azure`. */
  part: string;
  findings: Finding[];
}

/** Something that is as it should be. */
export function good(subject: string, seen: string): Finding {
  return { subject, severity: Severity.Good, seen };
}

/** Something that could not be looked at. */
export function notChecked(subject: string, seen: string, remedy: string): Finding {
  return { subject, severity: Severity.NotChecked, seen, remedy };
}

/** Something that will matter later. */
export function warning(subject: string, seen: string, remedy: string): Finding {
  return { subject, severity: Severity.Warning, seen, remedy };
}

/** Something that has to be changed. */
export function failure(subject: string, seen: string, remedy: string): Finding {
  return { subject, severity: Severity.Failure, seen, remedy };
}
