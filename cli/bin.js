#!/usr/bin/env node
"use strict";
// Plain JavaScript that any Node parses: it says what is missing before TypeScript is loaded.
const { existsSync } = require("node:fs");
const { join, resolve } = require("node:path");

const root = resolve(__dirname, "..");
const major = Number(process.versions.node.split(".")[0]);

function stop(message) {
  process.stderr.write(`mlp: ${message}\n`);
  process.exit(2);
}

if (major < 20) {
  stop(
    `Node ${process.versions.node} is too old, 20 or newer is needed. ` +
      "`npm run mlp -- …` in the repository uses the Node that `npm ci` installs.",
  );
}
if (!existsSync(join(root, "node_modules", "tsx")) && !existsSync(resolve(root, "..", "tsx"))) {
  stop(`the dependencies are not installed. Run \`npm ci\` in ${root}.`);
}

// Compiled code is kept between runs, where this Node can (22.1 and newer).
require("node:module").enableCompileCache?.();
require("tsx/cjs");
const { main } = require("./mlp.ts");

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
