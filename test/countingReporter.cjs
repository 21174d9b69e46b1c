"use strict";
const fs = require("node:fs");
const Mocha = require("mocha");

/** Mocha's spec reporter that also writes its counts to the file named by MLP_TEST_COUNTS. */
module.exports = class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const file = process.env.MLP_TEST_COUNTS;
      if (file) {
        fs.writeFileSync(
          file,
          JSON.stringify({ passed: passes, failed: failures, skipped: pending }),
        );
      }
    });
  }
};
