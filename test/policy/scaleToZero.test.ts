import assert from "node:assert/strict";
import { requireScaleToZeroServices } from "../../policy/policies/scaleToZero/requireScaleToZeroServices";
import { requireUserPoolsFromZero } from "../../policy/policies/scaleToZero/requireUserPoolsFromZero";
import { analyze, unknown } from "./analyze";

const clean = { violations: [], undecided: [], notApplicable: undefined };

describe("policy: user pools scale from zero", () => {
  const pool = (change: object = {}) => ({
    type: "azure-native:containerservice:AgentPool",
    name: "core-gpu",
    props: { mode: "User", enableAutoScaling: true, minCount: 0, maxCount: 4, ...change },
  });
  const run = (subject: ReturnType<typeof pool>, config?: object) =>
    analyze(requireUserPoolsFromZero, subject, config as Record<string, unknown>);

  it("accepts a user pool from zero with an autoscaler", async () => {
    assert.deepEqual(await run(pool()), clean);
  });

  it("names a pool that keeps nodes while idle", async () => {
    assert.deepEqual((await run(pool({ minCount: 1 }))).violations, [
      'Node pool "core-gpu" keeps 1 nodes while idle: set minCount to 0.',
    ]);
  });

  it("names a pool without an autoscaler", async () => {
    assert.deepEqual((await run(pool({ enableAutoScaling: false }))).violations, [
      'Node pool "core-gpu" has no autoscaler: set enableAutoScaling to true and minCount to 0.',
    ]);
  });

  it("leaves system pools alone", async () => {
    assert.equal((await run(pool({ mode: "System", minCount: 3 }))).notApplicable, "no user pool");
  });

  it("finds a user pool that is written inside the cluster", async () => {
    const cluster = {
      type: "azure-native:containerservice:ManagedCluster",
      name: "core",
      props: {
        agentPoolProfiles: [
          { name: "system", mode: "System", enableAutoScaling: true, minCount: 2 },
          { name: "work", mode: "User", enableAutoScaling: true, minCount: 2 },
        ],
      },
    };
    assert.deepEqual((await analyze(requireUserPoolsFromZero, cluster)).violations, [
      'Node pool "work" keeps 2 nodes while idle: set minCount to 0.',
    ]);
  });

  it("passes over an exempt pool and repeats the reason", async () => {
    const analysis = await run(pool({ minCount: 1 }), {
      exemptions: { "core-gpu": "reserved capacity until March" },
    });
    assert.deepEqual(analysis, {
      ...clean,
      notApplicable: "exempt: reserved capacity until March",
    });
  });

  it("stays undecided where the minimum is unknown", async () => {
    const analysis = await run(pool({ minCount: unknown }));
    assert.deepEqual(analysis.violations, []);
    assert.equal(analysis.undecided.length, 1);
  });
});

describe("policy: services scale to zero", () => {
  const service = (spec: object = { predictor: { minReplicas: 0 } }, annotations: object = {}) => ({
    type: "kubernetes:serving.kserve.io/v1beta1:InferenceService",
    name: "churn",
    props: { metadata: { annotations }, spec },
  });
  const knative = (autoscaler: object) => ({
    type: "kubernetes:operator.knative.dev/v1beta1:KnativeServing",
    name: "serving",
    props: { spec: { config: { autoscaler } } },
  });
  const violations = async (subject: Parameters<typeof analyze>[1]) =>
    (await analyze(requireScaleToZeroServices, subject)).violations;

  it("accepts a predictor from zero", async () => {
    assert.deepEqual(await analyze(requireScaleToZeroServices, service()), clean);
  });

  it("takes an unset minReplicas for KServe's default of one", async () => {
    assert.deepEqual(await violations(service({ predictor: {} })), [
      'InferenceService "churn" has predictor.minReplicas unset (KServe takes 1): set it to 0.',
    ]);
  });

  it("looks at the transformer too", async () => {
    assert.deepEqual(
      await violations(service({ predictor: { minReplicas: 0 }, transformer: { minReplicas: 2 } })),
      ['InferenceService "churn" has transformer.minReplicas 2: set it to 0.'],
    );
  });

  it("refuses a deployment mode without Knative", async () => {
    assert.deepEqual(
      await violations(
        service(
          { predictor: { minReplicas: 0 } },
          { "serving.kserve.io/deploymentMode": "Standard" },
        ),
      ),
      [
        'InferenceService "churn" is deployed in mode Standard, which never scales to zero: remove the annotation serving.kserve.io/deploymentMode.',
      ],
    );
  });

  it("accepts KnativeServing with scale to zero on", async () => {
    assert.deepEqual(await violations(knative({ "enable-scale-to-zero": "true" })), []);
  });

  it("refuses KnativeServing with scale to zero off", async () => {
    assert.deepEqual(await violations(knative({ "enable-scale-to-zero": "false" })), [
      'KnativeServing "serving" has config.autoscaler.enable-scale-to-zero false: set it to "true".',
    ]);
  });

  it("refuses a floor for all services", async () => {
    assert.deepEqual(
      await violations(knative({ "enable-scale-to-zero": "true", "min-scale": "1" })),
      ['KnativeServing "serving" has config.autoscaler.min-scale 1: remove it or set it to "0".'],
    );
  });
});
