import type { Diagnostic } from "./programRun";

/** Collects what the program logged and what the engine refused, each once. */
export class Journal {
  readonly diagnostics: Diagnostic[] = [];
  private readonly refusals: string[] = [];

  /** True once anything was an error. */
  get failed(): boolean {
    return this.diagnostics.some((diagnostic) => diagnostic.severity === "error");
  }

  log(severity: Diagnostic["severity"], urn: string, message: string): void {
    // A refused call rejects in the program, which logs what is reported here already.
    if (severity === "error" && this.refusals.some((refusal) => message.includes(refusal))) {
      return;
    }
    this.add({ severity, urn, message });
  }

  /** Reports an error of the engine and returns it, to be thrown at the caller. */
  refuse(urn: string, message: string): Error {
    this.refusals.push(message);
    this.add({ severity: "error", urn, message });
    return new Error(message);
  }

  private add(diagnostic: Diagnostic): void {
    const seen = this.diagnostics.some(
      ({ urn, message }) => message === diagnostic.message && urn === diagnostic.urn,
    );
    if (!seen) {
      this.diagnostics.push(diagnostic);
    }
  }
}
