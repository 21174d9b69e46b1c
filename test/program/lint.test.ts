import assert from "node:assert/strict";
import { resolve } from "node:path";
import { ESLint } from "eslint";

const root = resolve(__dirname, "../..");

/** The rules' messages for a source text, as if it were the file named. */
async function lint(source: string): Promise<string[]> {
  const eslint = new ESLint({ cwd: root });
  const [result] = await eslint.lintText(source, {
    filePath: resolve(root, "components/kubernetes/placement.ts"),
  });
  return result!.messages.map(({ message }) => message);
}

const header = `import * as pulumi from "@pulumi/pulumi";\nimport * as k8s from "@pulumi/kubernetes";\n`;
const refused: Record<string, [string, string]> = {
  "pulumi.Config outside program/loadConfig.ts": [
    "export const c = new pulumi.Config();",
    "'pulumi.Config' is restricted from being used. Only program/loadConfig.ts reads " +
      "configuration.",
  ],
  "allConfig outside program/loadConfig.ts": [
    "export const c = pulumi.runtime.allConfig();",
    "'allConfig' is restricted from being used. Only program/loadConfig.ts reads configuration.",
  ],
  "a component that loses its options": [
    `export class X extends pulumi.ComponentResource { constructor(n: string) { super("t", ` +
      "n, {}); this.registerOutputs(); } }",
    "A component passes (type, name, args, opts) to super: with fewer, opts are lost.",
  ],
  "a component without registerOutputs": [
    `export class X extends pulumi.ComponentResource { constructor(n: string) { super("t", ` +
      "n, {}, {}); } }",
    "A component ends its constructor with registerOutputs.",
  ],
  "a resource inside apply": [
    `export const x = pulumi.output("a").apply((n) => new k8s.core.v1.Namespace(n, {}, {}));`,
    "No resource inside apply: a preview would not show it. Pass the Output on.",
  ],
  "a branch without braces": [
    "export const x = () => { if (pulumi) return 1; return 2; };",
    "Expected { after 'if' condition.",
  ],
  "a constant in capitals": [
    "export const MAX_NODES = 3;",
    "Variable name `MAX_NODES` must match one of the following formats: camelCase",
  ],
  "a type import that doesn't say so": [
    `import { Stats } from "node:fs";\nexport const x = (stats: Stats) => stats.size;`,
    "All imports in the declaration are only used as types. Use `import type`.",
  ],
  "Node's own module as a namespace": [
    `import * as path from "node:path";\nexport const x = path.sep;`,
    `Node's own modules are imported by name: import { join } from "node:path".`,
  ],
  "a comment beyond 100 columns": [
    `// ${"a word ".repeat(15)}`,
    "This line has a length of 108. Maximum allowed is 100.",
  ],
  "a promise that nobody awaits": [
    `export const x = () => { Promise.resolve(1); return pulumi; };`,
    "Promises must be awaited, end with a call to .catch, end with a call to .then with a " +
      "rejection handler or be explicitly marked as ignored with the `void` operator.",
  ],
};

describe("lint rules", function () {
  this.timeout(60_000);

  // With CI set, the parser's types come from the file on disk instead of the text given.
  before(() => {
    process.env.TSESTREE_SINGLE_RUN = "false";
  });
  after(() => {
    delete process.env.TSESTREE_SINGLE_RUN;
  });

  for (const [name, [source, message]] of Object.entries(refused)) {
    it(`refuse ${name}`, async () => {
      const messages = await lint(header + source);
      assert.ok(messages.includes(message), messages.join("\n"));
    });
  }
});
