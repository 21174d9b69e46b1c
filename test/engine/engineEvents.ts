/** What the engine did in one run, by operation: `create`, `same`, `update`, `delete`, … */
export type Changes = Record<string, number>;

/** An event of the engine, a line each in its log. */
export interface EngineEvent {
  summaryEvent?: { resourceChanges: Changes };
  policyEvent?: {
    resourceUrn?: string;
    policyName: string;
    enforcementLevel: string;
    message: string;
  };
  diagnosticEvent?: { urn?: string; message: string; severity: string };
}

/** Reads a log of events. */
export function eventsOf(text: string): EngineEvent[] {
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as EngineEvent);
}
