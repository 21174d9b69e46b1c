import assert from "node:assert/strict";
import { ingestPath } from "@mlplatform/contracts/ingestAddress";
import { resolve } from "node:path";
import * as github from "@pulumi/github";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AzureFoundation } from "../../../components/connections";
import { MlProject } from "../../../components/mlProject/mlProject";
import type { MlProjectArgs } from "../../../components/mlProject/args";
import type { MlProjectGithubArgs } from "../../../components/mlProject/githubArgs";
import { mlProjectProblems } from "../../../components/mlProject/problems";
import { readTemplate } from "../../../components/mlProject/template";
import { inferenceTableConnection, lakeConnection, trackingConnection } from "../connections";
import { type Recorded, type Recording, type RecordOptions, record } from "../recorder";

const templateDirectory = resolve(__dirname, "../../../workloads/projectTemplate");
const group = "11111111-2222-3333-4444-555555555555";
const scope = "/subscriptions/sub/resourceGroups/core/providers/Microsoft";
const registryId = `${scope}.ContainerRegistry/registries/churn`;

/** Where models post their predictions to. */
const address =
  "http://inference-table.observability.svc.cluster.local" +
  ingestPath("secret-of-the-table", "churn");

const azure: AzureFoundation = {
  resourceGroupName: "core",
  location: "westeurope",
  virtualNetworkId: `${scope}.Network/virtualNetworks/core`,
  databaseSubnetId: "db",
  endpointSubnetId: "endpoints",
  oidcIssuer: "https://issuer.example.com/tenant/",
  clusterId: `${scope}.ContainerService/managedClusters/core-aks`,
  tenantId: "tenant",
  subscriptionId: "sub",
};

function minimalArgs(): MlProjectArgs {
  return {
    lake: lakeConnection(),
    tracking: trackingConnection(),
    serving: {
      ingressHost: "models.example.com",
      gateway: "knative-serving/g",
      gatewayNamespace: "istio-system",
      jwtIssuer: "",
    },
    clusterQueue: "mlplatform",
    ingestKey: "secret-of-the-table",
    inferenceTable: inferenceTableConnection(),
    owner: "growth",
    costCenter: "4711",
    cpuQuota: 16,
    memoryQuotaGiB: 64,
  };
}

function fullArgs(repository: string): MlProjectArgs {
  return {
    ...minimalArgs(),
    access: { members: [group] },
    gpuQuota: 2,
    sharedDatasets: ["weather"],
    azure: pulumi.output(azure),
    registry: { id: registryId, host: "acme.azurecr.io" },
    tags: { environment: "dev" },
    github: {
      repository,
      images: {
        trainingBase: "example.com/ray:2.57.1",
        logOffloader: "example.com/log-offloader:0.1.0",
        modelServer: "example.com/model-server:0.1.0",
      },
      reviewerTeamIds: [7],
      templateDirectory,
      bypassAppId: 99,
      variables: { DATASET_NAME: "customers" },
      secrets: { WEBHOOK_TOKEN: "plain-webhook-token" },
    },
  };
}

const computed: RecordOptions["outputs"] = (type, name) => {
  if (type === "github:index/repository:Repository") {
    return { repoId: name.length, fullName: `acme/${name}` };
  }
  if (type === "azure-native:managedidentity:UserAssignedIdentity") {
    return { clientId: `${name}-client`, principalId: `${name}-principal`, name };
  }
  if (type === "random:index/randomPassword:RandomPassword") {
    return { result: `secret-of-${name}` };
  }
  return {};
};

/** Programs make their providers as index.ts does: inherited through the component. */
function onProviders(name: string, args: MlProjectArgs): MlProject {
  return new MlProject(name, args, {
    providers: {
      kubernetes: new k8s.Provider(`${name}-cluster`, { kubeconfig: "{}" }),
      github: new github.Provider(`${name}-hub`, { owner: "acme" }),
    },
  });
}

const recordFull = (options: RecordOptions = {}) =>
  record(() => onProviders("churn", fullArgs("churn-model")), { outputs: computed, ...options });

const recordLocal = () => record(() => onProviders("churn", minimalArgs()), { outputs: computed });

