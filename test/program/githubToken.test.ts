import assert from "node:assert/strict";
import { resolve } from "node:path";
import { previewStack } from "../../preview/engine/previewStack";
import { deployable } from "../preview/deployable";

const root = resolve(__dirname, "../..");
const token = "not-a-token";

describe("GITHUB_TOKEN", function () {
  this.timeout(300_000);
  let before: string | undefined;

  beforeEach(() => {
    before = process.env.GITHUB_TOKEN;
    process.env.GITHUB_TOKEN = token;
  });
  afterEach(() => {
    if (before === undefined) {
      delete process.env.GITHUB_TOKEN;
    } else {
      process.env.GITHUB_TOKEN = before;
    }
  });

  it("is in no input, which the state would hold in plain text", async () => {
    const { result } = await previewStack({
      projectDir: root,
      stack: "prod",
      config: deployable("prod"),
    });
    assert.deepEqual(result.diagnostics, []);
    const hubs = result.resources.filter(({ type }) => type === "pulumi:providers:github");
    assert.ok(hubs.length > 0);
    assert.ok(!JSON.stringify(result.resources).includes(token));
  });
});
