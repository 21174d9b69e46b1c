import type { Area, Claim, Figure, Verification } from "./verification";

/** docs/verified.md as Markdown: an area each, with a table and a paragraph a feature below it. */
export function verifiedPage({ introduction, measurements, proofs, areas }: Verification): string {
  return [
    "# What is verified, and how",
    "",
    "<!-- Generated from docs/verified: `UPDATE_GOLDEN=1 npx mocha test/docs` writes it anew. -->",
    "",
    introduction,
    "",
    measurements,
    "",
    "The proofs, from the weakest to the strongest:",
    "",
    ...proofs.map(({ proof, meaning, command }) => {
      return `- **${proof}**: ${meaning}${command === undefined ? "" : ` (\`${command}\`)`}`;
    }),
    ...areas.flatMap((area) =>
      areaSection(
        area,
        proofs.map(({ proof }) => proof),
      ),
    ),
    "",
  ]
    .join("\n")
    .replace(digitGroups, "$1\u00a0");
}

// A line doesn't break within a number.
const digitGroups = /(\d) (?=\d{3}\b)/g;

function areaSection(area: Area, order: string[]): string[] {
  const used = new Set(area.features.flatMap(({ claims }) => claims.map(({ proof }) => proof)));
  const shown = order.filter((proof) => used.has(proof));
  const row = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [
    "",
    `## ${area.title}`,
    "",
    ...(area.text === undefined ? [] : [area.text, ""]),
    row(["feature", ...shown]),
    row(["---", ...shown.map(() => ":-:")]),
    ...area.features.map(({ feature, claims }) =>
      row([feature, ...shown.map((proof) => mark(claims.filter((each) => each.proof === proof)))]),
    ),
    ...area.features.flatMap(({ feature, claims }) => {
      const told = claims.filter(isTold);
      return told.length === 0 ? [] : ["", `### ${feature}`, "", ...told.flatMap(claimLines)];
    }),
    ...area.notes.flatMap(({ title, text }) => ["", `### ${title}`, "", text]),
  ];
}

/** One cell of the table: the best that the claims of one kind show. */
function mark(claims: Claim[]): string {
  const shown = claims.filter(({ missing }) => missing === undefined);
  if (shown.length === 0) {
    return "–";
  }
  if (shown.some(({ figures = [] }) => figures.some(({ met }) => met === false))) {
    return "✘";
  }
  return shown.some(({ byHand }) => !byHand) ? "✔" : "(✔)";
}

/** False where the mark in the table and the meaning of its column say it all. */
function isTold({ how, command, missing, figures }: Claim): boolean {
  return [how, command, missing, figures].some((field) => field !== undefined);
}

function claimLines(claim: Claim): string[] {
  const { proof, missing, of, note, how, byHand, date, command, folder, figures } = claim;
  if (missing !== undefined) {
    const part = of === undefined ? "" : ` (${of})`;
    const more = note === undefined ? "" : ` ${note}`;
    return [`- _${proof}, not verified_${part}: ${missing}.${more}`];
  }
  const when = date === undefined ? "" : ` on ${date}`;
  const label = `**${proof}**${byHand ? `, by hand${when}` : when}`;
  const run = command && `\`${command}\`${folder === undefined ? "" : ` in \`${folder}\``}`;
  const parts = [how && ended(how), note, run];
  const line = `- ${label}: ${parts.filter((part) => part !== undefined).join(" ")}`;
  return [line, ...(figures ?? []).map((each) => `  - ${figureText(each)}`)];
}

function figureText({ of, figure, goal, met, note }: Figure): string {
  const verdict = goal === undefined ? "" : `; goal ${goal} ${met ? "✔" : "✘"}`;
  const text = `${figure}${verdict}${note === undefined ? "" : ` (${note})`}`;
  return of === undefined ? text : `${of}: ${text}`;
}

/** With a full stop at its end. */
function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
