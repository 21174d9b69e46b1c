import { chartSourceProblems } from "./charts";
import { schema, type StackConfig } from "./schema";
import { hidden, schemaProblems } from "./schemaProblems";
import { modelDomain, tagsOf } from "./settings";
import { charts } from "./versions";
import { normalizeProjectAccess } from "../components/access/normalize";
import { groupProblems, oidcProblems } from "../components/access/problems";
import { aksPlatformProblems } from "../components/aksPlatform/problems";
import { domainName, filledText, objectName } from "../components/argumentFormats";
import {
  type ArgumentProblem,
  problem,
  type TextFormat,
  textProblems,
} from "../components/argumentProblems";
import { normalizeDataLake } from "../components/dataLake/normalize";
import { dataLakeProblems } from "../components/dataLake/problems";
import { grantingLakeProblems } from "../components/lakeAccess/problems";
import { MlflowDatabase } from "../components/mlflowStack/args";
import { normalizeMlflowStack } from "../components/mlflowStack/normalize";
import { mlflowStackProblems } from "../components/mlflowStack/problems";
import { normalizeMlProject } from "../components/mlProject/normalize";
import { mlProjectProblems } from "../components/mlProject/problems";
import { observabilityStackProblems } from "../components/observabilityStack/problems";
import { normalizeRayStack } from "../components/rayStack/normalize";
import { rayStackProblems } from "../components/rayStack/problems";
import { servingMeshProblems } from "../components/servingMesh/problems";

/** One thing wrong with the configuration. */
export interface ConfigProblem {
  /** Path of the key, e.g. `aks.gpuPool.maxCount`. */
  key: string;
  /** What is wrong, the value seen, and the remedy. */
  problem: string;
}

/** Begins what a preview says of faults for which an update would refuse. */
export const updateRefuses = "An update refuses";

/** The keys of a configuration whose types are right; another key's fault hides nothing of them. */
type WellTyped = Partial<StackConfig>;

/** Checks settings by key without their namespace. Returns every problem, or the configuration. */
export function checkConfig(
  settings: Record<string, unknown>,
): { problems: ConfigProblem[] } | { config: StackConfig } {
  const parsed = schema.safeParse(settings, { reportInput: true });
  const wellTyped = parsed.success ? parsed.data : wellTypedKeys(settings);
  const found = [
    ...(parsed.success ? [] : schemaProblems(parsed.error.issues, settings)),
    ...acrossKeys(wellTyped, (key) => settings[key] !== undefined),
    ...ownKeys(wellTyped),
    ...components(wellTyped, settings.aks !== undefined),
  ];
  if (parsed.success && found.length === 0) {
    return { config: parsed.data };
  }
  const order = Object.keys(schema.shape);
  const place = ({ key }: ConfigProblem) => order.indexOf(/^\w*/.exec(key)![0]);
  const problems = found.map(({ propertyPath, reason }) => ({
    key: propertyPath,
    problem: reason,
  }));
  return { problems: problems.sort((a, b) => place(a) - place(b)) };
}

function wellTypedKeys(settings: Record<string, unknown>): WellTyped {
  return Object.fromEntries(
    Object.entries(schema.shape).flatMap(([key, type]) => {
      const { success, data } = type.safeParse(settings[key]);
      return success ? [[key, data]] : [];
    }),
  );
}

/** A component's problems, by the configuration's key instead of the argument's path. */
function at(key: string, problems: ArgumentProblem[]): ArgumentProblem[] {
  return problems.map(({ propertyPath, reason }) => ({
    propertyPath: `${key}.${propertyPath}`,
    reason,
  }));
}

/**
 * What every component says of its arguments. Connections, images and charts are not checked here:
 * the program has them from other components and from versions.ts.
 */
function components(config: WellTyped, hasAzure: boolean): ArgumentProblem[] {
  const { access, aks, dataLake, mlflow, ray, serving, observability, projects = [] } = config;
  // What is missing here is reported as the stack's own key.
  const { owner = "owner", environment = "environment", costCenter = "costCenter" } = config;
  const tags = tagsOf({ owner, environment, costCenter });
  // That a kind needs Azure is said by acrossKeys, which knows the key that would bring it.
  const azure = true;
  return [
    ...(aks
      ? // Whether the administrators are there is said below, by the key that names them.
        at("aks", aksPlatformProblems("core", { ...aks, adminGroupObjectIds: [someGroup], tags }))
      : []),
    ...(access ? accessProblems(access, hasAzure) : []),
    ...(dataLake
      ? at("dataLake", [
          ...dataLakeProblems("lake", { ...dataLake, azure, seaweedfsChart: charts.seaweedfs }),
          // Every consumer of the program gets a key of its own.
          ...grantingLakeProblems(normalizeDataLake(dataLake), "kind"),
        ])
      : []),
    ...(mlflow ? at("mlflow", mlflowStackProblems("mlflow", { ...mlflow, azure })) : []),
    ...(ray ? at("ray", rayStackProblems("ray", ray)) : []),
    ...(serving
      ? // The domain is a key of the stack.
        at(
          "serving",
          servingMeshProblems("serving", {
            ...serving,
            domain: modelDomain("example.com"),
            // What is wrong with it is said under its own key.
            oidc: access && !access.oidc ? undefined : someIssuer,
          }),
        )
      : []),
    ...(observability
      ? at("observability", observabilityStackProblems("observability", observability))
      : []),
    ...projects.flatMap(({ name, ...project }, index) =>
      at(
        `projects[${index}]`,
        mlProjectProblems(name, {
          ...project,
          costCenter: project.costCenter ?? costCenter,
          azure: hasAzure || undefined,
        }),
      ),
    ),
  ];
}

