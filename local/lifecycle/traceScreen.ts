import type { Trace } from "@mlplatform/lake/ask/trace";

const nameWidth = 15;
const shownLogLines = 8;
const lineWidth = 110;

/** Draws a prediction's trace: one block a hop, each with the store that it was read from. */
export function renderTrace(trace: Trace): string {
  const lines = [`Trace of prediction ${trace.predictionId}`, ""];
  for (const hop of trace.hops) {
    const mark = hop.isFound && hop.problems.length === 0 ? "●" : "✖";
    lines.push(`${mark} ${hop.hop.padEnd(nameWidth)} (${hop.store})`);
    for (const [name, value] of Object.entries(hop.facts)) {
      lines.push(`│   ${name.padEnd(nameWidth)}${value}`);
    }
    lines.push(...hop.problems.map((problem) => `│   problem        ${problem}`));
  }
  // The job's own lines are the last of what it said; banners of its libraries come first.
  for (const text of trace.logLines.slice(0, shownLogLines)) {
    lines.push(`    ${plain(text).slice(0, lineWidth)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Text without terminal sequences: a log's own colours would not end with its line. */
export function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- terminal sequences are control characters
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replace(/[\u0000-\u0008\u000b-\u001f]/g, "");
}
