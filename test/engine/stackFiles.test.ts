import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readStackConfig } from "./offlineEngine";
import { EngineBed } from "./engineBed";
import { preparing, stepTimeoutMs } from "./prepareBed";
import { buildEngine } from "./programs";

const root = resolve(__dirname, "../..");

/** Values as somebody may write them into a stack's file, each by itself. */
const scalars: [what: string, yaml: string][] = [
  ["a date", "2026-12-01"],
  ["a date without zeros", "2026-1-2"],
  ["a date that does not exist", "2026-02-30"],
  ["a quoted date", '"2026-12-01"'],
  ["a date with a time", "2026-12-01T10:20:30Z"],
  ["a time with fractions", "2026-12-01T10:20:30.250Z"],
  ["a time with an offset", "2026-12-01T10:20:30+02:00"],
  ["a time behind a space", "2026-12-01 10:20:30"],
  ["a time of minutes", "2026-12-01 10:20"],
  ["a clock", "12:30"],
  ["a whole number", "42"],
  ["a negative number", "-7"],
  ["a number with a plus", "+7"],
  ["a number with leading zeros", "0777"],
  ["leading zeros that are not octal", "0899"],
  ["octal of YAML 1.2", "0o17"],
  ["hexadecimal", "0x1F"],
  ["binary", "0b101"],
  ["a number with underscores", "1_000_000"],
  ["2^53 + 1", "9007199254740993"],
  ["the largest number of 64 bits", "18446744073709551615"],
  ["a number of more than 64 bits", "18446744073709551616"],
  ["a negative one of more than 63 bits", "-9223372036854775809"],
  ["an exponent", "1e3"],
  ["an exponent and a point", "1.5E-7"],
  ["a large exponent", "1e21"],
  ["a point", "0.10"],
  ["a point at the start", ".5"],
  ["a point at the end", "5."],
  ["yes", "yes"],
  ["no", "no"],
  ["on", "on"],
  ["off", "off"],
  ["true", "true"],
  ["True", "True"],
  ["TRUE", "TRUE"],
  ["quoted true", "'true'"],
  ["y", "y"],
  ["null", "null"],
  ["a tilde", "~"],
  ["nothing", ""],
  ["empty text", '""'],
  ["a version", "1.35.4"],
  ["a version of two numbers", "1.30"],
  ["an address", "10.0.0.0/16"],
  ["a zero GUID", "00000000-0000-0000-0000-000000000000"],
  ["a commit that looks like a number", "12e5"],
  ["folded text", ">-\n    one\n    two"],
  ["literal text", "|\n    one\n    two"],
  ["text over two lines", "one\n    two"],
  ["escapes", '"a\\tb\\u00e9"'],
  ["a single quote", "'it''s'"],
  ["base64", "!!binary aGVsbG8="],
  ["a number tagged as text", "!!str 42"],
  ["a number tagged as a float", "!!float 3"],
  ["text with a hash", "a#b"],
  ["a template", "'{{ .Values }}'"],
  ["a list", "[1, two, 2026-12-01]"],
  ["a map", "{ z: 1, a: yes, 2026-12-01: x }"],
  ["keys that are no texts", "{ 1: a, true: b, 1.5: c }"],
  ["an anchor and its alias", "[&name core, *name]"],
  ["a merge key", "{ base: &base { a: 1, b: 2 }, more: { <<: *base, b: 3 } }"],
  ["merged from two maps", "{ x: &x { a: 1 }, y: &y { a: 2, b: 2 }, z: { <<: [*x, *y] } }"],
  ["a quoted merge key", '{ "<<": { a: 1 } }'],
  ["nested nothing", "{ a: , b: ~ }"],
  ["angle brackets", "{ a: '<b>&' }"],
];