/** A group that no check objects to. */
const someGroup = "00000000-0000-0000-0000-000000000000";

/** An issuer that no check objects to. */
const someIssuer = {
  issuer: "https://issuer.example.com",
  jwksUri: "https://issuer.example.com/keys",
  audiences: ["models"],
};

/** The part of the table that is the platform's own; a project's is with the project. */
function accessProblems(
  { administrators = [], oidc }: StackConfig["access"],
  hasAzure: boolean,
): ArgumentProblem[] {
  const path = "access.administrators";
  const remedy = "Name a Microsoft Entra group: local accounts are off, so nobody else gets in.";
  return [
    ...(hasAzure && administrators.length === 0
      ? [problem(path, "must name at least one group with aks", administrators, remedy)]
      : groupProblems(path, administrators, hasAzure)),
    ...(oidc ? oidcProblems("access.oidc", oidc) : []),
  ];
}

const tagValue: TextFormat = {
  pattern: /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
  rule: "must be 1-63 letters, digits, '.', '_' or '-', with a letter or digit first and last",
  remedy: "Write e.g. ml-platform: it becomes a tag of every resource.",
};

const githubOwner: TextFormat = {
  pattern: /^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}$/,
  rule: "must be an organization or user of GitHub",
  remedy: "Use up to 39 letters, digits and single hyphens inside.",
};

const runnerLabel: TextFormat = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
  rule: "must be the label of a runner",
  remedy: "Write the label of a runner of your own whose address aks.authorizedIpRanges names.",
};

const url: TextFormat = {
  pattern: /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/,
  rule: "must be a URL without a user",
  remedy: "Write it as https://github.example.com/.",
};

const registry: TextFormat = {
  pattern: /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/,
  rule: "must be a registry, with a path if images live under one",
  remedy: "Write e.g. acme.azurecr.io/mirror.",
};

const image: TextFormat = {
  pattern: /^[^\s@]+(:[\w.-]+|@sha256:[0-9a-f]{64})$/,
  rule: "must be an image by digest or exact tag",
  remedy: "Write name@sha256:… or name:1.2.3.",
};

/** Keys that no component takes as they are. */
function ownKeys(config: WellTyped): ArgumentProblem[] {
  const { registry: from, prefix, preloaded, ...replaced } = config.images ?? {};
  return [
    ...textProblems("environment", config.environment, tagValue),
    ...textProblems("owner", config.owner, tagValue),
    ...textProblems("costCenter", config.costCenter, tagValue),
    ...domainProblems(config.domain),
    ...textProblems("storageClass", config.storageClass, objectName),
    ...textProblems("kubernetes.context", config.kubernetes?.context, filledText),
    ...kubeconfigProblems(config.kubernetes?.kubeconfig),
    ...textProblems("github.owner", config.github?.owner, githubOwner),
    ...textProblems("github.baseUrl", config.github?.baseUrl, url),
    ...textProblems("github.runner", config.github?.runner, runnerLabel),
    ...at("charts", chartSourceProblems(config.charts ?? {})),
    ...policyProblems(config.policies),
    ...textProblems("images.registry", from, registry),
    ...textProblems("images.prefix", prefix, registry),
    ...(preloaded && prefix !== undefined
      ? [
          problem(
            "images.prefix",
            "must be absent with images.preloaded",
            prefix,
            "Remove it where the nodes have the images, or preloaded where they pull them.",
          ),
        ]
      : []),
    ...Object.entries(replaced).flatMap(([name, value]) =>
      textProblems(`images.${name}`, value, image),
    ),
  ];
}

/** What projects are held to besides. */
function policyProblems(policies: WellTyped["policies"]): ArgumentProblem[] {
  const { registries = [], priorityClasses = [] } = policies ?? {};
  return [
    ...registries.flatMap((name, i) => textProblems(`policies.registries[${i}]`, name, registry)),
    ...priorityClasses.flatMap((name, i) => [
      ...textProblems(`policies.priorityClasses[${i}]`, name, objectName),
      ...(name.startsWith("system-")
        ? [
            problem(
              `policies.priorityClasses[${i}]`,
              "must not be one of the cluster's own",
              name,
              "Make a PriorityClass for the projects.",
            ),
          ]
        : []),
    ]),
  ];
}

