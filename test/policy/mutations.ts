import type { Subject } from "./analyze";
import { compliant, compliantStack } from "./compliant";

/** A change of one compliant resource, or stack, that one policy refuses. */
export interface Mutation {
  policy: string;
  /** What was changed. */
  title: string;
  /** The changed resource; for a stack policy, all of the changed stack. */
  subjects: Subject[];
  /** Exact messages of the policy. */
  messages: string[];
}

type Base = keyof typeof compliant;

/** Mutations of one kind of resource: title, change of its properties, messages. */
export function mutate(
  policy: string,
  base: Base,
  rows: [title: string, change: (props: any, subject: Subject) => void, ...messages: string[]][],
): Mutation[] {
  return rows.map(([title, change, ...messages]) => {
    const subject = compliant[base]();
    change(subject.props, subject);
    return { policy, title: `${base}: ${title}`, subjects: [subject], messages };
  });
}

/** Mutations of a stack: title, change of its resources, messages. */
export function mutateStack(
  policy: string,
  rows: [title: string, change: (stack: Subject[]) => Subject[], ...messages: string[]][],
): Mutation[] {
  return rows.map(([title, change, ...messages]) => ({
    policy,
    title: `stack: ${title}`,
    subjects: change(compliantStack()),
    messages,
  }));
}

/** The stack without one resource. */
export function without(stack: Subject[], name: string): Subject[] {
  return stack.filter((subject) => subject.name !== name);
}

/** The stack with one resource changed. */
export function change(
  stack: Subject[],
  name: string,
  apply: (props: any, subject: Subject) => void,
): Subject[] {
  const subject = stack.find((candidate) => candidate.name === name)!;
  apply(subject.props, subject);
  return stack;
}
