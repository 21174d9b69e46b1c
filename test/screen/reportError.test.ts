import assert from "node:assert/strict";
import { CommanderError } from "commander";
import { ExitCode } from "../../screen/exitCode";
import { reportError } from "../../screen/reportError";
import { UserError, shown } from "../../screen/userError";

/** What is written about an error, and the exit code. */
function report(error: unknown, terminal?: { isTTY: boolean; columns: number }) {
  let text = "";
  const stream = { ...terminal, write: (part: string) => (text += part) };
  return { code: reportError(error, "mlp", stream), text };
}

describe("error report", () => {
  const port = { what: "port 5 is taken", remedy: "Choose another." };

  it("names what is wrong, the value seen, the remedy and the log, a line a problem", () => {
    const lines = { what: "--lines must be a whole number", seen: shown("x"), remedy: "Give one." };
    const { text, code } = report(new UserError({ ...port, log: "a.log" }, lines));
    assert.equal(
      text,
      "mlp: port 5 is taken. Choose another. The log is a.log.\n" +
        'mlp: --lines must be a whole number, got "x". Give one.\n',
    );
    assert.equal(code, ExitCode.Usage);
  });

  it("puts the remedy on a line of its own below another program's output", () => {
    const what = "publish failed (exit code 1):\n    \u001b[31mAccessDenied\u001b[0m";
    const { text } = report(new UserError({ what, remedy: "The reason stands above." }));
    assert.equal(
      text,
      "mlp: publish failed (exit code 1):\n    AccessDenied\nThe reason stands above.\n",
    );
  });

  it("breaks lines on a terminal, below the first one's text, and leaves output as it is", () => {
    const what = `the lake's address is unknown:\n    ${"x".repeat(50)}`;
    const remedy = "Give one, or start the platform on this machine.";
    const { text } = report(new UserError({ what, remedy }), { isTTY: true, columns: 40 });
    assert.deepEqual(text.split("\n"), [
      "mlp: the lake's address is unknown:",
      `         ${"x".repeat(50)}`,
      "     Give one, or start the platform on",
      "     this machine.",
      "",
    ]);
  });

  it("says how to see where an error comes from that nobody expected", () => {
    const { text, code } = report(new Error("fetch failed"));
    assert.equal(text, "mlp: fetch failed\nMLP_DEBUG=1 shows where this comes from.\n");
    assert.equal(code, ExitCode.Failed);
  });

  it("writes nothing beside what Commander wrote, and takes its code", () => {
    assert.deepEqual(report(new CommanderError(0, "commander.help", "")), {
      code: ExitCode.Good,
      text: "",
    });
    assert.equal(report(new CommanderError(1, "commander.unknownOption", "")).code, 2);
  });
});
