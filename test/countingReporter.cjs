"use strict";
const fs = require("node:fs");
const Mocha = require("mocha");

/** Mocha's spec reporter that also writes counts and failures to the file named by MLP_TEST_COUNTS. */
module.exports = class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const file = process.env.MLP_TEST_COUNTS;
      if (file) {
        const failed = this.failures.map(
          (test) => `${test.fullTitle()}\n${test.err?.stack ?? test.err?.message ?? ""}`,
        );
        const counts = { passed: passes, failed: failures, skipped: pending, failures: failed };
        fs.writeFileSync(file, JSON.stringify(counts));
      }
    });
  }
};
