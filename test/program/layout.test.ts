import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { dirname, resolve } from "node:path";

const root = resolve(__dirname, "../..");
const most = 20;
/** Tests stand beside what they test or mirror it; what is generated has as many as it has. */
const aside = /\.(test|soak)\.ts$|^test\/|\/tests\/|^docs\/|^\./;

describe("layout", () => {
  it(`keeps at most ${most} files in a folder, tests aside`, () => {
    const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root })
      .toString()
      .split("\n")
      .filter((file) => file !== "" && !aside.test(file));
    assert.ok(files.length > 300, `git lists ${files.length} files`);
    const sizes = new Map<string, number>();
    for (const file of files) {
      sizes.set(dirname(file), (sizes.get(dirname(file)) ?? 0) + 1);
    }
    const large = [...sizes].filter(([, count]) => count > most);
    assert.deepEqual(large, [], "a folder holds several ideas: split it by idea");
  });
});
