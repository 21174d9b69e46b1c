import type { Trace } from "@mlplatform/lake/ask/trace";
import { type Layout, styled } from "../../screen/layout";
import { cut, printable } from "../../screen/text";

const nameColumns = 15;

/**
 * A prediction's trace as text: a block a hop with the store that it was read from, its facts and
 * what is wrong with it, and the job's own log lines.
 */
export function renderTrace(trace: Trace, layout: Layout): string {
  const lines = [`Trace of prediction ${printable(trace.predictionId)}`, ""];
  for (const { hop, store, isFound, facts, problems } of trace.hops) {
    const isGood = isFound && problems.length === 0;
    const mark = styled(layout, isGood ? "green" : "red", isGood ? "●" : "✖");
    lines.push(`${mark} ${hop.padEnd(nameColumns)} (${store})`);
    for (const [name, value] of Object.entries(facts)) {
      lines.push(`│   ${name.padEnd(nameColumns)}${printable(value)}`);
    }
    for (const problem of problems) {
      lines.push(`│   ${"problem".padEnd(nameColumns)}${printable(problem)}`);
    }
  }
  for (const line of trace.logLines) {
    const text = `    ${printable(line)}`;
    // In a pipe a line stays whole, so that it can be searched.
    lines.push(layout.isTerminal ? cut(text, layout.width) : text);
  }
  return `${lines.join("\n")}\n`;
}
