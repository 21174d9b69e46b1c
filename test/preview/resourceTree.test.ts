import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { customCount, resourceTree } from "../../preview/report/resourceTree";
import { registered, resultOf, urnOf } from "./registered";

const component = "mlplatform:index:DataLake";
const lake = registered(component, "lake", {}, { custom: false });
const inLake = { parent: urnOf(component, "lake") };
const job = (name: string, change: object = {}) =>
  registered("kubernetes:batch/v1:Job", name, {}, { ...inLake, ...change });
const stack = registered("pulumi:pulumi:Stack", "mlplatform-dev", {}, { custom: false });
const provider = registered("pulumi:providers:kubernetes", "cluster");
const plain = { width: 60, color: false, isTerminal: false };
const resources = [
  stack,
  { ...lake, parent: stack.urn },
  { ...provider, parent: stack.urn },
  registered("kubernetes:core/v1:Namespace", "lake-namespace", {}, inLake),
  job("lake-a"),
  job("lake-b"),
  job("lake-c"),
];

describe("resource tree", () => {
  it("counts what providers manage, and neither components, providers nor the stack", () => {
    assert.equal(customCount(resources), 4);
  });

  it("draws components with counts and puts leaves of one type on one line", () => {
    assert.deepEqual(resourceTree(resultOf(resources), plain), [
      "mlplatform-dev                                             4",
      "├─ DataLake lake                                           4",
      "│  ├─ Namespace lake-namespace",
      "│  └─ Job ×3  a, b, c",
      "└─ Provider kubernetes cluster",
    ]);
  });

  it("does not need the stack to have registered itself", () => {
    const [, first] = resourceTree(resultOf([lake, job("lake-a")]), plain);
    assert.equal(first, "└─ DataLake lake                                           1");
  });

  it(
    "keeps the whole name of a leaf that is alone, and of one that is not named after its " +
      "parent",
    () => {
      const lines = resourceTree(
        resultOf([
          lake,
          registered("kubernetes:core/v1:Secret", "lake-keys", {}, inLake),
          job("lake-a"),
          job("other"),
        ]),
        plain,
      );
      assert.deepEqual(lines.slice(2), ["   ├─ Secret lake-keys", "   └─ Job ×2  a, other"]);
    },
  );

  it("keeps resources apart that meet another fate", () => {
    const lines = resourceTree(
      resultOf([lake, job("lake-a"), job("lake-b"), job("lake-c", { operation: "delete" })]),
      plain,
    );
    assert.equal(lines.at(-1), "   └─ - Job lake-c");
  });

  it("is never wider than the terminal", () => {
    const many = [lake, ...Array.from({ length: 40 }, (_, index) => job(`lake-number-${index}`))];
    const long = registered("kubernetes:core/v1:ConfigMap", "x".repeat(200), {}, inLake);
    for (const width of [40, 60, 100]) {
      for (const line of resourceTree(resultOf([...many, long]), { ...plain, width })) {
        assert.ok(line.length <= width, `${line.length} > ${width}: ${line}`);
      }
    }
  });

  it("colours only the text, not the layout", () => {
    const coloured = resourceTree(resultOf(resources), {
      width: 60,
      color: true,
      isTerminal: false,
    });
    assert.ok(coloured.some((line) => line.includes("\u001b[")));
    assert.deepEqual(
      coloured.map(stripVTControlCharacters),
      resourceTree(resultOf(resources), plain),
    );
  });
});
