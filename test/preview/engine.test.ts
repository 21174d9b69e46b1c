import assert from "node:assert/strict";
import { secretMark, unknownMark } from "../../preview/engine/programRun";
import { messages, named, runFixture } from "./fixtures";

const urn = (rest: string) => `urn:pulumi:test::${rest}`;

describe("engine, preview of a program", () => {
  it("registers resources under the URNs that Pulumi's engine gives them", async () => {
    const { result } = await runFixture("basic");
    assert.deepEqual(
      result.resources.map((resource) => resource.urn),
      [
        "basic::pulumi:pulumi:Stack::basic-test",
        "basic::pulumi:providers:kubernetes::cluster",
        "basic::basic:index:Group::one",
        "basic::pulumi:providers:random::default_4_21_2",
        "basic::basic:index:Group$random:index/randomPassword:RandomPassword::one-password",
        "basic::basic:index:Group$kubernetes:core/v1:Namespace::one-space",
        "basic::basic:index:Group$kubernetes:core/v1:Secret::one-secret",
        "basic::basic:index:Group$kubernetes:core/v1:ConfigMap::one-map",
      ].map(urn),
    );
    assert.equal(result.succeeded, true);
    assert.ok(result.resources.every(({ operation }) => operation === "create"));
  });

  it("keeps parents, providers, protection and dependencies of a resource", async () => {
    const { result } = await runFixture("basic");
    const secret = named(result, "one-secret");
    assert.equal(secret.parent, urn("basic::basic:index:Group::one"));
    assert.match(secret.provider, /::pulumi:providers:kubernetes::cluster::/);
    assert.equal(secret.protect, true);
    assert.equal(secret.retainOnDelete, true);
    assert.deepEqual(secret.dependencies, [
      named(result, "one-space").urn,
      named(result, "one-password").urn,
    ]);
    assert.equal(named(result, "one").custom, false);
  });

  it("lets what is made from a resource's output depend on that resource alone", async () => {
    const { result } = await runFixture("basic");
    assert.deepEqual(named(result, "one-map").propertyDependencies.metadata, [
      named(result, "one-secret").urn,
    ]);
  });

  it("shows unknowns and secrets by their marks and never their values", async () => {
    const { result } = await runFixture("basic");
    assert.deepEqual(named(result, "one-secret").inputs, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "access", namespace: unknownMark },
      stringData: secretMark,
    });
    assert.deepEqual(result.outputs, {
      password: secretMark,
      token: secretMark,
      words: `${urn("basic::basic:index:Group::one")} and more`,
    });
    assert.doesNotMatch(JSON.stringify(result), /encrypted-|apiVersion: v1/);
  });

  it("reports progress by the number of resources", async () => {
    const seen: number[] = [];
    await runFixture("basic", { onProgress: ({ resources }) => seen.push(resources) });
    // The default provider has no request of its own.
    assert.deepEqual(seen, [1, 2, 3, 5, 6, 7, 8]);
  });
});

describe("engine, up mode", () => {
  it("knows names and ids that a preview does not, and hides the same secrets", async () => {
    const { result, state } = await runFixture("basic", { mode: "up" });
    const { metadata, stringData } = named(result, "one-secret").inputs as {
      metadata: { namespace: string };
      stringData: unknown;
    };
    assert.match(metadata.namespace, /^one-space-[0-9a-f]{8}$/);
    assert.equal(stringData, secretMark);
    assert.equal(result.outputs.password, secretMark);
    const namespace = state.resources.find(({ name }) => name === "one-space");
    assert.equal(namespace?.id, metadata.namespace);
  });

  it("makes Azure ids, the issuer and the kubeconfig of a cluster known", async () => {
    const { result } = await runFixture("invokes", { mode: "up" });
    assert.deepEqual(messages(result), []);
    assert.match(String(result.outputs.groupName), /^group[0-9a-f]{8}$/);
    assert.match(String(result.outputs.issuer), /^https:\/\/westeurope\.oic\.prod-aks\.azure\.com/);
    assert.equal(result.outputs.kubeconfig, secretMark);
  });

  it("shows 0 changes on a second run over the first's state", async () => {
    for (const name of ["basic", "invokes"]) {
      const first = await runFixture(name, { mode: "up" });
      const second = await runFixture(name, { mode: "up", state: first.state });
      assert.deepEqual(
        new Set(second.result.resources.map(({ operation }) => operation)),
        new Set(["same"]),
      );
      assert.deepEqual(second.state, first.state);
    }
  });
});

