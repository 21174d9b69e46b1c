import { z } from "zod";
import { type Finding, failure, good, notChecked } from "./finding";
import { type RunTool, answerAs } from "./toolRun";

/** An object of the cluster, as far as it is looked at here. */
const kubeObject = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
  spec: z.object({ replicas: z.number(), type: z.string() }).partial().optional(),
  status: z
    .object({
      conditions: z.array(
        z.object({ type: z.string(), status: z.string(), message: z.string().optional() }),
      ),
      readyReplicas: z.number(),
      phase: z.string(),
      notAfter: z.string(),
      loadBalancer: z.object({
        ingress: z.array(z.object({ ip: z.string(), hostname: z.string() }).partial()).optional(),
      }),
    })
    .partial()
    .optional(),
  webhooks: z
    .array(
      z.object({
        failurePolicy: z.string().optional(),
        clientConfig: z.object({
          service: z.object({ name: z.string(), namespace: z.string() }).optional(),
        }),
      }),
    )
    .optional(),
  subsets: z.array(z.object({ addresses: z.array(z.unknown()).optional() })).optional(),
});
type KubeObject = z.infer<typeof kubeObject>;
const objectList = z.object({ items: z.array(kubeObject) });
const versions = z.object({ serverVersion: z.object({ gitVersion: z.string() }) });

/** Days before its end that a certificate should have been renewed. */
const renewalDays = 7;
const dayMs = 86_400_000;
/** How many objects a finding names. */
const mostNamed = 5;

/** Looks at a running cluster by `kubectl`, with the rights of the kubeconfig. Changes nothing. */
export async function examineCluster(
  run: RunTool,
  context: string,
  now = new Date(),
): Promise<Finding[]> {
  const kubectl = (...args: string[]) =>
    run("kubectl", "--context", context, "--request-timeout=15s", ...args);
  const subject = `API server (${context})`;
  const version = await kubectl("version", "--output=json");
  if (version.isMissing) {
    const remedy = "Install kubectl, then run this again.";
    return [notChecked(subject, `kubectl ${version.error}`, remedy)];
  }
  const server = answerAs(versions, version)?.serverVersion.gitVersion;
  if (server === undefined) {
    const remedy =
      "Check `kubectl config get-contexts` and the API server's allowed address ranges; give " +
      "another one by --context. On AKS `az aks get-credentials` writes one.";
    return [failure(subject, version.error || "no answer", remedy)];
  }
  const list = async (kind: string): Promise<KubeObject[] | Finding> => {
    const answer = await kubectl("get", kind, "--all-namespaces", "--output=json");
    const items = answerAs(objectList, answer)?.items;
    const remedy = "Use an account that may list it.";
    return items ?? notChecked(kind, answer.error || "no answer that can be read", remedy);
  };
  const examined = await Promise.all([
    examineEach(list("nodes"), "Nodes", notReady, nodeRemedy),
    examineEach(list("deployments.apps"), "Deployments", notRolledOut, workloadRemedy),
    examineEach(list("statefulsets.apps"), "StatefulSets", notRolledOut, workloadRemedy),
    examineEach(list("persistentvolumeclaims"), "Volume claims", notBound, claimRemedy),
    examineEach(
      list("certificates.cert-manager.io"),
      "Certificates",
      (each) => certificateFault(each, now),
      "Look at `kubectl describe certificate` and cert-manager's log.",
    ),
    examineWebhooks(list),
  ]);
  return [good(subject, server), ...examined.flat()];
}

const nodeRemedy = "Look at `kubectl describe node`.";
const workloadRemedy = "Look at `kubectl get events` of the namespace and the pods' logs.";
const claimRemedy =
  "Look at `kubectl describe pvc`; `mlplatform:storageClass` must be a class of the cluster.";

