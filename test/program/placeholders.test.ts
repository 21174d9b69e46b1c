import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { previewStack } from "../../preview/engine/previewStack";
import { placeholdersIn } from "../../program/placeholders";
import { checkConfig } from "../../program/problems";
import { deployable, deployableConfig } from "../preview/deployable";

const root = resolve(__dirname, "../..");
const group = "6a0d2f57-8e1b-4a53-9a0e-5d1f0c6c2b18";

/** Keys and words of the placeholders in dev's file, with values of one's own and one change. */
function foundAfter(change: (settings: Record<string, any>) => void): string[] {
  const settings = Object.fromEntries(
    Object.entries(structuredClone(deployableConfig("dev")))
      .filter(([key]) => key.startsWith("mlplatform:"))
      .map(([key, value]) => [key.slice("mlplatform:".length), value]),
  );
  change(settings);
  const checked = checkConfig(settings);
  assert.ok("config" in checked, JSON.stringify(checked));
  return placeholdersIn(checked.config).map(
    ({ key, rule, value, remedy }) => `${key} ${rule}, got ${JSON.stringify(value)}. ${remedy}`,
  );
}

/** What a run of a stack says of placeholders, and how much it made. */
async function run(stack: string, mode: "preview" | "up", config?: Record<string, string>) {
  const { result } = await previewStack({ projectDir: root, stack, mode, config });
  const says = (wanted: string) =>
    result.diagnostics
      .filter(({ severity, message }) => severity === wanted && message.includes("placeholder"))
      .map(({ message }) => message)
      .join("\n");
  return {
    warning: says("warning"),
    error: says("error"),
    made: result.resources.filter(({ custom }) => custom).length,
  };
}

describe("placeholders in a stack's file", function () {
  this.timeout(120_000);

  const found: [what: string, change: (s: Record<string, any>) => unknown, words: RegExp][] = [
    [
      "a group of zeros",
      (s) => (s.access.administrators = [group, "00000000-0000-0000-0000-000000000000"]),
      /^access\.administrators\[1\] must be an id of yours.*got "0{8}-.*az ad group show/,
    ],
    [
      "a group of zeros with a number",
      (s) => (s.projects[0].access.members = ["00000000-0000-0000-0000-00000000002a"]),
      /^projects\[0\]\.access\.members\[0\] must be an id of yours/,
    ],
    [
      "a group of ones",
      (s) => (s.projects[0].access.members = ["11111111-1111-1111-1111-111111111111"]),
      /^projects\[0\]\.access\.members\[0\] must be an id of yours/,
    ],
    [
      "a tenant inside an address",
      (s) =>
        (s.access.oidc = {
          issuer: "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0",
          jwksUri: `https://login.microsoftonline.com/${group}/discovery/v2.0/keys`,
          audiences: ["api://models"],
        }),
      /^access\.oidc\.issuer must be an id of yours/,
    ],
    ...["192.0.2.0/24", "198.51.100.7/32", "203.0.113.128/25"].map(
      (range): (typeof found)[number] => [
        range,
        (s) => (s.aks.authorizedIpRanges = ["20.103.7.0/24", range]),
        /^aks\.authorizedIpRanges\[1\] must be an address of yours.*RFC 5737.*offices/,
      ],
    ),
    [
      "ranges that models are reached from",
      (s) => (s.serving = { internalLoadBalancer: false, allowedIpRanges: ["192.0.2.0/24"] }),
      /^serving\.allowedIpRanges\[0\] must be an address of yours/,
    ],
    ...["example.com", "ml.example.org", "a.b.example.net", "ml.example", "x.invalid"].map(
      (domain): (typeof found)[number] => [
        domain,
        (s) => (s.domain = domain),
        /^domain must be in a domain of yours.*RFC 2606.*that you own/,
      ],
    ),
    [
      "a mail address",
      (s) => (s.aks.budget.contactEmails = ["ml@example.com"]),
      /^aks\.budget\.contactEmails\[0\] must be in a domain of yours/,
    ],
    [
      "an image's registry",
      (s) => (s.images = { registry: "registry.example.com/mirror" }),
      /^images\.registry must be in a domain of yours/,
    ],
    [
      "an organization",
      (s) => (s.github.owner = "example-org"),
      /^github\.owner must be an organization of yours.*got "example-org"/,
    ],
    [
      "reviewers",
      (s) => (s.projects[0].github.reviewerTeamIds = [9120417, 1]),
      /^projects\[0\]\.github\.reviewerTeamIds\[1\] must be the id of a team of yours.*gh api/,
    ],
  ];
  for (const [what, change, words] of found) {
    it(`are found: ${what}`, () => {
      const said = foundAfter((settings) => void change(settings));
      assert.equal(said.length, 1, said.join("\n"));
      assert.match(said[0]!, words);
    });
  }

  const others: [what: string, change: (s: Record<string, any>) => unknown][] = [
    [
      "ids with zeros in them",
      (s) => (s.projects[0].access.members = [`00000000${group.slice(8)}`]),
    ],
    ["addresses beside those ranges", (s) => (s.aks.authorizedIpRanges = ["198.51.10.0/24"])],
    ["longer addresses", (s) => (s.aks.authorizedIpRanges = ["20.192.0.2/32"])],
    ["a domain that only begins so", (s) => (s.domain = "example.com.northwind.dev")],
    ["a domain that only ends so", (s) => (s.domain = "counterexample.com")],
    ["the domain of tests", (s) => (s.domain = "mlplatform.test")],
    [
      "paths inside of requests",
      (s) =>
        (s.observability = {
          inferenceRedaction: [{ path: "$.customer.example", action: "drop" }],
        }),
    ],
    [
      "teams of a server of one's own",
      (s) => {
        s.github.baseUrl = "https://github.northwind.dev/";
        s.projects[0].github.reviewerTeamIds = [1];
      },
    ],
  ];
  for (const [what, change] of others) {
    it(`are not ${what}`, () => {
      assert.deepEqual(
        foundAfter((settings) => void change(settings)),
        [],
      );
    });
  }

  for (const stack of ["dev", "prod"]) {
    it(`of ${stack}: a preview warns of each that the tests have to replace, an update refuses`, async () => {
      const { warning } = await run(stack, "preview");
      const overlay = parse(
        readFileSync(resolve(root, `test/engine/config/${stack}.yaml`), "utf8"),
      ) as { placeholders: Record<string, string> };
      for (const placeholder of Object.keys(overlay.placeholders)) {
        const value = /\[(.*)\]/.exec(placeholder)?.[1] ?? placeholder;
        assert.ok(warning.includes(value), `${placeholder}: ${warning}`);
      }
      assert.match(warning, /An update refuses until they are replaced\./);
      const images = { "mlplatform:images": JSON.stringify({ preloaded: true }) };
      const { error, made } = await run(stack, "up", images);
      assert.equal(made, 0);
      assert.match(
        error,
        new RegExp(`Pulumi\\.${stack}\\.yaml has \\d+ placeholders:\n  domain: `),
      );
      const replaced = await run(stack, "preview", deployable(stack));
      assert.deepEqual([replaced.warning, replaced.error], ["", ""]);
    });
  }

  it("are none in local", async () => {
    const { warning, error, made } = await run("local", "up");
    assert.deepEqual([warning, error], ["", ""]);
    assert.ok(made > 100);
  });
});