describe("engine, functions of providers", () => {
  it("answers from the configuration, and calls none with an unknown argument", async () => {
    const { result } = await runFixture("invokes");
    assert.deepEqual(result.outputs, {
      subscription: "00000000-0000-4000-8000-000000000001",
      groupName: unknownMark,
      issuer: unknownMark,
      kubeconfig: unknownMark,
    });
  });

  it("names the function that it cannot answer and the place to add the answer", async () => {
    const { result } = await runFixture("unanswered");
    assert.deepEqual(messages(result), [
      "the offline preview has no answer for the function 'azure-native:network:getNatGateway'. " +
        "Add one to invokeAnswers in preview/engine/resources/invokes.ts.",
    ]);
    assert.equal(result.succeeded, false);
  });

  it("takes an answer that the caller brings", async () => {
    const { result } = await runFixture("unanswered", {
      invokeAnswers: {
        "azure-native:network:getNatGateway": ({ args }) => ({
          id: `id of ${String(args.natGatewayName)}`,
        }),
      },
    });
    assert.deepEqual(result.outputs, { gateway: "id of gateway" });
  });
});

describe("engine, transforms", () => {
  it("runs a resource's own, then its parents', then the stack's", async () => {
    const { result } = await runFixture("transforms");
    const text = named(result, "text");
    assert.deepEqual(text.inputs, {
      length: 9,
      keepers: { own: "seen", parent: "seen", stack: "seen" },
    });
    assert.equal(text.protect, true);
    assert.equal(result.outputs.length, 9);
  });

  it("runs the transforms of functions before it answers", async () => {
    const notes: unknown[] = [];
    await runFixture("transforms", {
      invokeAnswers: {
        "azure-native:authorization:getClientConfig": ({ args }) => {
          notes.push(args.note);
          return { tenantId: "tenant" };
        },
      },
    });
    assert.deepEqual(notes, ["transformed"]);
  });
});

describe("engine, refusals", () => {
  it("reports every duplicate URN once, in the engine's words", async () => {
    const { result } = await runFixture("duplicates");
    assert.deepEqual(messages(result).sort(), [
      `Duplicate resource URN '${urn("duplicates::random:index/randomPet:RandomPet::pet")}'; ` +
        "try giving it a unique name",
      "Duplicate resource URN " +
        `'${urn("duplicates::random:index/randomString:RandomString::text")}'; try giving it a ` +
        "unique name",
    ]);
    assert.equal(result.succeeded, false);
  });

  it("refuses default providers that the stack disables and honours inherited ones", async () => {
    const { result } = await runFixture("providers");
    assert.deepEqual(
      result.diagnostics
        .map(({ urn: subject, message }) => [subject.split("::").at(-1), message])
        .sort(),
      [
        [
          "",
          "Default provider for 'azure-native' disabled. " +
            "'azure-native:authorization:getClientConfig' must use an explicit provider.",
        ],
        ...["forgets", "forgetsToo"].map((name) => [
          name,
          "Default provider for 'kubernetes' disabled. " +
            "'kubernetes:core/v1:ConfigMap' must use an explicit provider.",
        ]),
      ],
    );
    assert.match(named(result, "inherits").provider, /::pulumi:providers:kubernetes::cluster::/);
    assert.match(named(result, "pet").provider, /::pulumi:providers:random::default_4_21_2::/);
  });

  it("gives a default provider the configuration of its package", async () => {
    const { result } = await runFixture("providers", { stack: "defaults" });
    assert.deepEqual(named(result, "default_4_21_2").inputs, { version: "4.21.2", extra: "1" });
    assert.deepEqual(messages(result), []);
  });
});

describe("engine, stack references", () => {
  const stackOutputs = {
    "organization/platform/dev": {
      url: "https://example.org",
      key: {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        value: "a-key-of-the-other-stack",
      },
    },
  };

  it("reads outputs that it is given and keeps their secrets", async () => {
    const { result } = await runFixture("reference", { stackOutputs });
    assert.deepEqual(result.outputs, { url: "https://example.org", key: secretMark });
  });

  it("leaves outputs unknown in a preview that is given none", async () => {
    const { result } = await runFixture("reference");
    assert.deepEqual(result.outputs, { url: unknownMark, key: unknownMark });
  });

  it("refuses an unknown stack in up mode", async () => {
    const { result } = await runFixture("reference", { mode: "up" });
    assert.deepEqual(messages(result), [
      "unknown stack 'organization/platform/dev'. Pass its outputs in stackOutputs; none " +
        "were passed.",
    ]);
  });
});
