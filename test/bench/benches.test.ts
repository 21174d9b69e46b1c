import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Measured } from "../../bench/bench";
import { benches } from "../../bench/benches";
import { type AnyBench, runBench } from "../../bench/runBench";
import { ExitCode } from "../../screen/exitCode";

const root = resolve(__dirname, "../..");
const { scripts } = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

/** The one type that every part of every bench gives. */
type Measure = (options: never, say: (text: string) => void) => Promise<Measured>;

describe("benches", function () {
  this.timeout(120_000);

  it("have a script each, which all run through one main file", () => {
    const named = Object.entries(scripts).filter(([name]) => name.startsWith("bench:"));
    assert.deepEqual(
      Object.fromEntries(named),
      Object.fromEntries(
        Object.keys(benches).map((name) => [`bench:${name}`, `tsx bench/main.ts ${name}`]),
      ),
    );
  });

  for (const [name, { parts, options }] of Object.entries(benches)) {
    it(`${name} says what its parts measure, and measures all in the one type`, () => {
      assert.ok(Object.keys(parts).length > 0);
      for (const [part, { about, measure }] of Object.entries(parts)) {
        const registered: Measure = measure;
        assert.equal(typeof registered, "function", part);
        assert.match(about, /^[a-z1-9].*[^.]$/, part);
      }
      for (const [option, { about }] of Object.entries(options)) {
        assert.match(about, /^[a-z1-9].*[^.]$/, option);
      }
    });
  }
});

describe("a bench's command line", () => {
  let seen: unknown[] = [];
  const bench: AnyBench = {
    options: {
      runs: { about: "how often", default: 3 },
      file: { about: "a log", default: [] },
    },
    parts: {
      speed: {
        about: "how fast",
        measure: async (options, say) => {
          seen.push(options);
          say("half of it");
          return [
            {
              name: "a part",
              unit: "MB/s",
              figures: [30, 10, 20],
              ratios: [1.5, 0.5, 1],
              ratioTo: "a peer",
              goal: { atLeast: 1.5 },
            },
            { name: "  memory", unit: "MiB", figures: [1234.5], goal: { atMost: 2000 } },
            { name: "  count", unit: "", figures: [0], remark: "nothing lost" },
            { name: "  peer", missing: "npm install it" },
          ];
        },
      },
      size: { about: "how large", measure: async () => [] },
    },
  };

  async function run(...args: string[]) {
    seen = [];
    const written = { stdout: "", stderr: "" };
    const code = await runBench("shown", bench, args, {
      stdout: { write: (text) => (written.stdout += text) },
      stderr: { write: (text) => (written.stderr += text) },
    });
    return { code, ...written };
  }

  it("prints one table with medians, ranges, ratios and goals, and says on stderr what runs", async () => {
    const { stdout, stderr, code } = await run();
    assert.deepEqual(stdout.split("\n"), [
      "measured    figure  range         ratio        goal",
      "a part     20 MB/s  10–30  1× (0.5–1.5)      ≥ 1.5×  missed  ratio to a peer",
      "  memory  1235 MiB                       ≤ 2000 MiB  met",
      "  count          0                                           nothing lost",
      "  peer           –                                           not measured: npm install it",
      "",
    ]);
    assert.match(stderr, /^ {2}half of it\n✔ speed +0\.\d s\n✔ size +0\.\d s\n$/);
    assert.equal(code, ExitCode.Good);
  });

  it("ends with 1 where a goal is missed, if it is asked to", async () => {
    assert.equal((await run("--assert")).code, ExitCode.Failed);
    assert.equal((await run("--assert", "size")).code, ExitCode.Good);
  });

  it("gives options as their defaults are: whole numbers and lists", async () => {
    await run("speed", "--runs", "5", "--file", "a", "--file", "b");
    assert.deepEqual(seen, [{ runs: 5, file: ["a", "b"] }]);
    await run("speed");
    assert.deepEqual(seen, [{ runs: 3, file: [] }]);
  });

  const wrong: [string[], RegExp][] = [
    [["sped"], /^there is no such part of the bench, got "sped"\. Usage: npm run bench:shown/],
    [["--runs", "x"], /^--runs must be a whole number, got "x"\. Usage/],
    [["--run", "1"], /^Unknown option '--run'/],
  ];
  for (const [args, message] of wrong) {
    it(`refuses ${args.join(" ")} with the usage`, async () => {
      await assert.rejects(run(...args), { name: "UserError", message });
    });
  }
});