/** What neither of them reads: the words of the CLI, and those of the offline reader. */
const refused: [what: string, yaml: string, real: RegExp, offline: RegExp][] = [
  [
    "a key twice",
    "{ a: 1, a: 2 }",
    /yaml: unmarshal errors:\n {2}line 2: mapping key "a" already defined at line 2/,
    /Map keys must be unique at line 2, column 20\./,
  ],
  [
    "an alias of nothing",
    "*nowhere",
    /yaml: unknown anchor 'nowhere' referenced/,
    /unknown anchor 'nowhere' referenced/,
  ],
  [
    "an anchor in itself",
    "&a [*a]",
    /yaml: anchor 'a' value contains itself/,
    /anchor 'a' value contains itself/,
  ],
  [
    "a text tagged as a number",
    "!!int abc",
    /yaml: cannot decode !!str `abc` as a !!int/,
    /cannot decode !!str `abc` as a !!int/,
  ],
  [
    "base64 that is none",
    "!!binary '###'",
    /yaml: !!binary value contains invalid base64 data/,
    /!!binary value contains invalid base64 data/,
  ],
  [
    "an open bracket",
    "[1, 2",
    /yaml: line 1: did not find expected ',' or ']'/,
    /Flow sequence .* must be sufficiently indented and end with a ]/,
  ],
  [
    "infinity",
    ".inf",
    /could not unmarshal map: json: unsupported value: \+Inf/,
    /\.inf is no number that JSON can hold/,
  ],
  [
    "no number inside of a list",
    "[.nan]",
    /json: unsupported value: NaN/,
    /\.nan is no number that JSON can hold/,
  ],
];

const program = `require("node:fs").writeFileSync("config.json", process.env.PULUMI_CONFIG);`;

describe("stack files are read as by the real CLI", function () {
  this.timeout(stepTimeoutMs);
  let bed: EngineBed;
  let folder: string;

  before(preparing("pulumi"));
  before(async () => {
    const say = (text: string) => console.log(`    ${text}`);
    const programs = await buildEngine(root, say, ["pulumi"]);
    bed = new EngineBed({ programs, cloud: "" });
    folder = join(bed.folder, "values");
    mkdirSync(folder);
    writeFileSync(join(folder, "Pulumi.yaml"), "name: values\nruntime: nodejs\nmain: index.js\n");
    writeFileSync(join(folder, "index.js"), program);
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "Pulumi.one.yaml"), "config: {}\n");
    const made = await bed.run(["stack", "init", "one"], { folder });
    assert.equal(made.code, 0, made.stderr);
  });
  after(() => bed?.stop());

  /** What the program of the stack gets, by key; or the CLI's words. */
  async function byTheCli(config: string): Promise<Record<string, string> | string> {
    const file = join(folder, "Pulumi.one.yaml");
    const salt = /^encryptionsalt: .*$/m.exec(readFileSync(file, "utf8"))![0];
    writeFileSync(file, `config:\n${config}\n${salt}\n`);
    const ran = await bed.run(["preview", "--stack", "one"], { folder });
    if (ran.code !== 0) {
      return `${ran.stdout}${ran.stderr}`;
    }
    return JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, string>;
  }

  const offline = () => {
    try {
      return readStackConfig(folder, "one").config;
    } catch (error) {
      return (error as Error).message;
    }
  };

  it(`${scalars.length} values are the same, alone and inside of a map`, async () => {
    const lines = scalars.flatMap(([, yaml], at) => [
      `  other:alone${at}: ${yaml}`,
      `  other:inside${at}:\n    key: ${yaml.replaceAll("\n    ", "\n      ")}`,
    ]);
    // Anchors are the file's, not the value's: each name is used once.
    const text = lines.map((line, at) =>
      line.replace(/([&*])(name|base|x|y)\b(?!:)/g, `$1$2${at}`),
    );
    const seen = await byTheCli(text.join("\n"));
    assert.equal(typeof seen, "object", String(seen));
    const wrong: string[] = [];
    const ours = offline();
    assert.equal(typeof ours, "object", String(ours));
    scalars.forEach(([what], at) => {
      for (const key of [`other:alone${at}`, `other:inside${at}`]) {
        const real = (seen as Record<string, string>)[key];
        const read = (ours as Record<string, string>)[key];
        if (real !== read) {
          wrong.push(`${what} (${key}): the CLI hands over ${real}, we ${read}`);
        }
      }
    });
    assert.deepEqual(wrong, []);
    console.log(`      ${scalars.length * 2} values read by both`);
  });

  for (const [what, yaml, real, ours] of refused) {
    it(`both refuse ${what}`, async () => {
      const seen = await byTheCli(`  other:a: ${yaml}`);
      assert.equal(typeof seen, "string", JSON.stringify(seen));
      assert.match(seen as string, /getting stack configuration: /);
      assert.match(seen as string, real);
      const read = offline();
      assert.equal(typeof read, "string", JSON.stringify(read));
      assert.match(read as string, /^Pulumi\.one\.yaml is not valid YAML: /);
      assert.match(read as string, ours);
    });
  }
});
