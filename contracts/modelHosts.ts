/**
 * Between a model and its project in a host name. A hyphen would make one host of `m-eu` in `churn`
 * and `m` in `eu-churn`; no project's name has two in a row, so that the last two end the model's.
 */
const separator = "--";

/** Host of a Knative Service, as Knative's `domain-template` has it. */
export const knativeHostTemplate = `{{.Name}}${separator}{{.Namespace}}.{{.Domain}}`;

/** Host of an InferenceService, as KServe's `domainTemplate` has it. */
export const kserveHostTemplate = `{{ .Name }}${separator}{{ .Namespace }}.{{ .IngressDomain }}`;

/** Host that a model of a project answers at. */
export function modelHost(model: string, project: string, domain: string): string {
  return `${model}${separator}${project}.${domain}`;
}

/** Names that the cluster itself gives to the Services of a namespace. */
const clusterSuffixes = ["svc.cluster.local", "svc"];

/** Ports that a Host header may name beside a host: Istio compares both as one text. */
const hostPorts = ["", ":80", ":443"];

/**
 * Every Host header of a project's models, as Istio's policies match them: a star, then what ends
 * the text. `<service>.<namespace>` is not among them: it would end like hosts of other projects in
 * a domain of that name.
 */
export function modelHostPatterns(project: string, domain: string): string[] {
  const suffixes = [
    `${separator}${project}.${domain}`,
    ...clusterSuffixes.map((suffix) => `.${project}.${suffix}`),
  ];
  return suffixes.flatMap((suffix) => hostPorts.map((port) => `*${suffix}${port}`));
}
