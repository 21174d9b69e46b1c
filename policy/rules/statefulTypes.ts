/** Types whose deletion deletes data, by Pulumi type token, with what is lost. */
export const statefulTypes: Readonly<Record<string, string>> = {
  "azure-native:containerregistry:Registry": "its images",
  "azure-native:containerservice:ManagedCluster": "every volume of the cluster",
  "azure-native:dbforpostgresql:Server": "its databases",
  "azure-native:keyvault:Vault": "its keys",
  "azure-native:operationalinsights:Workspace": "its logs",
  "azure-native:resources:ResourceGroup": "everything in it",
  "azure-native:storage:StorageAccount": "its blobs",
  "github:index/repository:Repository": "its code",
  "kubernetes:apps/v1:StatefulSet": "its volumes",
  "kubernetes:core/v1:PersistentVolumeClaim": "its volume",
  "kubernetes:postgresql.cnpg.io/v1:Cluster": "its databases",
};
