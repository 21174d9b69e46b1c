import assert from "node:assert/strict";
import { bypasses } from "./allBypasses";
import { bases } from "./bypass";
import { type CheckFinding, checkFiles } from "./checkFiles";
import { compliantFiles } from "./compliantFiles";

describe("policy: ways past the policies", function () {
  this.timeout(120_000);
  let found: CheckFinding[][];
  let ofCompliant: CheckFinding[][];

  before(async () => {
    const folders = [...bypasses, ...compliantFiles].map(({ files }) => files);
    const all = await checkFiles(folders);
    found = all.slice(0, bypasses.length);
    ofCompliant = all.slice(bypasses.length);
  });

  for (const [index, { area, title, says }] of bypasses.entries()) {
    it(`${area}: mlp policy check refuses ${title}`, () => {
      const messages = found[index]!.filter(({ enforcement }) => enforcement === "mandatory").map(
        ({ message }) => message,
      );
      assert.ok(
        messages.some((message) => says.test(message)),
        `${says} is not in\n${messages.join("\n") || "nothing"}`,
      );
    });
  }

  for (const [index, { title }] of compliantFiles.entries()) {
    it(`mlp policy check says nothing of ${title}`, () => {
      assert.deepEqual(ofCompliant[index], []);
    });
  }

  it("are more than a hundred, each of its own name, and more than forty that comply", () => {
    assert.ok(bypasses.length >= 100, `${bypasses.length} ways`);
    assert.ok(compliantFiles.length >= 40, `${compliantFiles.length} that comply`);
    const titles = bypasses.map(({ area, title }) => `${area}: ${title}`);
    assert.deepEqual(
      titles.filter((title, index) => titles.indexOf(title) !== index),
      [],
    );
    assert.ok(Object.keys(bases).length >= 15);
    console.log(
      `      ${bypasses.length} ways past the policies, ${compliantFiles.length} that comply`,
    );
  });
});
