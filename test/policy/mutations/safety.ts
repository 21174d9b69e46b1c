import { change, mutate, mutateStack, without, type Mutation } from "../mutations";
import { worker } from "../rayPods";

/** What the policies of this area refuse. */
export const safetyMutations: Mutation[] = [
  ...mutate("mlplatform-aks-require-authorized-ranges", "cluster", [
    [
      "no ranges",
      (p) => {
        delete p.apiServerAccessProfile;
      },
      'Cluster "core-cluster" has a public API server and ' +
        "apiServerAccessProfile.authorizedIPRanges []: name the CIDRs that may call it, or set " +
        "enablePrivateCluster.",
    ],
    [
      "an empty list",
      (p) => {
        p.apiServerAccessProfile.authorizedIPRanges = [];
      },
      'Cluster "core-cluster" has a public API server and ' +
        "apiServerAccessProfile.authorizedIPRanges []: name the CIDRs that may call it, or set " +
        "enablePrivateCluster.",
    ],
    [
      "everybody",
      (p) => {
        p.apiServerAccessProfile.authorizedIPRanges.push("0.0.0.0/0");
      },
      'Cluster "core-cluster" has the range "0.0.0.0/0" in ' +
        "apiServerAccessProfile.authorizedIPRanges, which is most of the internet: name " +
        "smaller CIDRs.",
    ],
  ]),
  ...mutate("mlplatform-azure-disallow-local-accounts", "cluster", [
    [
      "local accounts",
      (p) => {
        p.disableLocalAccounts = false;
      },
      'Cluster "core-cluster" has disableLocalAccounts false: set it to true.',
    ],
    [
      "Azure's default",
      (p) => {
        delete p.disableLocalAccounts;
      },
      'Cluster "core-cluster" has disableLocalAccounts unset: set it to true.',
    ],
  ]),
  ...mutate("mlplatform-azure-disallow-local-accounts", "registry", [
    [
      "an admin user",
      (p) => {
        p.adminUserEnabled = true;
      },
      'Registry "core-registry" has adminUserEnabled true: remove it and grant AcrPull to an ' +
        "identity.",
    ],
  ]),
  ...mutate("mlplatform-storage-disallow-shared-keys", "account", [
    [
      "keys",
      (p) => {
        p.allowSharedKeyAccess = true;
      },
      'Storage account "core-audit" has allowSharedKeyAccess true: set it to false.',
    ],
    [
      "Azure's default",
      (p) => {
        delete p.allowSharedKeyAccess;
      },
      'Storage account "core-audit" has allowSharedKeyAccess unset: set it to false.',
    ],
  ]),
  ...mutate("mlplatform-storage-disallow-public-access", "account", [
    [
      "public blobs",
      (p) => {
        p.allowBlobPublicAccess = true;
      },
      'Storage account "core-audit" has allowBlobPublicAccess true: set it to false.',
    ],
    [
      "open to every network",
      (p) => {
        delete p.networkRuleSet;
      },
      'Storage account "core-audit" has networkRuleSet.defaultAction unset: set it to Deny, ' +
        "or publicNetworkAccess to Disabled.",
    ],
  ]),
  ...mutate("mlplatform-storage-disallow-public-access", "blobContainer", [
    [
      "public blobs",
      (p) => {
        p.publicAccess = "Blob";
      },
      'Blob container "core-blobs" has publicAccess Blob: set it to None.',
    ],
  ]),
  ...mutate("mlplatform-kubernetes-require-pinned-images", "deployment", [
    [
      "no tag",
      (p) => {
        p.spec.template.spec.containers[0].image = "registry.example:5000/server";
      },
      'Deployment "server", spec.template.spec.containers[0]: container "main" runs ' +
        '"registry.example:5000/server", which can change under the same name: name an exact ' +
        "version or a sha256 digest.",
    ],
    [
      "latest",
      (p) => {
        p.spec.template.spec.containers[0].image = "server:latest";
      },
      'Deployment "server", spec.template.spec.containers[0]: container "main" runs ' +
        '"server:latest", which can change under the same name: name an exact version or a ' +
        "sha256 digest.",
    ],
    [
      "a major version",
      (p) => {
        p.spec.template.spec.containers[0].image = "postgres:17";
      },
      'Deployment "server", spec.template.spec.containers[0]: container "main" runs ' +
        '"postgres:17", which can change under the same name: name an exact version or a ' +
        "sha256 digest.",
    ],
    [
      "a short digest",
      (p) => {
        p.spec.template.spec.containers[0].image = "server@sha256:0a";
      },
      'Deployment "server", spec.template.spec.containers[0]: container "main" runs ' +
        '"server@sha256:0a", which can change under the same name: name an exact version or a ' +
        "sha256 digest.",
    ],
    [
      "an init container",
      (p) => {
        const { spec } = p.spec.template;
        spec.initContainers = [{ ...spec.containers[0], name: "init", image: "busybox" }];
      },
      'Deployment "server", spec.template.spec.initContainers[0]: container "init" runs ' +
        '"busybox", which can change under the same name: name an exact version or a sha256 ' +
        "digest.",
    ],
  ]),
  ...mutate("mlplatform-kubernetes-require-pinned-images", "rayJob", [
    [
      "a worker",
      (p) => {
        worker(p).spec.containers[0].image = "ray:nightly";
      },
      'RayJob "train", spec.rayClusterSpec.workerGroupSpecs[0].template.spec.containers[0]: ' +
        'container "ray-worker" runs "ray:nightly", which can change under the same name: name ' +
        "an exact version or a sha256 digest.",
    ],
  ]),
  ...mutate("mlplatform-kubernetes-require-pinned-images", "cronJob", [
    [
      "latest",
      (p) => {
        p.spec.jobTemplate.spec.template.spec.containers[0].image = "keeper:latest";
      },
      'CronJob "keeper", spec.jobTemplate.spec.template.spec.containers[0]: container "main" ' +
        'runs "keeper:latest", which can change under the same name: name an exact version or ' +
        "a sha256 digest.",
    ],
  ]),
  ...mutate("mlplatform-kubernetes-require-restricted-pods", "deployment", [
    [
      "the network of the node",
      (p) => {
        p.spec.template.spec.hostNetwork = true;
      },
      'Deployment "server", spec.template.spec: hostNetwork is true: remove hostNetwork.',
    ],
    [
      "processes of the node",
      (p) => {
        p.spec.template.spec.hostPID = true;
      },
      'Deployment "server", spec.template.spec: hostPID is true: remove hostPID.',
    ],
    [
      "memory of the node",
      (p) => {
        p.spec.template.spec.hostIPC = true;
      },
      'Deployment "server", spec.template.spec: hostIPC is true: remove hostIPC.',
    ],
    [
      "files of the node",
      (p) => {
        p.spec.template.spec.volumes.push({ name: "root", hostPath: { path: "/" } });
      },
      'Deployment "server", spec.template.spec.volumes[1]: volume "root" mounts "/" of the ' +
        "node: use an emptyDir or a PersistentVolumeClaim.",
    ],
    [
      "privileges",
      (p) => {
        p.spec.template.spec.containers[0].securityContext.privileged = true;
      },
      'Deployment "server", spec.template.spec.containers[0]: container "main" has ' +
        "securityContext.privileged true: remove it.",
    ],
    [
      "escalation left open",
      (p) => {
        delete p.spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation;
      },
      'Deployment "server", spec.template.spec.containers[0]: container "main" has ' +
        "securityContext.allowPrivilegeEscalation unset: set it to false.",
    ],
    [
      "capabilities kept",
      (p) => {
        p.spec.template.spec.containers[0].securityContext.capabilities = { drop: ["NET_RAW"] };
      },
      'Deployment "server", spec.template.spec.containers[0]: container "main" has ' +
        'securityContext.capabilities.drop ["NET_RAW"]: set it to ["ALL"].',
    ],
    [
      "a capability added",
      (p) => {
        p.spec.template.spec.containers[0].securityContext.capabilities.add = ["SYS_ADMIN"];
      },
      'Deployment "server", spec.template.spec.containers[0]: container "main" has ' +
        'securityContext.capabilities.add ["SYS_ADMIN"]: remove what is not NET_BIND_SERVICE.',
    ],
    [
      "root by default",
      (p) => {
        delete p.spec.template.spec.securityContext.runAsNonRoot;
      },
      'Deployment "server", spec.template.spec.containers[0]: container "main" has ' +
        "securityContext.runAsNonRoot unset, its pod unset: set it to true for the pod and " +
        "leave it out of the container.",
    ],
    [
      "root in one container",
      (p) => {
        p.spec.template.spec.containers[0].securityContext.runAsNonRoot = false;
      },
      'Deployment "server", spec.template.spec.containers[0]: container "main" has ' +
        "securityContext.runAsNonRoot false, its pod true: set it to true for the pod and " +
        "leave it out of the container.",
    ],
  ]),
  ...mutate("mlplatform-kubernetes-require-seccomp", "deployment", [
    [
      "no profile",
      (p) => {
        delete p.spec.template.spec.securityContext.seccompProfile;
      },
      'Deployment "server", spec.template.spec.containers[0]: container "main" has ' +
        "securityContext.seccompProfile.type unset, its pod unset: set it to RuntimeDefault " +
        "for the pod and leave it out of the container.",
    ],
    [
      "one container unconfined",
      (p) => {
        p.spec.template.spec.containers[0].securityContext.seccompProfile = { type: "Unconfined" };
      },
      'Deployment "server", spec.template.spec.containers[0]: container "main" has ' +
        'securityContext.seccompProfile.type "Unconfined", its pod "RuntimeDefault": set it to ' +
        "RuntimeDefault for the pod and leave it out of the container.",
    ],
  ]),
  ...mutate("mlplatform-kubernetes-require-namespace-labels", "namespace", [
    [
      "not the platform's",
      (p) => {
        delete p.metadata.labels["app.kubernetes.io/part-of"];
      },
      'Namespace "team": label app.kubernetes.io/part-of is unset: set it to mlplatform.',
    ],
    [
      "no level",
      (p) => {
        delete p.metadata.labels["pod-security.kubernetes.io/enforce"];
      },
      'Namespace "team": label pod-security.kubernetes.io/enforce is unset: set it to ' +
        "restricted, or to baseline or privileged where a chart needs that.",
    ],
  ]),
  ...mutate("mlplatform-stack-require-protection", "account", [
    [
      "not protected",
      (_, subject) => {
        subject.protect = false;
      },
      '"core-audit" is not protected, and its deletion would delete its blobs: set ' +
        "protectData to true, or the option protect.",
    ],
  ]),
  ...mutate("mlplatform-stack-require-protection", "statefulSet", [
    [
      "not protected",
      (_, subject) => {
        subject.protect = false;
      },
      '"store" is not protected, and its deletion would delete its volumes: set protectData ' +
        "to true, or the option protect.",
    ],
  ]),
  ...mutateStack("mlplatform-kubernetes-require-protected-namespaces", [
    [
      "the namespace of a store left open",
      (stack) => change(stack, "lake-namespace", (_, subject) => (subject.protect = false)),
      'Namespace "lake-namespace" is not protected, but holds "store", which is: set the ' +
        "option protect.",
    ],
  ]),
  ...mutateStack("mlplatform-azure-require-budget", [
    [
      "no budget",
      (stack) => without(stack, "core-budget"),
      'Cluster "core-cluster" has no budget in its stack: add a consumption.Budget.',
    ],
    [
      "a budget that tells nobody",
      (stack) =>
        change(stack, "core-budget", (props) => (props.notifications.spent80.contactEmails = [])),
      'Budget "core-budget" warns nobody: add an enabled notification with contactEmails.',
    ],
    [
      "a budget that is silent",
      (stack) =>
        change(stack, "core-budget", (props) => (props.notifications.spent80.enabled = false)),
      'Budget "core-budget" warns nobody: add an enabled notification with contactEmails.',
    ],
  ]),
  ...mutate("mlplatform-github-disallow-cloud-credentials", "secret", [
    [
      "AZURE_CREDENTIALS",
      (p) => {
        p.secretName = "AZURE_CREDENTIALS";
      },
      'GitHub secret "churn-tenant" is named AZURE_CREDENTIALS, a credential that does not ' +
        "expire: sign in by OpenID Connect with a federated identity and delete it.",
    ],
    [
      "ARM_CLIENT_SECRET",
      (p) => {
        p.secretName = "ARM_CLIENT_SECRET";
      },
      'GitHub secret "churn-tenant" is named ARM_CLIENT_SECRET, a credential that does not ' +
        "expire: sign in by OpenID Connect with a federated identity and delete it.",
    ],
    [
      "AWS_SECRET_ACCESS_KEY",
      (p) => {
        p.secretName = "AWS_SECRET_ACCESS_KEY";
      },
      'GitHub secret "churn-tenant" is named AWS_SECRET_ACCESS_KEY, a credential that does ' +
        "not expire: sign in by OpenID Connect with a federated identity and delete it.",
    ],
    [
      "KUBE_CONFIG",
      (p) => {
        p.secretName = "KUBE_CONFIG";
      },
      'GitHub secret "churn-tenant" is named KUBE_CONFIG, a credential that does not expire: ' +
        "sign in by OpenID Connect with a federated identity and delete it.",
    ],
  ]),
  ...mutate("mlplatform-github-disallow-cloud-credentials", "environmentSecret", [
    [
      "STORAGE_ACCOUNT_KEY",
      (p) => {
        p.secretName = "STORAGE_ACCOUNT_KEY";
      },
      'GitHub secret "churn-client" is named STORAGE_ACCOUNT_KEY, a credential that does not ' +
        "expire: sign in by OpenID Connect with a federated identity and delete it.",
    ],
  ]),
];