/** Domains of the cluster's own Services, which a model's host would be taken for. */
const clusterDomain: TextFormat = {
  pattern: /^(?!(.*\.)?(svc|cluster\.local)$)/,
  rule: "must not be one of the cluster's own",
  remedy: "Write a name in a domain that you own.",
};

/** The domain, also with what the program puts before it for the models. */
function domainProblems(domain: string | undefined): ArgumentProblem[] {
  const problems = [
    ...textProblems("domain", domain, domainName),
    ...textProblems("domain", domain, clusterDomain),
  ];
  return domain === undefined || problems.length > 0
    ? problems
    : textProblems("domain", modelDomain(domain), domainName);
}

/** A kubeconfig itself would put its tokens into the state, so only its path is taken. */
function kubeconfigProblems(kubeconfig: string | undefined): ArgumentProblem[] {
  if (kubeconfig === undefined || /^[^\n{]+$/.test(kubeconfig)) {
    return [];
  }
  const reason = `must be the path of a file, got ${hidden}. Write the kubeconfig to a file.`;
  return [{ propertyPath: "kubernetes.kubeconfig", reason }];
}

/** Whether a key is set at all, well or not: of a wrong one another check says so. */
type IsSet = (key: keyof StackConfig) => boolean;

/** Rules that join several keys. */
function acrossKeys(config: WellTyped, isSet: IsSet): ArgumentProblem[] {
  const { aks, kubernetes, mlflow, ray } = config;
  const problems: ArgumentProblem[] = [];
  if (aks && kubernetes) {
    const remedy = "Keep aks to create a cluster, or kubernetes to use one.";
    problems.push(problem("kubernetes", "must be absent with aks", kubernetes.context, remedy));
  }
  if (!isSet("aks") && !isSet("kubernetes")) {
    const remedy = "Set aks to create a cluster, or kubernetes to use one.";
    problems.push(problem("aks", "must be set where kubernetes is not", aks, remedy));
  }
  const database = mlflow && normalizeMlflowStack(mlflow).database;
  if (!isSet("aks") && database === MlflowDatabase.AzureFlexibleServer) {
    const remedy = "Choose cloudNativePg, or set aks.";
    problems.push(
      problem("mlflow.database", "must be cloudNativePg without aks", database, remedy),
    );
  }
  const gpuQuota = ray ? normalizeRayStack(ray).gpuQuota : 0;
  if (aks && gpuQuota > 0 && !aks.gpuPool) {
    const rule = "must be 0 without aks.gpuPool";
    problems.push(problem("ray.gpuQuota", rule, gpuQuota, "Add the pool, or set 0."));
  }
  return [...problems, ...projectsAcrossKeys(config, isSet)];
}

function projectsAcrossKeys(
  { access, projects = [], ray }: WellTyped,
  isSet: IsSet,
): ArgumentProblem[] {
  const isRight = ray !== undefined && rayStackProblems("ray", ray).length === 0;
  const quotas = isRight ? normalizeRayStack(ray) : undefined;
  const names = projects.map(({ name }) => name);
  return projects.flatMap((project, index) => {
    const path = `projects[${index}]`;
    const problems: ArgumentProblem[] = [];
    if (names.indexOf(project.name) < index) {
      const remedy = "Choose another.";
      problems.push(
        problem(`${path}.name`, "must differ from every other project's", project.name, remedy),
      );
    }
    if (project.github && !isSet("github")) {
      const rule = "must be absent without github.owner";
      problems.push(
        problem(
          `${path}.github`,
          rule,
          project.github.repository,
          "Set github.owner, or remove this.",
        ),
      );
    }
    const callers = normalizeProjectAccess(project.access).callers;
    if (access && !access.oidc && callers.length > 0) {
      const rule = "must be absent without access.oidc";
      const remedy = "Set access.oidc: without tokens, nobody is told from anybody.";
      problems.push(problem(`${path}.access.callers`, rule, callers, remedy));
    }
    const wanted = normalizeMlProject({ ...project, costCenter: project.costCenter ?? "" });
    for (const quota of ["cpuQuota", "memoryQuotaGiB", "gpuQuota"] as const) {
      if (quotas && wanted[quota] > quotas[quota]) {
        const rule = `must be at most ray.${quota} (${quotas[quota]})`;
        const remedy = `Lower it, or raise ray.${quota}.`;
        problems.push(problem(`${path}.${quota}`, rule, wanted[quota], remedy));
      }
    }
    return problems;
  });
}
