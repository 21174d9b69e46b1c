import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readStackConfig } from "../../preview/engine/previewStack";
import { UserError, problemText } from "../../screen/userError";

const project = `
name: shop
runtime: nodejs
config:
  count: { type: integer, default: 3 }
  host: { type: string }
  debug: { type: boolean, default: false }
  names: { type: array, items: { type: string }, default: [] }
  grid: { type: array, items: { type: array, items: { type: integer } }, default: [] }
  pool: { type: object, default: { size: 1 } }
  token: { type: string, default: none }
  plain: a default without a type
  azure-native:location: { value: westeurope }
`;

describe("stack configuration", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "stack-config-"));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  function read(config: string, projectText = project) {
    writeFileSync(join(directory, "Pulumi.yaml"), projectText);
    const body = config === "" ? " {}" : `\n${config.replaceAll(/^/gm, "  ")}`;
    writeFileSync(join(directory, "Pulumi.dev.yaml"), `config:${body}\n`);
    return readStackConfig(directory, "dev");
  }

  function problems(act: () => unknown): string[] {
    try {
      act();
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
      return error.problems.map((each) => problemText(each).replaceAll(directory, "DIR"));
    }
    return [];
  }

  it("joins defaults, values and foreign keys, with lists and objects as JSON", () => {
    const { config, secretKeys } = read(
      'shop:host: example.org\nshop:names: [a, b]\nshop:pool: { size: 2, tags: { a: "1" } }\n' +
        "kubernetes:context: local\npulumi:disable-default-providers: [kubernetes]",
    );
    assert.deepEqual(config, {
      "shop:host": "example.org",
      "shop:names": '["a","b"]',
      "shop:pool": '{"size":2,"tags":{"a":"1"}}',
      "kubernetes:context": "local",
      "pulumi:disable-default-providers": '["kubernetes"]',
      "shop:count": "3",
      "shop:debug": "false",
      "shop:grid": "[]",
      "shop:token": "none",
      "shop:plain": "a default without a type",
      "azure-native:location": "westeurope",
    });
    assert.deepEqual(secretKeys, []);
  });

  it("replaces encrypted values by texts of their own, and marks their keys secret", () => {
    const { config, secretKeys } = read(
      "shop:host: h\nshop:token: { secure: v1:abc }\nshop:count: { secure: v1:abc }\n" +
        "shop:pool: { size: 1, key: { secure: v1:abc } }\ngithub:token: { secure: v1:abc }",
    );
    assert.deepEqual(secretKeys, ["shop:token", "shop:count", "shop:pool", "github:token"]);
    assert.match(config["shop:token"] ?? "", /^encrypted-[0-9a-f]{24}$/);
    assert.notEqual(config["shop:token"], config["github:token"]);
    assert.equal(config["shop:count"], "1");
    assert.match(config["shop:pool"] ?? "", /^\{"key":"encrypted-[0-9a-f]{24}","size":1\}$/);
  });

  const bad: [claim: string, config: string, expected: string[]][] = [
    [
      "a missing key",
      "",
      [
        'Pulumi.dev.yaml: "shop:host" is missing. Set it to a string, or give it a default ' +
          "in Pulumi.yaml.",
      ],
    ],
    [
      "a word for an integer",
      "shop:host: h\nshop:count: many",
      ['Pulumi.dev.yaml: "shop:count" must be of type integer, got "many". Write a whole number.'],
    ],
    [
      "a fraction for an integer",
      "shop:host: h\nshop:count: 1.5",
      ['Pulumi.dev.yaml: "shop:count" must be of type integer, got 1.5. Write a whole number.'],
    ],
    [
      "a list for a string",
      "shop:host: [h]",
      ['Pulumi.dev.yaml: "shop:host" must be of type string, got ["h"]. Write a text.'],
    ],
    [
      "nothing for a string",
      "shop:host:",
      ['Pulumi.dev.yaml: "shop:host" must be of type string, got null. Write a text.'],
    ],
    [
      "a word for a boolean",
      "shop:host: h\nshop:debug: yes please",
      [
        'Pulumi.dev.yaml: "shop:debug" must be of type boolean, got "yes please". Write true ' +
          "or false.",
      ],
    ],
    [
      "a number in a list of strings",
      "shop:host: h\nshop:names: [a, 1]",
      ['Pulumi.dev.yaml: "shop:names" must be of type array<string>, got ["a",1]. Write a list.'],
    ],
    [
      "a flat list for a nested one",
      "shop:host: h\nshop:grid: [1]",
      [
        'Pulumi.dev.yaml: "shop:grid" must be of type array<array<integer>>, got [1]. Write ' +
          "a list.",
      ],
    ],
    [
      "a list for an object",
      "shop:host: h\nshop:pool: []",
      ['Pulumi.dev.yaml: "shop:pool" must be of type object, got []. Write a map of keys.'],
    ],
    [
      "a mistyped key",
      "shop:host: h\nshop:cuont: 3",
      [
        'Pulumi.dev.yaml: "shop:cuont" is not a key of this project. Did you mean ' +
          '"shop:count"?',
      ],
    ],
    [
      "a key without a namespace",
      "host: h\nnowhere: { a: 1 }",
      [
        'Pulumi.dev.yaml: "shop:nowhere" is not a key of this project. Declare ' +
          "it in Pulumi.yaml, or remove it.",
      ],
    ],
    [
      "several problems at once",
      "shop:count: x\nshop:other: y",
      [
        'Pulumi.dev.yaml: "shop:count" must be of type integer, got "x". Write a whole number.',
        'Pulumi.dev.yaml: "shop:other" is not a key of this project. Declare it in ' +
          "Pulumi.yaml, or remove it.",
        'Pulumi.dev.yaml: "shop:host" is missing. Set it to a string, or give it a default ' +
          "in Pulumi.yaml.",
      ],
    ],
  ];
  for (const [claim, config, expected] of bad) {
    it(`refuses ${claim}`, () => {
      assert.deepEqual(
        problems(() => read(config)),
        expected,
      );
    });
  }

  const badProjects: [claim: string, text: string, expected: string[]][] = [
    [
      "a project without a name, in another language",
      "runtime: python",
      [
        'Pulumi.yaml: "name" must be a text, got nothing. Give the project a name.',
        'Pulumi.yaml: "runtime" must be nodejs for an offline preview, got "python". Preview ' +
          "programs in other languages with the Pulumi CLI.",
      ],
    ],
    [
      "a type that does not exist",
      "name: shop\nruntime: nodejs\nconfig:\n  a: { type: number, default: 1 }",
      [
        'Pulumi.yaml: "shop:a": "type" must be one of string, integer, boolean, array, ' +
          'object, got "number". Correct the declaration.',
      ],
    ],
    [
      "an array without items",
      "name: shop\nruntime: nodejs\nconfig:\n  a: { type: array, default: [] }",
      ['Pulumi.yaml: "shop:a": an array needs "items", got "array". Correct the declaration.'],
    ],
    [
      "a default of another type",
      "name: shop\nruntime: nodejs\nconfig:\n  a: { type: integer, default: x }",
      ['Pulumi.yaml: "shop:a" (default) must be of type integer, got "x". Write a whole number.'],
    ],
    [
      "a plain default of a secret",
      "name: shop\nruntime: nodejs\nconfig:\n  a: { type: string, secret: true, default: x }",
      [
        'Pulumi.yaml: "shop:a" is secret and has a plain default. Remove the default, and ' +
          "set the key with: pulumi config set --secret shop:a",
      ],
    ],
    [
      "a type on a foreign key",
      "name: shop\nruntime: nodejs\nconfig:\n  github:owner: { type: string }",
      [
        'Pulumi.yaml: "github:owner" belongs to another package and takes only "value". ' +
          'Remove "type" and "default".',
      ],
    ],
  ];
  for (const [claim, text, expected] of badProjects) {
    it(`refuses ${claim}`, () => {
      assert.deepEqual(
        problems(() => read("", text)),
        expected,
      );
    });
  }

  it("refuses a plain value for a secret, and does not show it", () => {
    const secretProject =
      "name: shop\nruntime: nodejs\nconfig:\n  token: { type: string, secret: true }";
    assert.deepEqual(
      problems(() => read("shop:token: visible", secretProject)),
      [
        'Pulumi.dev.yaml: "shop:token" must be encrypted, got a plain value. Set it with: ' +
          "pulumi config set --secret shop:token",
      ],
    );
  });

  it("names the stacks that exist where one does not", () => {
    read("shop:host: h");
    writeFileSync(join(directory, "Pulumi.prod.yaml"), "");
    assert.deepEqual(
      problems(() => readStackConfig(directory, "pord")),
      ['Stack "pord" does not exist: there is no Pulumi.pord.yaml. Choose dev, prod.'],
    );
  });

  it("says so where the folder is no project", () => {
    assert.deepEqual(
      problems(() => readStackConfig(directory, "dev")),
      ["DIR: no Pulumi.yaml here. Run the command in the folder of the project."],
    );
  });

  it("names file and line of a YAML error", () => {
    writeFileSync(join(directory, "Pulumi.yaml"), "name: shop\nruntime: nodejs");
    writeFileSync(join(directory, "Pulumi.dev.yaml"), "config:\n  a: [1\n");
    assert.match(
      problems(() => readStackConfig(directory, "dev"))[0] ?? "",
      /^Pulumi\.dev\.yaml is not valid YAML: .* at line \d/,
    );
  });
});
