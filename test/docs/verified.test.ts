import assert from "node:assert/strict";
import { existsSync, globSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { format, resolveConfig } from "prettier";
import { commandProblems } from "./commandProblems";
import { problemOf, readVerification } from "./verification";
import { verifiedPage } from "./verifiedPage";

const root = resolve(__dirname, "../..");
const file = resolve(root, "docs/verified.md");
const verification = readVerification();
const features = verification.areas.flatMap((area) => area.features);

describe("docs/verified", () => {
  it("is the page docs/verified.md, word for word (UPDATE_GOLDEN=1 writes a new one)", async () => {
    const style = await resolveConfig(file);
    const options = { ...style, proseWrap: "always", filepath: file } as const;
    const page = await format(verifiedPage(verification), options);
    if (process.env.UPDATE_GOLDEN) {
      await writeFile(file, page);
    }
    assert.equal(await readFile(file, "utf8"), page);
  });

  it("names each feature once, and proves it in ways that the page explains", () => {
    const proofs = verification.proofs.map(({ proof }) => proof);
    const used = features.flatMap(({ claims }) => claims.map(({ proof }) => proof));
    assert.deepEqual(
      used.filter((proof) => !proofs.includes(proof)),
      [],
    );
    assert.deepEqual(
      proofs.filter((proof) => !used.includes(proof)),
      [],
    );
    const names = features.map(({ feature }) => feature);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
  });

  it("says of every component whether it was seen live, or what that needs", () => {
    const components = verification.areas.find(({ title }) => title === "The components")!;
    const silent = components.features.filter(
      ({ claims }) => !claims.some(({ proof }) => proof === "live"),
    );
    assert.deepEqual(silent, []);
  });

  it("has a command for everything that isn't done by hand or missing", () => {
    const commandOf = new Map(verification.proofs.map(({ proof, command }) => [proof, command]));
    for (const { feature, claims } of features) {
      for (const { proof, command, byHand, missing } of claims) {
        const hasCommand = (command ?? commandOf.get(proof)) !== undefined;
        assert.ok(hasCommand || byHand || missing, `${feature}: ${proof} without a command`);
      }
    }
  });

  it("names commands that exist", () => {
    const named = [...verification.proofs, ...features.flatMap(({ claims }) => claims)];
    for (const { command, folder } of named as { command?: string; folder?: string }[]) {
      assert.deepEqual(command === undefined ? [] : commandProblems(command, folder), [], command);
    }
  });

  it("names files that exist", async () => {
    const texts = globSync("docs/verified/*.yaml", { cwd: root });
    for (const text of texts) {
      const words = (await readFile(resolve(root, text), "utf8")).matchAll(
        /`([\w.-]+\/[\w./-]+\.(?:ts|py|md))`|\]\(([\w./-]+)\)/g,
      );
      for (const [, code, link] of words) {
        const path = code === undefined ? resolve(root, "docs", link!) : resolve(root, code);
        assert.ok(existsSync(path), `${text}: ${code ?? link}`);
      }
    }
  });
});

describe("a record of docs/verified", () => {
  const records: [string, object, string][] = [
    ["by hand without a day", { byHand: true, how: "read" }, "done by hand needs `how` and `date`"],
    ["by hand without how", { byHand: true, date: "2026-11-27" }, "needs `how` and `date`"],
    ["a figure without a day", { figures: [{ figure: "1 s" }], command: "x" }, "need `command`"],
    ["a measurement without a figure", { command: "x" }, "a measurement has figures"],
    ["both proved and missing", { missing: "needs a cluster", command: "x" }, "has neither how"],
    ["a part of what is proved", { command: "x", of: "packets" }, "`of` goes with `missing`"],
    ["a field that nobody knows", { command: "x", why: "y" }, "Unrecognized key"],
  ];
  for (const [name, fields, problem] of records) {
    it(`is refused for ${name}`, () => {
      const proof = /figure|measurement/.test(name) ? "measured" : "processes";
      assert.match(problemOf({ proof, ...fields }) ?? "", new RegExp(problem));
    });
  }

  it("is taken with a figure that has its goal, and refused with a goal alone", () => {
    const record = (figure: object) => ({
      proof: "measured",
      command: "npm run bench:policy",
      date: "2026-11-27",
      figures: [figure],
    });
    assert.equal(problemOf(record({ figure: "1 s", goal: "2 s", met: true })), undefined);
    assert.match(problemOf(record({ figure: "1 s", goal: "2 s" }))!, /a goal has `met`/);
  });
});

describe("a command of the docs", () => {
  const commands: [string, string | undefined][] = [
    ["npm run bench:policy", undefined],
    ["npm run bench:police", "package.json has no script bench:police"],
    ["npm run bench:logOffloader -- size --file LOG", undefined],
    ["npm run bench:logOffloader -- sizes", "bench:logOffloader knows no sizes"],
    ["npm run local -- --s4 minio", "local/main.ts knows no --s4"],
    ["npm run mlp -- versions verify", undefined],
    ["npm run mlp -- versions check", "mlp has no command versions check"],
    ["npm run preview -- --stage dev", "mlp preview has no option --stage"],
    ["npm test -- monitoring", undefined],
    ["npm test -- monitors", "there is no suite monitors"],
    ["npx mocha test/docs", undefined],
    ["npx mocha test/components/check*.test.ts", "test/components/check*.test.ts holds no test"],
    ["npx mocha workloads/logOffloader/faults.soak.ts -g random", undefined],
    ["npx mocha workloads/logOffloader/faults.soak.ts -g chance", "no test is named chance"],
    ["MLP_BENCH_DAYS=3 npm run bench:policy", "nothing reads MLP_BENCH_DAYS"],
    ["make all", "no rule says what `make all` is"],
  ];
  for (const [command, problem] of commands) {
    it(`${command}: ${problem ?? "exists"}`, () => {
      assert.deepEqual(commandProblems(command), problem === undefined ? [] : [problem]);
    });
  }
});