const k8sType = {
  namespace: "kubernetes:core/v1:Namespace",
  quota: "kubernetes:core/v1:ResourceQuota",
  account: "kubernetes:core/v1:ServiceAccount",
  secret: "kubernetes:core/v1:Secret",
  job: "kubernetes:batch/v1:Job",
  policy: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
  role: "kubernetes:rbac.authorization.k8s.io/v1:Role",
  binding: "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
  queue: "kubernetes:kueue.x-k8s.io/v1beta2:LocalQueue",
};
const identityType = "azure-native:managedidentity:UserAssignedIdentity";
const credentialType = "azure-native:managedidentity:FederatedIdentityCredential";
const assignmentType = "azure-native:authorization:RoleAssignment";
const hub = (name: string) => `github:index/${name}:${name[0]!.toUpperCase()}${name.slice(1)}`;

/** Registration order depends on which inputs resolve first; names do not. */
function byName(resources: Recorded[]): Recorded[] {
  return [...resources].sort((a, b) => a.name.localeCompare(b.name));
}

function children(recording: Recording): Recorded[] {
  return recording.resources.filter(
    ({ type }) => !type.startsWith("pulumi:") && type !== "mlplatform:index:MlProject",
  );
}

describe("MlProject", () => {
  let full: Recording;
  let local: Recording;
  before(async () => {
    full = await recordFull();
    local = await recordLocal();
  });

  it("makes a protected namespace under its own name that admits only restricted pods", () => {
    const namespace = full.one(k8sType.namespace);
    assert.deepEqual(namespace.inputs.metadata, {
      name: "churn",
      labels: {
        "app.kubernetes.io/part-of": "mlplatform",
        "mlplatform.dev/project": "churn",
        "pod-security.kubernetes.io/audit": "restricted",
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
      },
      annotations: { "mlplatform.dev/cost-center": "4711", "mlplatform.dev/team": "growth" },
    });
    assert.deepEqual([namespace.protect, namespace.retainOnDelete], [true, true]);
  });

  it("bounds CPU by requests, memory by limits, and GPUs by the quota", () => {
    assert.deepEqual(full.one(k8sType.quota).inputs.spec.hard, {
      "requests.cpu": "16",
      "requests.memory": "64Gi",
      "limits.memory": "64Gi",
      "requests.nvidia.com/gpu": "2",
      persistentvolumeclaims: "0",
      "services.loadbalancers": "0",
      "services.nodeports": "0",
      pods: "64",
    });
    assert.equal(local.one(k8sType.quota).inputs.spec.hard["requests.nvidia.com/gpu"], "0");
  });

  it("puts every child under the component, or under a component of its own", () => {
    const component = full.one("mlplatform:index:MlProject", "churn").urn;
    const lakeAccesses = full.all("mlplatform:index:LakeAccess").map(({ urn }) => urn);
    assert.equal(lakeAccesses.length, 2);
    for (const child of children(full)) {
      const isInside = child.parent === component || lakeAccesses.includes(child.parent);
      assert.ok(isInside, `${child.urn} has parent ${child.parent}`);
    }
  });

  it("hands the program's providers to all Kubernetes and GitHub children", () => {
    for (const child of children(full).filter(({ custom }) => custom)) {
      if (child.type.startsWith("kubernetes:")) {
        assert.match(child.provider, /churn-cluster::/);
      }
      if (child.type.startsWith("github:")) {
        assert.match(child.provider, /churn-hub::/);
      }
    }
  });

  it("draws from the cluster's queue through a queue of its own", () => {
    const queue = full.one(k8sType.queue).inputs;
    assert.deepEqual(queue.spec, { clusterQueue: "mlplatform" });
    assert.deepEqual([queue.metadata.name, queue.metadata.namespace], ["default", "churn"]);
  });

  it("gives pods no Kubernetes token, and Azure identities only where there is Azure", () => {
    const accounts = (recording: Recording) =>
      byName(recording.all(k8sType.account)).map(({ inputs }) => [
        inputs.metadata.name,
        inputs.automountServiceAccountToken,
        inputs.metadata.annotations,
        inputs.secrets,
      ]);
    const clientId = (name: string) => ({ "azure.workload.identity/client-id": name });
    assert.deepEqual(accounts(full), [
      ["serving", false, clientId("churn-serving-client"), [{ name: "model-store" }]],
      ["training", false, clientId("churn-training-client"), undefined],
    ]);
    assert.deepEqual(accounts(local), [
      ["serving", false, undefined, [{ name: "model-store" }]],
      ["training", false, undefined, undefined],
    ]);
  });

  it("lets callers, members and administrators through the gateway, by claim and host", async () => {
    const policyOf = async (change: Partial<MlProjectArgs>) =>
      (
        await record(() => onProviders("churn", { ...minimalArgs(), ...change }), {
          outputs: computed,
        })
      ).all("kubernetes:security.istio.io/v1:AuthorizationPolicy");
    const oidc = {
      issuer: "https://login.example.com/v2.0",
      jwksUri: "https://login.example.com/keys",
      audiences: ["models"],
    };
    const people = {
      viewers: ["auditors"],
      members: ["growth"],
      approvers: ["leads"],
      administrators: ["ops", "growth"],
    };
    const [policy, ...others] = await policyOf({
      oidc: { ...oidc, callersClaim: "roles" },
      access: { ...people, callers: ["churn.call"] },
    });
    assert.deepEqual(others, []);
    const hosts = ["--churn.models.example.com", ".churn.svc.cluster.local", ".churn.svc"].flatMap(
      (suffix) => ["", ":80", ":443"].map((port) => `*${suffix}${port}`),
    );
    const rule = (claim: string, values: string[]) => ({
      from: [{ source: { requestPrincipals: ["https://login.example.com/v2.0/*"] } }],
      to: [{ operation: { hosts } }],
      when: [{ key: `request.auth.claims[${claim}]`, values }],
    });
    assert.equal(policy!.inputs.metadata.namespace, "istio-system");
    assert.deepEqual(policy!.inputs.spec, {
      selector: { matchLabels: { istio: "ingressgateway" } },
      action: "ALLOW",
      rules: [rule("groups", ["growth", "ops"]), rule("roles", ["churn.call"])],
    });
    const id = "5B0F6C1E-2D47-4C3A-9B58-7E1A4F0D620A";
    const [small] = await policyOf({ oidc, access: { members: [id] } });
    assert.deepEqual(small!.inputs.spec.rules, [rule("groups", [id.toLowerCase()])]);
    const [alike] = await policyOf({ oidc, access: { members: ["growth"], callers: ["shop"] } });
    assert.deepEqual(alike!.inputs.spec.rules, [rule("groups", ["growth", "shop"])]);
    assert.deepEqual(await policyOf({ oidc, access: { viewers: ["auditors"] } }), []);
    assert.deepEqual(await policyOf({ access: people }), []);
  });

  it("gives each role of people what it may, and no more", () => {
    // A kind may stand in two rules: what both give is given.
    const verbsOf = (role: string) => {
      const verbs: Record<string, string[]> = {};
      for (const rule of full.one(k8sType.role, `churn-${role}`).inputs.rules) {
        for (const resource of rule.resources) {
          verbs[resource] = [...(verbs[resource] ?? []), ...rule.verbs];
        }
      }
      return verbs;
    };
    const isReading = (verbs: string[]) => verbs.every((v) => ["get", "list", "watch"].includes(v));
    const changedBy = (role: string) =>
      Object.entries<any>(verbsOf(role))
        .filter(([, verbs]) => !isReading(verbs))
        .map(([resource]) => resource)
        .sort();
    assert.deepEqual(changedBy("viewer"), []);
    assert.deepEqual(verbsOf("approver"), verbsOf("viewer"));
    assert.deepEqual(changedBy("member"), ["inferenceservices", "pods/portforward", "rayjobs"]);
    assert.deepEqual(changedBy("administrator"), [
      "inferenceservices",
      "jobs",
      "pods",
      "pods/portforward",
      "rayclusters",
      "rayjobs",
    ]);
    for (const role of ["viewer", "member", "approver", "administrator"]) {
      const named = Object.keys(verbsOf(role));
      for (const forbidden of ["secrets", "pods/exec", "serviceaccounts", "rolebindings", "*"]) {
        assert.ok(!named.includes(forbidden), `${role} may touch ${forbidden}`);
      }
    }
  });

  it("lets members and workflows own Ray jobs and models, and read no Secret", () => {
    for (const role of ["member", "deployer"]) {
      const { rules } = full.one(k8sType.role, `churn-${role}`).inputs;
      const owned = rules
        .filter(({ verbs }: any) => verbs.includes("patch"))
        .flatMap(({ resources }: any) => resources);
      assert.deepEqual(owned, ["rayjobs", "inferenceservices"]);
      const named = rules.flatMap(({ resources }: any) => resources);
      for (const forbidden of ["secrets", "pods/exec", "serviceaccounts", "*"]) {
        assert.ok(!named.includes(forbidden), `${role} may touch ${forbidden}`);
      }
    }
    const subjects = (name: string) => full.one(k8sType.binding, name).inputs.subjects;
    const apiGroup = "rbac.authorization.k8s.io";
    assert.deepEqual(subjects("churn-member"), [{ kind: "Group", name: group, apiGroup }]);
    assert.deepEqual(subjects("churn-deployer"), [
      { kind: "User", name: "churn-github-staging-principal", apiGroup },
      { kind: "User", name: "churn-github-production-principal", apiGroup },
    ]);
    assert.deepEqual(local.all(k8sType.binding), []);
  });

  it("keeps the administrator's MLflow Secret out of the project's namespace", () => {
    const job = full.one(k8sType.job, "churn-mlflow-user").inputs;
    assert.equal(job.metadata.namespace, "mlflow");
    const inProject = full.resources.filter(
      ({ inputs }) => inputs.metadata?.namespace === "churn" || inputs.metadata?.name === "churn",
    );
    assert.ok(inProject.length > 5);
    assert.ok(!JSON.stringify(inProject).includes("mlflow-admin"));
    const [container] = job.spec.template.spec.containers;
    assert.deepEqual(container.command, ["python3", "/scripts/provisionTracking.py"]);
    assert.ok(!JSON.stringify(job).includes("secret-of-"));
  });

  it("gives nobody the password of the project's MLflow user", () => {
    const [container] = full.one(k8sType.job, "churn-mlflow-user").inputs.spec.template.spec
      .containers;
    assert.deepEqual(
      container.env.map(({ name }: any) => name),
      ["PROJECT", "MLFLOW_TRACKING_URI", "ADMIN_USERNAME", "ADMIN_PASSWORD"],
    );
    const secrets = full.all(k8sType.secret).map(({ name }) => name);
    assert.ok(secrets.length > 0);
    assert.ok(!secrets.some((name) => name.includes("mlflow")), secrets.join());
  });

  it("grants training its own prefixes and serving only to read the project's models", () => {
    const policy = (account: string) =>
      JSON.parse(
        full.one("kubernetes:core/v1:ConfigMap", `churn-${account}-policy`).inputs.data[
          "policy.json"
        ],
      ).Statement.map(({ Sid, Resource }: any) => [Sid, Resource]);
    const lake = "arn:aws:s3:::lake";
    assert.deepEqual(policy("training"), [
      ["Locate", [lake]],
      ["Head", [lake]],
      ["OwnKeysOnly", undefined],
      ["List", [lake]],
      ["Read", [`${lake}/datasets/weather/*`]],
      ["Write", [`${lake}/raylogs/namespace=churn/*`]],
      [
        "ReadWrite",
        [
          `${lake}/datasets/churn/*`,
          `${lake}/artifacts/workspaces/churn/*`,
          `${lake}/raylogs/_manifest/churn/*`,
        ],
      ],
    ]);
    assert.deepEqual(policy("serving"), [
      ["Locate", [lake]],
      ["Head", [lake]],
      ["OwnKeysOnly", undefined],
      ["List", [lake]],
      ["Read", [`${lake}/artifacts/workspaces/churn/*`]],
    ]);
  });

  it("trusts exactly the project's ServiceAccounts and GitHub environments", () => {
    const subjects = byName(full.all(credentialType)).map(({ name, inputs }) => [
      name,
      inputs.resourceName,
      inputs.issuer,
      inputs.subject,
      inputs.audiences,
    ]);
    const audience = ["api://AzureADTokenExchange"];
    const actions = "https://token.actions.githubusercontent.com";
    const id = "churn-repository".length;
    assert.deepEqual(subjects, [
      [
        "churn-github-production",
        "churn-github-production",
        actions,
        `repository_id:${id}:environment:production`,
        audience,
      ],
      [
        "churn-github-staging",
        "churn-github-staging",
        actions,
        `repository_id:${id}:environment:staging`,
        audience,
      ],
      [
        "churn-serving",
        "churn-serving",
        azure.oidcIssuer,
        "system:serviceaccount:churn:serving",
        audience,
      ],
      [
        "churn-training",
        "churn-training",
        azure.oidcIssuer,
        "system:serviceaccount:churn:training",
        audience,
      ],
    ]);
    assert.deepEqual(
      full.one(hub("actionsRepositoryOidcSubjectClaimCustomizationTemplate")).inputs,
      {
        repository: "churn-model",
        useDefault: false,
        includeClaimKeys: ["repository_id", "context"],
      },
    );
  });

  it("lets staging push images and production only pull, and all of them find the cluster", () => {
    const role = (id: string) =>
      `/subscriptions/sub/providers/Microsoft.Authorization/roleDefinitions/${id}`;
    const clusterUser = role("4abbcc35-e782-43d8-92c5-2d3f1bd2253f");
    const assignments = full.all(assignmentType).map(({ name, inputs }) => ({
      [name]: [inputs.roleDefinitionId, inputs.scope, inputs.principalId, inputs.principalType],
    }));
    const { clusterId } = azure;
    const staging = "churn-github-staging-principal";
    const production = "churn-github-production-principal";
    assert.deepEqual(Object.assign({}, ...assignments), {
      "churn-github-staging-cluster": [clusterUser, clusterId, staging, "ServicePrincipal"],
      "churn-github-staging-registry": [
        role("8311e382-0749-4cb8-b61a-304f252e45ec"),
        registryId,
        staging,
        "ServicePrincipal",
      ],
      "churn-github-staging-registry-repositories": [
        role("2a1e307c-b015-4ebd-883e-5b7698a07328"),
        registryId,
        staging,
        "ServicePrincipal",
      ],
      "churn-github-production-cluster": [clusterUser, clusterId, production, "ServicePrincipal"],
      "churn-github-production-registry": [
        role("7f951dda-4ed3-4680-a7ca-43fe172d538d"),
        registryId,
        production,
        "ServicePrincipal",
      ],
      "churn-github-production-registry-repositories": [
        role("b93aa761-3e63-49ed-ac28-beffa264f7ac"),
        registryId,
        production,
        "ServicePrincipal",
      ],
    });
  });

  it("tags identities with owner, project, environment and cost centre", () => {
    for (const { inputs } of full.all(identityType)) {
      assert.deepEqual(inputs.tags, {
        environment: "dev",
        owner: "growth",
        project: "churn",
        costCenter: "4711",
      });
    }
    assert.equal(full.all(identityType).length, 4);
  });

  it("keeps the repository when the stack is destroyed", () => {
    const repository = full.one(hub("repository"));
    assert.deepEqual([repository.protect, repository.retainOnDelete], [true, true]);
    assert.deepEqual(
      [repository.inputs.name, repository.inputs.visibility, repository.inputs.archiveOnDestroy],
      ["churn-model", "private", true],
    );
  });

  it("opens environments only to the released branch, production only with a reviewer", () => {
    const environments = byName(full.all(hub("repositoryEnvironment"))).map(({ inputs }) => inputs);
    const gate = {
      repository: "churn-model",
      canAdminsBypass: false,
      deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true },
    };
    assert.deepEqual(environments, [
      {
        ...gate,
        environment: "production",
        preventSelfReview: true,
        reviewers: [{ teams: [7], users: [] }],
      },
      { ...gate, environment: "staging", preventSelfReview: false, reviewers: [] },
    ]);
    const branches = byName(full.all(hub("repositoryEnvironmentDeploymentPolicy")));
    assert.deepEqual(
      branches.map(({ inputs }) => [inputs.environment, inputs.branchPattern]),
      [
        ["production", "main"],
        ["staging", "main"],
      ],
    );
  });

  it("stores every GitHub secret and every password as a Pulumi secret", () => {
    const actions = [hub("actionsSecret"), hub("actionsEnvironmentSecret")];
    const secrets = full.resources.filter(({ type }) => actions.includes(type));
    const values = secrets.map(({ inputs }) => [
      `${inputs.environment ?? "repository"} ${inputs.secretName}`,
      inputs.value,
    ]);
    assert.deepEqual(Object.fromEntries(values), {
      "staging AZURE_CLIENT_ID": "churn-github-staging-client",
      "production AZURE_CLIENT_ID": "churn-github-production-client",
      "repository AZURE_TENANT_ID": "tenant",
      "repository AZURE_SUBSCRIPTION_ID": "sub",
      "repository INFERENCE_TABLE_URL": address,
      "repository WEBHOOK_TOKEN": "plain-webhook-token",
    });
    for (const secret of secrets) {
      assert.ok(secret.secretInputs.has("value"), `${secret.name} is plain`);
    }
    for (const { name, inputs, secretInputs } of full.resources) {
      for (const [key, value] of Object.entries(inputs)) {
        if (!/secret-of-|plain-webhook-token/.test(JSON.stringify(value) ?? "")) {
          continue;
        }
        assert.ok(secretInputs.has(key), `${name}.${key} holds a password without a mark`);
      }
    }
  });

  it("tells the workflows where everything is", () => {
    const variables = full.all(hub("actionsVariable")).map(({ inputs }) => inputs);
    assert.deepEqual(
      Object.fromEntries(variables.map(({ variableName, value }) => [variableName, value])),
      {
        PROJECT: "churn",
        LAKE_ENDPOINT: "http://minio.data-lake.svc.cluster.local:9000",
        LAKE_BUCKET: "lake",
        LAKE_REGION: "us-east-1",
        LAKE_ADDRESSING: "path",
        MLFLOW_TRACKING_URI: "http://mlflow.mlflow.svc.cluster.local:5000",
        MODEL_DOMAIN: "models.example.com",
        TRAINING_BASE_IMAGE: "example.com/ray:2.57.1",
        LOG_OFFLOADER_IMAGE: "example.com/log-offloader:0.1.0",
        MODEL_SERVER_IMAGE: "example.com/model-server:0.1.0",
        REGISTRY: "acme.azurecr.io",
        AKS_CLUSTER: "core-aks",
        AKS_RESOURCE_GROUP: "core",
        DATASET_NAME: "customers",
      },
    );
  });

  it("tells workflows and people alone the address that proves whose predictions are posted", () => {
    const secret = full
      .all(hub("actionsSecret"))
      .find(({ inputs }) => inputs.secretName === "INFERENCE_TABLE_URL")!;
    assert.equal(secret.inputs.value ?? secret.inputs.plaintextValue, address);
    const shown = full.one("kubernetes:core/v1:ConfigMap", "churn-inference-table").inputs;
    assert.deepEqual([shown.metadata.namespace, shown.data], ["churn", { url: address }]);
  });

  it("refuses as the caller's every variable and secret that it sets itself, and no other", () => {
    const given = fullArgs("churn").github!;
    const own = (type: string, nameOf: string, callers: object) =>
      full
        .all(hub(type))
        .map(({ inputs }) => inputs[nameOf] as string)
        .filter((name) => !Object.hasOwn(callers, name));
    const variables = own("actionsVariable", "variableName", given.variables!);
    const secrets = [
      ...own("actionsSecret", "secretName", given.secrets!),
      ...own("actionsEnvironmentSecret", "secretName", {}),
    ];
    const taken = (names: string[]) => Object.fromEntries(names.map((name) => [name, "x"]));
    const refused = (github: Partial<MlProjectGithubArgs>) =>
      mlProjectProblems("churn", { ...minimalArgs(), github: { ...given, ...github } }).map(
        ({ propertyPath }) => propertyPath.split(".").at(-1)!,
      );
    assert.deepEqual(refused({ variables: taken(variables) }), variables);
    assert.deepEqual(new Set(refused({ secrets: taken(secrets) })), new Set(secrets));
    assert.deepEqual(refused({ variables: taken(secrets), secrets: taken(variables) }), []);
  });

  it("commits each template file once, one after another, then protects the branch", () => {
    const files = full.all(hub("repositoryFile"));
    const template = readTemplate(templateDirectory);
    assert.deepEqual(
      files.map(({ inputs }) => ({ path: inputs.file, content: inputs.content })),
      template,
    );
    for (const [i, file] of files.entries()) {
      assert.ok(file.ignoreChanges.includes("content"), `${file.name} would revert the team`);
      assert.deepEqual([file.protect, file.retainOnDelete], [true, true]);
      if (i > 0) {
        assert.ok(file.dependencies.includes(files[i - 1]!.urn));
      }
    }
    const rules = full.one(hub("repositoryRuleset"));
    assert.ok(rules.dependencies.includes(files.at(-1)!.urn));
    assert.deepEqual(rules.inputs.bypassActors, [
      { actorId: 99, actorType: "Integration", bypassMode: "always" },
    ]);
    assert.equal(rules.inputs.rules.pullRequest.requiredApprovingReviewCount, 1);
  });

  it("adopts an existing repository without making it or writing over its files", async () => {
    const args = fullArgs("old-repo");
    args.github!.create = false;
    const adopted = await record(() => onProviders("churn", args), {
      outputs: computed,
      calls: {
        "github:index/getRepository:getRepository": {
          name: "old-repo",
          fullName: "acme/old-repo",
          repoId: 4242,
        },
      },
    });
    assert.deepEqual(adopted.all(hub("repository")), []);
    for (const { inputs } of adopted.all(hub("repositoryFile"))) {
      assert.deepEqual([inputs.repository, inputs.overwriteOnCreate], ["old-repo", false]);
    }
    assert.equal(
      adopted.one(credentialType, "churn-github-production").inputs.subject,
      "repository_id:4242:environment:production",
    );
  });

  it("runs without Azure and GitHub: no resource of either is registered", () => {
    const foreign = local.resources.filter(
      ({ type }) => /^(azure-native|github):/.test(type) && !type.startsWith("pulumi:"),
    );
    assert.deepEqual(foreign, []);
    assert.equal(local.all(k8sType.policy).length, 5);
    assert.equal(local.all("mlplatform:index:LakeAccess").length, 2);
  });

  it("deletes namespace and repository with the stack when data need not be kept", async () => {
    const loose = await record(
      () => onProviders("churn", { ...fullArgs("churn-model"), protectData: false }),
      { outputs: computed },
    );
    for (const type of [k8sType.namespace, hub("repository")]) {
      const { protect, retainOnDelete } = loose.one(type);
      assert.deepEqual([type, protect, retainOnDelete], [type, false, false]);
    }
    assert.ok(loose.all(hub("repositoryFile")).every(({ protect }) => !protect));
  });

  it("shares no URN and no name in the cluster between two projects", async () => {
    const both = await record(
      () => {
        onProviders("churn", fullArgs("churn-model"));
        onProviders("churn-eu", fullArgs("churn-eu-model"));
      },
      { outputs: computed },
    );
    const urns = both.resources.map(({ urn }) => urn);
    assert.deepEqual(
      urns.filter((urn, i) => urns.indexOf(urn) !== i),
      [],
    );
    const names = both.resources
      .filter(({ inputs }) => inputs.metadata?.name)
      .map(({ type, inputs }) => `${type} ${inputs.metadata.namespace}/${inputs.metadata.name}`);
    assert.deepEqual(
      names.filter((name, i) => names.indexOf(name) !== i),
      [],
    );
    const single = full.resources.length;
    assert.equal(both.resources.length, 2 * single);
  });

  it("registers the same resources in a preview, where ids are unknown", async () => {
    const preview = await recordFull({ preview: true });
    const list = (recording: Recording) =>
      recording.resources.map(({ type, name }) => `${type} ${name}`).sort();
    assert.deepEqual(list(preview), list(full));
  });

  it("returns connections that carry the project's own Secrets", async () => {
    let connections: unknown;
    await record(
      () => {
        const project = onProviders("churn", fullArgs("churn-model"));
        pulumi
          .all([project.namespace, project.lake, project.tracking, project.repository])
          .apply((values) => (connections = values));
      },
      { outputs: computed },
    );
    const [namespace, lake, tracking, repository] = connections as any[];
    assert.deepEqual([namespace, repository], ["churn", "acme/churn-repository"]);
    assert.equal(lake.secretName, "lake-credentials");
    assert.deepEqual(
      Object.entries(tracking),
      Object.entries(trackingConnection()).filter(([name]) => name !== "authSecretName"),
    );
  });
});
