import * as github from "@pulumi/github";
import * as k8s from "@pulumi/kubernetes";
import { AdmissionPolicies } from "./components/admissionPolicies/admissionPolicies";
import { AksPlatform } from "./components/aksPlatform/aksPlatform";
import { DataLake } from "./components/dataLake/dataLake";
import { MlflowStack } from "./components/mlflowStack/mlflowStack";
import { MlProject } from "./components/mlProject/mlProject";
import { ObservabilityStack } from "./components/observabilityStack/observabilityStack";
import { RayStack } from "./components/rayStack/rayStack";
import { ServingMesh } from "./components/servingMesh/servingMesh";
import { withoutGithubToken } from "./program/githubToken";
import { loadConfig } from "./program/loadConfig";
import { takingOverMembers } from "./program/userGroups";
import { whereabouts } from "./program/whereabouts";

const config = loadConfig();
const platform =
  config.aks && new AksPlatform("core", config.aks, takingOverMembers(config.projects));
const azure = platform?.azure;
const registries = platform?.registries;
const cluster = new k8s.Provider("cluster", {
  kubeconfig: platform?.kubeconfig ?? config.kubernetes?.kubeconfig,
  context: config.kubernetes?.context,
  clusterIdentifier: platform?.clusterId ?? config.kubernetes?.context,
});
// The token comes from GITHUB_TOKEN: in no file, in no state.
const hub =
  config.github &&
  new github.Provider("github", config.github, { transforms: [withoutGithubToken] });
const providers = { kubernetes: cluster, ...(hub && { github: hub }) };

const lake = new DataLake("lake", { ...config.dataLake, azure }, { providers }).connection;

const observability = new ObservabilityStack(
  "observability",
  { ...config.observability, lake },
  { providers },
);
// Its Prometheus operator brings the CRDs of the monitors that the others make.
const monitored = { providers, dependsOn: [observability] };

const ray = new RayStack("ray", config.ray, monitored);
const serving = new ServingMesh("serving", { ...config.serving, registries }, monitored);
const mlflow = new MlflowStack(
  "mlflow",
  { ...config.mlflow, lake, azure },
  // cert-manager, of the serving mesh, signs the certificates of the backup plugin.
  { providers, dependsOn: [observability, serving] },
);

const admission = new AdmissionPolicies("admission", config.admission(registries), { providers });

const projects = config.projects.map(
  ({ name, settings }) =>
    new MlProject(
      name,
      {
        ...settings,
        lake,
        azure,
        registry: platform?.projectRegistries[name],
        tracking: mlflow.connection,
        serving: serving.connection,
        clusterQueue: ray.clusterQueue,
        inferenceTable: observability.inferenceTable,
        ingestKey: observability.ingestKey,
      },
      // The first object of a project is held to the rules already.
      { providers, dependsOn: [admission] },
    ),
);

export const { clusterName, resourceGroupName, dnsRecord } = whereabouts(config, azure);
export const modelDomain = serving.connection.ingressHost;
export const trackingUri = mlflow.connection.uri;
export const inferenceTableUrl = observability.inferenceTable.url;
export const grafanaUrl = observability.grafanaUrl;
export const projectNamespaces = projects.map((project) => project.namespace);
