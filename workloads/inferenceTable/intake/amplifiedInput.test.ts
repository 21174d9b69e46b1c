import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { useServiceBed } from "../../lake/testbed/serviceBed";
import { eventHeaders, postBytes } from "../testbed/tableClient";

// Of a replica that has two gibibytes; its start takes 150 MiB of them.
const memoryMib = 1_000;
const mib = 1 << 20;
const structured = "application/cloudevents+json";
const batched = "application/cloudevents-batch+json";

/** Text of about 15 MiB, of one piece many times. */
const many = (piece: string) => piece.repeat(Math.floor((15 * mib) / piece.length));
const numbered = (piece: (index: number) => string, bytes: number) =>
  Array.from({ length: Math.floor(bytes / piece(1_000_000).length) }, (_, index) =>
    piece(index),
  ).join("");
const withData = (data: string) =>
  `{"specversion":"1.0","id":"x","source":"s","type":"org.kubeflow.serving.inference.request",` +
  `"namespace":"models","data":${data}}`;

const noList = "the batch of CloudEvents is not a JSON list of up to 10000";
const noObject = "the structured CloudEvent is not a JSON object of up to 1000 attributes";

// A few mebibytes each, that would take a hundred times as much once read.
const bodies: [name: string, type: string, body: () => string][] = [
  ["a batch of a million events", batched, () => `[${many("{},")}{}]`],
  ["a batch of ten thousand", batched, () => `[${"{},".repeat(9_999)}{}]`],
  ["millions of brackets", structured, () => many("[")],
  ["brackets in a batch", batched, () => many("[")],
  [
    "an event of two million attributes",
    structured,
    () => `{${numbered((index) => `"${index}":1,`, 15 * mib)}"id":"x"}`,
  ],
  ["one attribute two million times", structured, () => `{${many('"a":"b",')}"id":"x"}`],
  [
    "data of one member two million times",
    structured,
    () => withData(`{${many('"a":"b",')}"c":1}`),
  ],
  [
    "data of a million members",
    structured,
    () => withData(`{${numbered((index) => `"${index}":"b",`, 15 * mib)}"c":1}`),
  ],
  ["data of a deep nest", structured, () => withData(many("["))],
];

for (const isRedacted of [false, true]) {
  describe(`inference table ${isRedacted ? "with rules of redaction " : ""}and a body that grows once it is read`, function () {
    this.timeout(240_000);
    const bed = useServiceBed("inferenceTable");

    async function start(): Promise<string> {
      if (!isRedacted) {
        return bed.start();
      }
      const rules = join(bed.folder, "rules.json");
      const paths = ["$..name", "$.instances[*].a", "$.rows[?(@.kind == 'x')].value"];
      await fs.writeFile(
        rules,
        JSON.stringify(paths.map((path) => ({ path, action: "mask", part: "body" }))),
      );
      return bed.start({ MLP_REDACTION_FILE: rules });
    }
    const peakMib = async () => {
      const status = await fs.readFile(`/proc/${bed.service.child.pid}/status`, "utf8");
      return Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024;
    };

    it(`stays within ${memoryMib} MiB, answers others within seconds, and keeps what came`, async () => {
      const url = await start();
      for (const [name, type, body] of bodies) {
        const bytes = Buffer.from(body());
        const headers = { "content-type": type };
        const answers = Array.from({ length: 3 }, () => postBytes(url, headers, bytes));
        const small = postBytes(
          url,
          eventHeaders({ id: `after ${name}`, type: "request" }),
          Buffer.from("{}"),
        );
        assert.deepEqual(await Promise.all(answers), [202, 202, 202], name);
        assert.equal(await small, 202);
        const peak = await peakMib();
        assert.ok(peak < memoryMib, `${peak} MiB after ${name}`);
      }
      assert.equal((await bed.service.end("SIGTERM")).code, 0, bed.service.output().slice(-2000));
      const { rows } = await bed.lake.query(
        `SELECT problem, count(*)::INT AS events FROM inferences_events GROUP BY ALL`,
      );
      const problems = new Map(rows.map((row) => [row["problem"], row["events"]]));
      const missing = 'ce-specversion must be 1.0, got ""; ce-id is missing; ce-source is missing';
      const events = [...problems].filter(([problem]) => String(problem).startsWith(missing));
      assert.deepEqual(
        events.map(([, count]) => count),
        [30_000],
      );
      assert.equal(problems.get(noList), 6);
      assert.equal(problems.get(noObject), 12);
      assert.equal(problems.get(null), bodies.length + 6);
    });
  });
}