/** One finding for all objects of a kind. `faultOf` says what is wrong with one. */
async function examineEach(
  listing: Promise<KubeObject[] | Finding>,
  subject: string,
  faultOf: (each: KubeObject) => string | undefined,
  remedy: string,
): Promise<Finding[]> {
  const objects = await listing;
  if (!Array.isArray(objects)) {
    return [{ ...objects, subject }];
  }
  const faults = objects.flatMap((each) => {
    const fault = faultOf(each);
    return fault === undefined ? [] : [`${fullName(each)} ${fault}`];
  });
  return [
    faults.length === 0
      ? good(subject, `${objects.length}, all as they should be`)
      : failure(subject, some(faults), remedy),
  ];
}

function notReady({ status }: KubeObject): string | undefined {
  const ready = conditionOf(status, "Ready");
  return ready?.status === "True" ? undefined : `isn't ready: ${ready?.message ?? "no condition"}`;
}

function notRolledOut({ spec, status }: KubeObject): string | undefined {
  const wanted = spec?.replicas ?? 1;
  const ready = status?.readyReplicas ?? 0;
  return ready < wanted ? `has ${ready} of ${wanted} replicas ready` : undefined;
}

function notBound({ status }: KubeObject): string | undefined {
  return status?.phase === "Bound" ? undefined : `is ${status?.phase ?? "unknown"}`;
}

function certificateFault({ status }: KubeObject, now: Date): string | undefined {
  const ready = conditionOf(status, "Ready");
  if (ready?.status !== "True") {
    return `isn't ready: ${ready?.message ?? "no condition"}`;
  }
  const days = (Date.parse(status?.notAfter ?? "") - now.getTime()) / dayMs;
  return days < renewalDays ? `ends on ${String(status?.notAfter)} and was not renewed` : undefined;
}

/** Webhooks that stop what they can't be asked about, where no pod answers for them. */
async function examineWebhooks(
  list: (kind: string) => Promise<KubeObject[] | Finding>,
): Promise<Finding[]> {
  const subject = "Webhooks";
  const lists = await Promise.all([
    list("validatingwebhookconfigurations"),
    list("mutatingwebhookconfigurations"),
    list("endpoints"),
  ]);
  const unlisted = lists.find((each) => !Array.isArray(each));
  if (unlisted !== undefined) {
    return [{ ...(unlisted as Finding), subject }];
  }
  const [validating, mutating, endpoints] = lists as KubeObject[][];
  const answering = new Set(
    endpoints!.filter((each) => hasAddress(each)).map((each) => fullName(each)),
  );
  const configurations = [...validating!, ...mutating!];
  const dead = configurations.flatMap(({ metadata, webhooks = [] }) =>
    webhooks
      .filter(({ failurePolicy }) => failurePolicy !== "Ignore")
      .flatMap(({ clientConfig: { service } }) =>
        service === undefined ? [] : [`${service.namespace}/${service.name}`],
      )
      .filter((service) => !answering.has(service))
      .map((service) => `${metadata.name} asks ${service}, where no pod is ready`),
  );
  return [
    dead.length === 0
      ? good(subject, `${configurations.length} configurations, all answered for`)
      : failure(
          subject,
          some([...new Set(dead)]),
          "Until its pods are ready, what it watches can't be made or changed.",
        ),
  ];
}

function hasAddress({ subsets = [] }: KubeObject): boolean {
  return subsets.some(({ addresses = [] }) => addresses.length > 0);
}

/** Address of the gateway that models are called at; undefined where it can't be told. */
export async function gatewayAddress(run: RunTool, context: string): Promise<string | undefined> {
  const selector = "--field-selector=metadata.name=istio-ingressgateway";
  const args = ["--context", context, "--request-timeout=15s", "get", "services", selector];
  const answer = await run("kubectl", ...args, "--all-namespaces", "--output=json");
  const services = answerAs(objectList, answer)?.items ?? [];
  const ingress = services
    .filter(({ spec }) => spec?.type === "LoadBalancer")
    .flatMap(({ status }) => status?.loadBalancer?.ingress ?? [])[0];
  return ingress?.ip ?? ingress?.hostname;
}

function conditionOf(status: KubeObject["status"], type: string) {
  return status?.conditions?.find((each) => each.type === type);
}

function fullName({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function some(faults: string[]): string {
  const more = faults.length - mostNamed;
  return faults.slice(0, mostNamed).join("; ") + (more > 0 ? `; and ${more} more` : "");
}
