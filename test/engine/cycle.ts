import assert from "node:assert/strict";
import type { Changes } from "./engineEvents";
import { EngineStack } from "./engineStack";

/** What is particular to the cycle of one stack. */
export interface CycleOptions {
  stack: string;
  /** Changes of the stack's file, each followed by an `up`. */
  updates: {
    what: string;
    edit: (at: EngineStack) => void;
    /** Operations of the update, sorted. */
    expects?: RegExp;
  }[];
}

/** Every step of a stack's life on the real engine, in order. */
export function describeCycle({ stack, updates }: CycleOptions): void {
  describe(`${stack} lives on the real engine`, function () {
    this.timeout(3_600_000);
    // Each step stands on the one before.
    this.bail(true);
    let at: EngineStack;
    let planned = 0;

    const report = (text: string) => console.log(`      ${text}`);

    before(async () => {
      at = await EngineStack.start(stack);
    });
    after(async () => {
      const left = await at?.stop();
      if (left && left.length > 0) {
        report(`ended after their run: ${left.join(", ")}`);
      }
    });

    it("the preview creates everything", async () => {
      const { ran, changes } = await at.preview();
      planned = changes.create!;
      assert.deepEqual(changes, { create: planned });
      report(`${planned} resources in ${ran.seconds.toFixed(1)} s`);
    });

    it("up makes everything that the preview named", async () => {
      const { ran, changes, said } = await at.change("up");
      assert.equal(ran.code, 0, said);
      assert.deepEqual(changes, { create: planned });
      report(`${planned} made in ${ran.seconds.toFixed(1)} s, ${at.cloud.size} in the clouds`);
    });

    it("no token of the caller is in the state", async () => {
      const { stdout } = await at.bed.mustRun("stack", "export", "--stack", stack);
      assert.ok(!stdout.includes(at.bed.environment.GITHUB_TOKEN!), "GITHUB_TOKEN is in the state");
    });

    for (const command of ["preview", "refresh"] as const) {
      it(`${command} then sees no change`, async () => {
        const { ran, changes } =
          command === "preview" ? await at.preview() : await at.change("refresh");
        assert.equal(ran.code, 0, `${ran.stdout}${ran.stderr}`.slice(-4000));
        const { same = 0, ...others } = changes;
        assert.deepEqual(others, {});
        report(`${same} unchanged in ${ran.seconds.toFixed(1)} s`);
      });
    }

    it("destroy refuses while data is protected, before it deletes anything", async () => {
      const before = (await at.state()).resources ?? [];
      const held = before.filter(({ protect }) => protect);
      assert.ok(held.length > 0);
      const refused = await at.mlp("destroy", "--stack", stack, "--yes");
      assert.equal(refused.code, 2, `${refused.stdout}${refused.stderr}`);
      assert.match(refused.stderr, /holds protected data/);
      assert.match(refused.stderr, /--keep-data/);
      assert.match(refused.stderr, /pulumi state unprotect/);
      assert.deepEqual((await at.state()).resources, before);
      report(`refused: ${held.length} protected`);
    });

    it("its data released, one update and then none is protected", async () => {
      at.releaseData();
      const { ran, said } = await at.change("up");
      assert.equal(ran.code, 0, said);
      const held = ((await at.state()).resources ?? []).filter(({ protect }) => protect);
      assert.deepEqual(
        held.map(({ urn }) => urn),
        [],
      );
      report(`released in ${ran.seconds.toFixed(1)} s`);
    });

    for (const { what, edit, expects } of updates) {
      it(`${what}: one update, and then none`, async () => {
        edit(at);
        const { ran, changes, said } = await at.change("up");
        assert.equal(ran.code, 0, said);
        const others = changed(changes);
        assert.notDeepEqual(others, {});
        report(`${JSON.stringify(others)} in ${ran.seconds.toFixed(1)} s`);
        if (expects) {
          assert.match(Object.keys(others).sort().join(" "), expects);
        }
        const again = await at.preview();
        assert.deepEqual(changed(again.changes), {});
      });
    }

    it("destroy leaves nothing", async () => {
      const { ran, said } = await at.change("destroy");
      assert.equal(ran.code, 0, said);
      assert.deepEqual((await at.state()).resources ?? [], []);
      assert.equal(at.cloud.size, 0, [...at.cloud.azure.resources.keys()].join("\n"));
      report(`all gone after ${ran.seconds.toFixed(1)} s`);
    });
  });
}

/** Operations that change something. */
const changed = ({ same: _, ...others }: Changes): Changes => others;
