#!/usr/bin/env node
"use strict";
// Syntax that old versions of Node parse too: this file says what is missing before TypeScript is
// loaded.
const { spawn } = require("node:child_process");
const { existsSync } = require("node:fs");
const { dirname, join, resolve } = require("node:path");

const root = resolve(dirname(require.resolve("./mlp.ts")), "..");
const [major, minor] = process.versions.node.split(".").map(Number);

function stop(message) {
  process.stderr.write(`mlp: ${message}\n`);
  process.exit(2);
}

// Zstandard, which the lake's files are compressed with, came with 22.15.
if (major < 22 || (major === 22 && minor < 15)) {
  const installed = join(root, "node_modules", ".bin", "node");
  if (!existsSync(installed)) {
    stop(
      `Node ${process.versions.node} is too old, 22.15 or newer is needed. ` +
        `\`npm ci\` in ${root} installs one, which this command then uses.`,
    );
  }
  const arguments_ = [__filename, ...process.argv.slice(2)];
  const child = spawn(installed, arguments_, { stdio: "inherit" });
  // Ctrl-C reaches both, other signals this one alone; it ends after the other.
  process.on("SIGINT", () => {});
  for (const name of ["SIGTERM", "SIGHUP"]) process.on(name, () => child.kill(name));
  child.once("error", (error) => stop(`${installed} can't be started: ${error.message}`));
  child.once("exit", (status, signal) => {
    if (signal === null) process.exit(status);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
} else {
  run();
}

function run() {
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
}
