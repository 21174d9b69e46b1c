import assert from "node:assert/strict";
import {
  azureName,
  azureNameFault,
  componentNameProblems,
  globalName,
} from "../../../components/azure/names";

describe("azureNameFault", () => {
  const good: [kind: string, name: string][] = [
    ["agentPool", "a"],
    ["agentPool", "gpu123456789"],
    ["storageAccount", "abc"],
    ["storageAccount", "a".repeat(24)],
    ["containerRegistry", "abcde"],
    ["dnsPrefix", "a".repeat(54)],
    ["nodeResourceGroup", "a".repeat(63)],
    ["managedCluster", "core-cluster"],
  ];
  for (const [kind, name] of good) {
    it(`takes the ${kind} ${name}`, () => {
      assert.strictEqual(azureNameFault(kind, name), undefined);
    });
  }

  const bad: [kind: string, name: string, fault: string][] = [
    ["agentPool", "", "must be 1 to 12 characters, a letter, then letters and digits"],
    ["agentPool", "gpu-pool", "must be 1 to 12 characters, a letter, then letters and digits"],
    ["agentPool", "1gpu", "must be 1 to 12 characters, a letter, then letters and digits"],
    ["agentPool", "gpu1234567890", "must be 1 to 12 characters, a letter, then letters and digits"],
    ["storageAccount", "ab", "must be 3 to 24 characters, lower-case letters and digits"],
    ["storageAccount", "Audit", "must be 3 to 24 characters, lower-case letters and digits"],
    ["storageAccount", "a".repeat(25), "must be 3 to 24 characters, lower-case letters and digits"],
    [
      "containerRegistry",
      "a-registry",
      "must be 5 to 50 characters, lower-case letters and digits",
    ],
    [
      "dnsPrefix",
      "-core",
      "must be 1 to 54 characters, lower-case letters, digits and inner hyphens",
    ],
    [
      "nodeResourceGroup",
      "a".repeat(64),
      "must be 1 to 63 characters, lower-case letters, digits and inner hyphens",
    ],
  ];
  for (const [kind, name, fault] of bad) {
    it(`refuses the ${kind} ${JSON.stringify(name)}`, () => {
      assert.strictEqual(azureNameFault(kind, name), fault);
    });
  }

  it("throws on a kind without a rule", () => {
    assert.throws(() => azureNameFault("loadBalancer", "x"), {
      message:
        /^Azure: no naming rule for "loadBalancer"\. Use one of resourceGroup, .*, or add its rule to components\/azure\/names\.ts\.$/,
    });
  });
});

describe("azureName", () => {
  it("returns a name that Azure takes", () => {
    assert.strictEqual(azureName("agentPool", "spot"), "spot");
  });

  it("throws with the rule, the value and the remedy otherwise", () => {
    assert.throws(() => azureName("agentPool", "gpu-pool-large"), {
      message:
        "Azure: the agentPool name must be 1 to 12 characters, a letter, then letters and " +
        'digits, got "gpu-pool-large" (14). Choose another component name.',
    });
  });
});

describe("globalName", () => {
  const cases: [kind: string, componentName: string, purpose: string, expected: string][] = [
    ["storageAccount", "core", "audit", "coreaudit"],
    ["storageAccount", "ml-platform-production", "audit", "mlplatformpaudit"],
    ["containerRegistry", "ml-platform", "registry", "mlplatformregistry"],
    ["storageAccount", "lake", "", "lake"],
    ["storageAccount", "My-Data.Lake", "", "mydatalake"],
    ["storageAccount", "a-very-long-name-of-a-lake", "", "averylongnameofa"],
  ];
  for (const [kind, componentName, purpose, expected] of cases) {
    it(`starts the ${kind} of ${componentName} with ${expected}`, () => {
      const start = globalName(kind, componentName, purpose);
      assert.strictEqual(start, expected);
      assert.strictEqual(azureNameFault(kind, `${start}abcd1234`), undefined);
    });
  }
});

describe("componentNameProblems", () => {
  for (const name of ["core", "a", "ml-2", "a".repeat(43)]) {
    it(`takes ${name}`, () => {
      assert.deepStrictEqual(componentNameProblems(name), []);
    });
  }

  for (const name of ["", "Core", "2core", "core-", "core_1", "a".repeat(44)]) {
    it(`refuses ${JSON.stringify(name)}`, () => {
      assert.deepStrictEqual(componentNameProblems(name), [
        {
          propertyPath: "name",
          reason:
            "must start with a letter and have at most 43 lower-case letters, digits and inner " +
            `hyphens, got "${name}". Rename the component: Azure's names are made from it.`,
        },
      ]);
    });
  }
});
