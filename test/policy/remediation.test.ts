import assert from "node:assert/strict";
import { objectPolicy } from "../../policy/objectPolicy";
import { resourcePolicy } from "../../policy/resourcePolicy";
import { namespaceLabels } from "../../policy/rules/objects/namespaceLabels";
import { seccompProfiles } from "../../policy/rules/objects/restrictedPods";
import { requireOwnershipTags } from "../../policy/rules/resources/requireOwnershipTags";
import { analyze, clean, remediate } from "./analyze";
import { compliant } from "./compliant";

const ownership = resourcePolicy(requireOwnershipTags);
const labelling = objectPolicy(namespaceLabels);
const seccomp = objectPolicy(seccompProfiles);

describe("policy: remediation", () => {
  it("fills in missing tags that the config has values for, and keeps the others", async () => {
    const account = compliant.account();
    delete account.props.tags.owner;
    account.props.tags.costCenter = "";
    account.props.tags.project = "kept";
    const values = { owner: "platform", project: "not taken", costCenter: "4711" };
    const props = await remediate(ownership, account, { values });
    assert.deepEqual(props!.tags, {
      owner: "platform",
      project: "kept",
      environment: "dev",
      costCenter: "4711",
    });
  });

  it("invents no value for a tag", async () => {
    const account = compliant.account();
    delete account.props.tags;
    const props = await remediate(ownership, account);
    assert.equal((props ?? account.props).tags, undefined);
  });

  it("gives a namespace the platform's label, and no pod security level", async () => {
    const namespace = { ...compliant.namespace(), props: {} };
    const props = await remediate(labelling, namespace);
    assert.deepEqual(props!.metadata.labels, { "app.kubernetes.io/part-of": "mlplatform" });
    assert.equal((await analyze(labelling, { ...namespace, props: props! })).violations.length, 1);
  });

  it("leaves another label of the same name to the violation", async () => {
    const namespace = compliant.namespace();
    namespace.props.metadata.labels["app.kubernetes.io/part-of"] = "other";
    const props = (await remediate(labelling, namespace)) ?? namespace.props;
    assert.equal(props.metadata.labels["app.kubernetes.io/part-of"], "other");
  });

  for (const base of ["deployment", "rayJob", "cronJob"] as const) {
    it(`gives every container of a ${base} without a profile the runtime's`, async () => {
      const subject = compliant[base]();
      const bare = JSON.parse(
        JSON.stringify(subject.props, (key, value) =>
          key === "seccompProfile" ? undefined : value,
        ),
      );
      assert.notDeepEqual((await analyze(seccomp, { ...subject, props: bare })).violations, []);
      const props = await remediate(seccomp, { ...subject, props: bare });
      assert.deepEqual(await analyze(seccomp, { ...subject, props: props! }), clean);
    });
  }

  it("does not overrule a profile that somebody chose", async () => {
    const deployment = compliant.deployment();
    const context = deployment.props.spec.template.spec.containers[0].securityContext;
    context.seccompProfile = { type: "Unconfined" };
    const props = (await remediate(seccomp, deployment)) ?? deployment.props;
    const [container] = props.spec.template.spec.containers;
    assert.equal(container.securityContext.seccompProfile.type, "Unconfined");
  });

  it("leaves exempt resources as they are", async () => {
    const namespace = { ...compliant.namespace(), props: {} };
    const exemptions = { team: { reason: "made by an operator", expires: "9999-12-31" } };
    assert.equal(await remediate(labelling, namespace, { exemptions }), undefined);
  });
});
