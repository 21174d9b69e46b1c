import assert from "node:assert/strict";
import * as fc from "fast-check";
import { makeRedactor, RedactionRuleError } from "./redaction";

const hmacKey = "a key for tests";

function redact(body: string | Buffer, ...rules: [path: string, action: string][]) {
  const json = JSON.stringify(rules.map(([path, action]) => ({ path, action })));
  return makeRedactor(json, hmacKey).redactBody("models", "churn", Buffer.from(body))?.toString();
}

describe("redaction", () => {
  const table: [claim: string, body: string, rules: [string, string][], expected: string][] = [
    [
      "masks a column of v1",
      '{"instances":[{"ssn":"1","x":2},{"x":3,"ssn":"4"}]}',
      [["$.instances[*].ssn", "mask"]],
      '{"instances":[{"ssn":"***","x":2},{"x":3,"ssn":"***"}]}',
    ],
    [
      "drops the first, the middle and the last member",
      '{"a":1,"b":2,"c":3}',
      [
        ["$.a", "drop"],
        ["$.c", "drop"],
      ],
      '{"b":2}',
    ],
    [
      "drops neighbours at the end",
      '{"x":0,"a":1, "b":2}',
      [
        ["$.a", "drop"],
        ["$.b", "drop"],
      ],
      '{"x":0}',
    ],
    ["drops every member", '{"a":1,"b":2}', [["$.*", "drop"]], "{}"],
    [
      "puts null for an element, so that columns keep their places",
      '{"instances":[[1,"x",3]]}',
      [["$.instances[*][1]", "drop"]],
      '{"instances":[[1,null,3]]}',
    ],
    [
      "finds a tensor of v2 by its name",
      '{"inputs":[{"name":"age","data":[1]},{"data":["s"],"name":"ssn"}]}',
      [["$.inputs[?(@.name=='ssn')].data", "mask"]],
      '{"inputs":[{"name":"age","data":[1]},{"data":"***","name":"ssn"}]}',
    ],
    [
      "finds a name at any depth",
      '{"a":{"password":1},"b":[{"password":{"c":2}}]}',
      [["$..password", "mask"]],
      '{"a":{"password":"***"},"b":[{"password":"***"}]}',
    ],
    ["sees through an escaped key", '{"\\u0073sn":1}', [["$.ssn", "mask"]], '{"\\u0073sn":"***"}'],
    [
      "takes every one of equal keys",
      '{"ssn":1,"ssn":2}',
      [["$.ssn", "mask"]],
      '{"ssn":"***","ssn":"***"}',
    ],
    [
      "isn't misled by a second name of a tensor",
      '{"inputs":[{"name":"ssn","data":[1],"name":"age"}]}',
      [["$.inputs[?(@.name=='ssn')].data", "drop"]],
      '{"inputs":[{"name":"ssn","name":"age"}]}',
    ],
    [
      "leaves numbers and spaces as they were sent",
      '{ "id" : 12345678901234567890, "x":1.10, "n":NaN, "s":"é" }',
      [["$.s", "drop"]],
      '{ "id" : 12345678901234567890, "x":1.10, "n":NaN }',
    ],
    [
      "lets the outer rule win",
      '{"a":{"b":1}}',
      [
        ["$.a.b", "mask"],
        ["$.a", "drop"],
      ],
      "{}",
    ],
    ["leaves alone what no rule names", '{"a":"ssn"}', [["$.ssn", "drop"]], '{"a":"ssn"}'],
    ["takes quoted names", '{"a.b":1,"c":2}', [['$["a.b"]', "mask"]], '{"a.b":"***","c":2}'],
    ["reads past a byte order mark", '\ufeff{"ssn":1}', [["$.ssn", "mask"]], '\ufeff{"ssn":"***"}'],
  ];
  for (const [claim, body, rules, expected] of table) {
    it(claim, () => assert.equal(redact(body, ...rules), expected));
  }

  it("hashes equal values equally, differently with another key, and never shows them", () => {
    const rules = JSON.stringify([{ path: "$.a", action: "hash" }]);
    const hashed = (key: string, value: string) =>
      makeRedactor(rules, key)
        .redactBody("n", "s", Buffer.from(`{"a":"${value}"}`))!
        .toString();
    assert.match(hashed("k", "4711"), /^\{"a":"hmac:[0-9a-f]{32}"\}$/);
    assert.equal(hashed("k", "4711"), hashed("k", "4711"));
    assert.notEqual(hashed("k", "4711"), hashed("other", "4711"));
    assert.notEqual(hashed("k", "4711"), hashed("k", "4712"));
  });

  const unreadable: [name: string, body: Buffer | string][] = [
    ["no JSON", "ssn=1"],
    ["cut off", '{"ssn":"1'],
    [
      "a binary tensor after the JSON",
      Buffer.concat([Buffer.from('{"inputs":[]}'), Buffer.alloc(8, 7)]),
    ],
    ["a stream of events", 'data: {"ssn":1}\n\n'],
    ["two documents", '{"ssn":1}{"ssn":2}'],
    ["a comment", '{"ssn":1/**/}'],
    ["brackets nested ten thousand deep", `${"[".repeat(10_000)}${"]".repeat(10_000)}`],
    ["not UTF-8 and no JSON", Buffer.from([0xff, 0xfe, 0])],
    ["compressed", Buffer.from("1f8b0800", "hex")],
    ["empty", ""],
  ];
  for (const [name, body] of unreadable) {
    it(`withholds a body that a rule is about and that can't be searched: ${name}`, () => {
      assert.equal(redact(body, ["$..ssn", "drop"]), undefined);
    });
  }

  it("leaves no trace of a value wherever it hides in any document", () => {
    const secret = "zz-secret-zz";
    const document = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<unknown>(1, null, "text", true),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom("a", "b", "ssn", "sśn"), tie("value"), { maxKeys: 4 }),
      ),
    })).value;
    const hide = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(hide)
        : typeof value === "object" && value !== null
          ? Object.fromEntries(
              Object.entries(value).map(([key, inner]) => [
                key,
                key === "ssn" ? { deep: [secret, hide(inner)] } : hide(inner),
              ]),
            )
          : value;
    fc.assert(
      fc.property(document, fc.constantFrom("drop", "mask", "hash"), (value, action) => {
        const result = redact(JSON.stringify(hide(value)), ["$..ssn", action])!;
        assert.ok(!result.includes(secret), result);
        JSON.parse(result);
      }),
      { numRuns: 500 },
    );
  });

  it("applies rules by namespace, service and part", () => {
    const rules = [
      { namespace: "models", path: "$.a", action: "mask" },
      { inferenceService: "churn", path: "$.b", action: "mask" },
      { part: "metadata", path: "$.Authorization", action: "drop" },
    ];
    const redactor = makeRedactor(JSON.stringify(rules), undefined);
    const body = (namespace: string, service: string) =>
      redactor.redactBody(namespace, service, Buffer.from('{"a":1,"b":2}'))!.toString();
    assert.equal(body("models", "other"), '{"a":"***","b":2}');
    assert.equal(body("other", "churn"), '{"a":1,"b":"***"}');
    assert.equal(body("other", "other"), '{"a":1,"b":2}');
    assert.equal(
      body("", ""),
      '{"a":"***","b":"***"}',
      "an event that doesn't say where it is from",
    );
    assert.equal(
      redactor.redactMetadata("x", "y", '{"Authorization":["Bearer x"],"X-Request-Id":["1"]}'),
      '{"X-Request-Id":["1"]}',
    );
    assert.equal(redactor.redactMetadata("x", "y", "not json"), "");
    assert.equal(redactor.concerns("other", "other"), false);
  });

  const refused: [rules: string, message: RegExp][] = [
    ["{", /must be JSON/],
    ['{"path":"$.a"}', /must be a JSON list/],
    [
      '[{"path":"$.a","action":"delete"}]',
      /rule 1: action must be drop, hash or mask, got "delete"/,
    ],
    ['[{"path":"a","action":"drop"}]', /rule 1: path must begin with \$, got "a"/],
    ['[{"path":"$.a[","action":"drop"}]', /can't be read from "\[" on/],
    ['[{"path":"$","action":"drop"}]', /names no value inside/],
    ['[{"path":"$name","action":"drop"}]', /can't be read from "name" on/],
    ['[{"path":"$..a..b","action":"drop"}]', /more than one "\.\."/],
    ['[{"path":"$.a","action":"hash"}]', /hash needs MLP_REDACTION_KEY/],
    ['[{"path":"$.a","action":"drop","name":"x"}]', /unknown key name/],
    ['[{"path":"$.a","action":"drop","part":"header"}]', /part must be body or metadata/],
    ["[3, null]", /rule 1 must be an object .*rule 2 must be an object/],
  ];
  for (const [rules, message] of refused) {
    it(`refuses ${rules}`, () => {
      assert.throws(
        () => makeRedactor(rules, undefined),
        (error: Error) => {
          assert.ok(error instanceof RedactionRuleError);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});
