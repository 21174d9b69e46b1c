#!/usr/bin/env node
"use strict";
// Syntax that old versions of Node parse too: this file says what is missing before TypeScript is
// loaded.
const { dirname, resolve } = require("node:path");

const root = resolve(dirname(require.resolve("./mlp.ts")), "..");
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
try {
  require.resolve("tsx/cjs");
} catch (error) {
  stop(`the dependencies are not installed (${error.code}). Run \`npm ci\` in ${root}.`);
}

// Compiled code is kept between runs, where this Node can (22.1 and newer).
const { enableCompileCache } = require("node:module");
if (enableCompileCache) enableCompileCache();
require("tsx/cjs");
const { main } = require("./mlp.ts");

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
