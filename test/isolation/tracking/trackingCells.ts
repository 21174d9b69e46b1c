import { type Cell, Verdict } from "../cells";
import { type Actor, outsiders, owners } from "./actors";
import { Kind, type Probe, type ProjectObjects } from "./probes";
import type { TrackingBed } from "./trackingBed";

/** A bed on which both projects have done their work. */
export interface WorkedBed {
  bed: TrackingBed;
  churn: ProjectObjects;
  pricing: ProjectObjects;
}

/** What `projectFlow.py` writes into all that it makes. */
const mark = /pricing-secret/;
/** A search may tell names too. A refusal may not, but says back what it was asked for. */
const markOrName = /pricing-(?:secret|models?|prompt|dataset)|"pricing"|secret\.txt/;

/** The cells of probes: every actor tries each. */
export function trackingCells(probes: readonly Probe[]): Cell<WorkedBed>[] {
  return probes.flatMap((probe) =>
    actorsOf(probe.kind).map((actor) => ({
      finding: probe.finding,
      action: probe.action,
      target: probe.target,
      actor: actor.name,
      verdict: verdictOf(probe.kind, actor),
      attempt: async ({ bed, churn, pricing }) => {
        const { status, text } = await bed.call(actor, probe.call(pricing, churn));
        const told = probe.kind === Kind.Search ? markOrName : mark;
        const isOwnMade = probe.kind === Kind.Create && actor.mayCreate === true;
        // GraphQL answers 200 whatever it refuses: what it tells is what counts.
        const isDone = status < 300 && !/^\{"data":null|"errors":\[/.test(text);
        return { isDone, tells: isOwnMade || told.test(text), text: `${status} ${text}` };
      },
    })),
  );
}

function actorsOf(kind: Kind): Actor[] {
  // The project itself would change what the others are tried on; its own work is proved before.
  return kind === Kind.Write ? outsiders : [...outsiders, ...owners];
}

function verdictOf(kind: Kind, { mayRead, mayCreate }: Actor): Verdict {
  switch (kind) {
    case Kind.Create:
      return mayCreate ? Verdict.Allowed : Verdict.Refused;
    case Kind.Read:
      return mayRead ? Verdict.Allowed : Verdict.Refused;
    case Kind.Search:
      return mayRead ? Verdict.Allowed : Verdict.SeesNothing;
    case Kind.Write:
    case Kind.Closed:
      return Verdict.Refused;
  }
}
