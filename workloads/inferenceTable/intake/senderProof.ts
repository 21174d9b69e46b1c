import { timingSafeEqual } from "node:crypto";
import { ingestPath, ingestPathPattern } from "@mlplatform/contracts/ingestAddress";
import type { InferenceEvent } from "./inferenceEvent";

const provingPath = new RegExp(`^${ingestPathPattern}$`);

/** Holds an event to what is known of its sender: returns it, with a problem where it is not so. */
export type SenderCheck = (event: InferenceEvent) => InferenceEvent;

/** Whether events may be posted to a path. */
export function isIngestPath(path: string): boolean {
  return path === "/" || provingPath.test(path);
}

/**
 * The check of the events that are posted to a path. What is not proved is kept as it came, for
 * somebody to look at: a model that was deployed before there was a key loses nothing.
 *
 * @param key what proofs are made with; without one an event's namespace is what it says
 */
export function senderCheck(path: string, key: string | undefined): SenderCheck {
  if (key === undefined) {
    return (event) => event;
  }
  const proven = provenNamespace(path, key);
  return (event) => {
    const problem =
      proven === undefined
        ? `posted to an address that proves no namespace, says ${shown(event)}`
        : event.namespace === proven
          ? ""
          : `posted to the address of ${proven}, says ${shown(event)}`;
    return { ...event, problem: [event.problem, problem].filter((each) => each !== "").join("; ") };
  };
}

function provenNamespace(path: string, key: string): string | undefined {
  const namespace = provingPath.test(path) ? path.split("/")[1]! : undefined;
  if (namespace === undefined) {
    return undefined;
  }
  const [given, made] = [Buffer.from(path), Buffer.from(ingestPath(key, namespace))];
  return given.length === made.length && timingSafeEqual(given, made) ? namespace : undefined;
}

function shown({ namespace }: InferenceEvent): string {
  return JSON.stringify(namespace.slice(0, 100));
}
