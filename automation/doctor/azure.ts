import { z } from "zod";
import { type Finding, failure, good, notChecked, warning } from "./finding";
import { examineQuota } from "./azureQuota";
import type { AzureNeeds } from "./stackNeeds";
import { type RunTool, answerAs } from "./toolRun";
import { unanswered } from "./unanswered";

/** A subscription as `az account show` describes it. */
const account = z.object({
  id: z.string(),
  name: z.string(),
  state: z.string(),
  user: z.object({ name: z.string(), type: z.string() }),
});
type Account = z.infer<typeof account>;

const signedInUser = z.object({ id: z.string() });
const resourceProviders = z.array(
  z.object({ namespace: z.string(), registrationState: z.string() }),
);
const roleAssignments = z.array(
  z.object({
    roleDefinitionName: z.string(),
    /** A rule that narrows which roles may be assigned. */
    condition: z.string().nullish(),
  }),
);
const offeredVersion = z.object({
  version: z.string(),
  /** `supportPlan` is what a cluster with this version may have for its own. */
  capabilities: z.object({ supportPlan: z.array(z.string()).nullish() }).nullish(),
});
type OfferedVersion = z.infer<typeof offeredVersion>;
const offeredVersions = z.object({ values: z.array(offeredVersion) });

const signIn =
  "Run `az login`, then `az account set --subscription <name>`; in a workflow use azure/login.";
const readable = "Check what `az` on PATH is, then run this again.";

/** Looks at the subscription that the Azure CLI is signed in to. Makes nothing. */
export async function examineAzure(run: RunTool, needs: AzureNeeds): Promise<Finding[]> {
  const answer = await run("az", "account", "show", "--output", "json");
  if (answer.isMissing) {
    const remedy = "Install the Azure CLI and sign in, then run this again.";
    return [notChecked("Subscription", `Azure CLI ${answer.error}`, remedy)];
  }
  const found = answerAs(account, answer);
  if (found === undefined) {
    return [
      answer.isGood
        ? notChecked("Subscription", "the output of `az account show` can't be read", readable)
        : failure("Subscription", answer.error, signIn),
    ];
  }
  const parts = await Promise.all([
    examineProviders(run, needs),
    examineRoles(run, found),
    examineVersion(run, needs),
    examineQuota(run, needs),
  ]);
  return [examineAccount(found), ...parts.flat()];
}

function examineAccount({ name, id, state, user }: Account): Finding {
  const seen = `${name} (${id}), signed in as ${user.name}`;
  return state === "Enabled"
    ? good("Subscription", seen)
    : failure("Subscription", `${seen}; its state is ${state}`, "Enable it, or choose another.");
}

async function examineProviders(run: RunTool, needs: AzureNeeds): Promise<Finding[]> {
  const subject = "Resource providers";
  const answer = await run("az", "provider", "list", "--output", "json");
  const listed = answerAs(resourceProviders, answer);
  if (listed === undefined) {
    return [unanswered(subject, answer.error)];
  }
  const states = new Map(listed.map((each) => [each.namespace.toLowerCase(), each]));
  const missing = needs.resourceProviders
    .map((name) => states.get(name) ?? { namespace: name, registrationState: "unknown" })
    .filter(({ registrationState }) => registrationState !== "Registered");
  if (missing.length === 0) {
    return [good(subject, `all ${needs.resourceProviders.length} are registered`)];
  }
  return missing.map(({ namespace, registrationState }) =>
    failure(
      `Resource provider ${namespace}`,
      registrationState,
      `Run \`az provider register --wait --namespace ${namespace}\`; Pulumi registers none.`,
    ),
  );
}

/** Names that the Azure CLI gives to whoever signed in by `az login --identity`. */
const managedIdentities = ["systemAssignedIdentity", "userAssignedIdentity"];
const rolesThatMake = ["Owner", "Contributor"];
const rolesThatGrant = [
  "Owner",
  "User Access Administrator",
  "Role Based Access Control Administrator",
];

async function examineRoles(run: RunTool, signedIn: Account): Promise<Finding[]> {
  const subject = "Rights of the deployer";
  if (managedIdentities.includes(signedIn.user.name)) {
    const seen = `the Azure CLI names no id of a managed identity, only ${signedIn.user.name}`;
    const remedy =
      "Look at its roles by `az role assignment list --all --include-inherited --assignee " +
      "<its object id>`, or sign in as a service principal.";
    return [notChecked(subject, seen, remedy)];
  }
  const assignee = await principal(run, signedIn);
  const scope = `/subscriptions/${signedIn.id}`;
  const answer = await run(
    ...(["az", "role", "assignment", "list", "--include-inherited", "--include-groups"] as const),
    ...["--assignee", assignee, "--scope", scope, "--output", "json"],
  );
  const held = answerAs(roleAssignments, answer);
  if (held === undefined) {
    return [unanswered(subject, answer.error)];
  }
  const names = [...new Set(held.map(({ roleDefinitionName }) => roleDefinitionName))].sort();
  const seen = names.length === 0 ? "no role on the subscription" : names.join(", ");
  const grants = held.filter(({ roleDefinitionName: role }) => rolesThatGrant.includes(role));
  if (!names.some((name) => rolesThatMake.includes(name)) || grants.length === 0) {
    const remedy =
      "Have Owner assigned, or Contributor and Role Based Access Control Administrator: the " +
      "program makes resources and assigns roles to identities. A custom role may do as well.";
    return [failure(subject, seen, remedy)];
  }
  if (grants.every(({ condition }) => condition)) {
    const remedy = "Check that its condition lets the roles of docs/azure.md be assigned.";
    return [warning(subject, `${seen}, each with a condition`, remedy)];
  }
  return [good(subject, seen)];
}

/** Id by which roles are assigned: of a person their object's, of a service its application's. */
async function principal(run: RunTool, { user }: Account): Promise<string> {
  if (user.type !== "user") {
    return user.name;
  }
  const answer = await run("az", "ad", "signed-in-user", "show", "--output", "json");
  return answerAs(signedInUser, answer)?.id ?? user.name;
}

async function examineVersion(run: RunTool, needs: AzureNeeds): Promise<Finding[]> {
  const subject = `Kubernetes ${needs.kubernetesVersion}`;
  const location = ["--location", needs.region, "--output", "json"];
  const answer = await run("az", "aks", "get-versions", ...location);
  const offered = answerAs(offeredVersions, answer);
  if (offered === undefined) {
    return [unanswered(subject, answer.error)];
  }
  return [examineOffer(subject, offered.values, needs)];
}

function examineOffer(
  subject: string,
  offered: OfferedVersion[],
  { region, supportPlan, kubernetesVersion }: AzureNeeds,
): Finding {
  const plansOf = ({ capabilities }: OfferedVersion) => capabilities?.supportPlan ?? [];
  const taken = offered.filter((each) => plansOf(each).includes(supportPlan));
  if (taken.length === 0) {
    return unanswered(subject, `${region} names no version under ${supportPlan}`);
  }
  const minor = kubernetesVersion.split(".").slice(0, 2).join(".");
  const versions = taken.map(({ version }) => version).sort();
  if (versions.includes(minor)) {
    return good(subject, `offered in ${region}`);
  }
  const otherPlans = offered.filter(({ version }) => version === minor).flatMap(plansOf);
  const only = otherPlans.length > 0 ? `, this one under ${otherPlans.join(", ")} alone` : "";
  return failure(
    subject,
    `${region} offers ${versions.join(", ")} under ${supportPlan}${only}`,
    "Set `mlplatform:aks.kubernetesVersion` to one of them.",
  );
}
