import assert from "node:assert/strict";
import type { RealResource } from "./differences";
import type { Changes } from "./engineEvents";
import { EngineStack, said } from "./engineStack";
import { preparing, stepTimeoutMs } from "./prepareBed";
import { assertSamePreview } from "./previewComparison";

/** What is particular to the cycle of one stack. */
export interface CycleOptions {
  stack: string;
  /** True where its file leaves data protected. */
  protectsData: boolean;
  /** Stacks that are only previewed, before it, on the same bed. @default none */
  previews?: string[];
  /** Also destroys all but the data, and makes the rest again: minutes more. @default false */
  keepsData?: boolean;
  /** Changes of the stack's file, each followed by a `pulumi up` by hand. */
  updates: {
    what: string;
    edit: (at: Pick<EngineStack, "edit">) => void;
    /** Operations of the update, sorted. */
    expects: RegExp;
  }[];
}

/** Every step of a stack's life on the real engine, in order. */
export function describeCycle({
  stack,
  protectsData,
  previews = [],
  keepsData = false,
  updates,
}: CycleOptions): void {
  describe(`${stack} lives on the real engine`, function () {
    this.timeout(stepTimeoutMs);
    // Each step stands on the one before.
    this.bail(true);
    let at: EngineStack;
    let planned = 0;

    const report = (text: string) => console.log(`      ${text}`);

    before(preparing("pulumi", "kubernetesProvider"));
    before(async () => {
      at = await EngineStack.start(stack);
    });
    after(async () => {
      const left = await at?.stop();
      if (left && left.length > 0) {
        report(`ended after their run: ${left.join(", ")}`);
      }
    });

    it("the preview equals the offline one but for what is explained, policies included", async () => {
      planned = await assertSamePreview(at.bed, stack);
    });

    for (const other of previews) {
      it(`and so does that of ${other}`, async () => {
        await at.add(other);
        await assertSamePreview(at.bed, other);
      });
    }

    it("up makes everything that the preview named", async () => {
      const { ran, changes } = await at.change("up");
      assert.equal(ran.code, 0, said(ran));
      assert.deepEqual(changes, { create: planned });
      report(`${planned} made in ${ran.seconds.toFixed(1)} s, ${at.cloud.size} in the clouds`);
    });

    it("no token of the caller is in the state", async () => {
      const { stdout } = await at.bed.mustRun("stack", "export", "--stack", stack);
      assert.ok(!stdout.includes(at.bed.environment.GITHUB_TOKEN!), "GITHUB_TOKEN is in the state");
    });

    it("preview then sees no change", async () => {
      const { ran, changes } = await at.preview();
      assert.deepEqual(changes, { same: planned });
      report(`${planned} unchanged in ${ran.seconds.toFixed(1)} s`);
    });

    it("mlp refresh finds everything as it was made", async () => {
      const ran = await at.bed.mlp("refresh", "--stack", stack, "--yes");
      assert.equal(ran.code, 0, said(ran));
      assert.match(ran.stdout, new RegExp(`Resources:\\s+${planned} unchanged`));
      report(`${planned} unchanged in ${ran.seconds.toFixed(1)} s`);
    });

    if (protectsData) {
      it("destroy refuses while data is protected, before it deletes anything", async () => {
        const before = (await at.state()).resources ?? [];
        const held = before.filter(({ protect }) => protect);
        assert.ok(held.length > 0);
        const refused = await at.bed.mlp("destroy", "--stack", stack, "--yes");
        assert.equal(refused.code, 2, `${refused.stdout}${refused.stderr}`);
        assert.match(refused.stderr, /holds protected data/);
        assert.match(refused.stderr, /--keep-data/);
        assert.match(refused.stderr, /pulumi state unprotect/);
        assert.deepEqual((await at.state()).resources, before);
        report(`refused: ${held.length} protected`);
      });

      if (keepsData) {
        it("mlp destroy --keep-data keeps the data and what it stands on, and up makes the rest", async () => {
          const held = urnsOf((await at.state()).resources, ({ protect }) => protect === true);
          const ran = await at.bed.mlp("destroy", "--stack", stack, "--yes", "--keep-data");
          assert.equal(ran.code, 0, said(ran));
          const left = (await at.state()).resources ?? [];
          assert.deepEqual(
            urnsOf(left, ({ protect }) => protect === true),
            held,
          );
          const stoodOn = new Set(left.flatMap(usedBy));
          const needless = left.filter(({ urn, protect }) => !protect && !stoodOn.has(urn));
          assert.deepEqual(urnsOf(needless), []);
          report(`${left.length} kept in ${ran.seconds.toFixed(1)} s, ${held.length} of them data`);
          const again = await at.change("up");
          assert.equal(again.ran.code, 0, said(again.ran));
          // The engine counts no default provider.
          const missing = planned - left.filter(({ urn }) => !/::default(_\w+)?$/.test(urn)).length;
          assert.equal(again.changes.create, missing);
          report(`${missing} made again in ${again.ran.seconds.toFixed(1)} s`);
        });
      }

      it("mlp up releases its data, and then none is protected", async () => {
        at.releaseData();
        const ran = await at.bed.mlp("up", "--stack", stack, "--yes");
        assert.equal(ran.code, 0, said(ran));
        const held = ((await at.state()).resources ?? []).filter(({ protect }) => protect);
        assert.deepEqual(
          held.map(({ urn }) => urn),
          [],
        );
        report(`released in ${ran.seconds.toFixed(1)} s`);
      });
    }

    for (const { what, edit, expects } of updates) {
      it(`${what}: one update`, async () => {
        edit(at);
        const { ran, changes } = await at.change("up");
        assert.equal(ran.code, 0, said(ran));
        const others = changed(changes);
        assert.match(Object.keys(others).sort().join(" "), expects);
        report(`${JSON.stringify(others)} in ${ran.seconds.toFixed(1)} s`);
      });
    }

    it("preview sees no change after them", async () => {
      const { changes } = await at.preview();
      assert.deepEqual(changed(changes), {});
    });

    it("mlp destroy leaves nothing", async () => {
      const ran = await at.bed.mlp("destroy", "--stack", stack, "--yes");
      assert.equal(ran.code, 0, said(ran));
      assert.deepEqual((await at.state()).resources ?? [], []);
      assert.equal(at.cloud.size, 0, [...at.cloud.azure.resources.keys()].join("\n"));
      report(`all gone after ${ran.seconds.toFixed(1)} s`);
    });
  });
}

/** Operations that change something. */
const changed = ({ same: _, ...others }: Changes): Changes => others;

const urnsOf = (resources: RealResource[] = [], which = (_: RealResource) => true) =>
  resources
    .filter(which)
    .map(({ urn }) => urn)
    .sort();

/** What a resource needs to be there. */
const usedBy = ({ parent, provider = "", dependencies }: RealResource) => [
  parent ?? "",
  provider.slice(0, provider.lastIndexOf("::")),
  ...(dependencies ?? []),
];
