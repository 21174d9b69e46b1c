/** Ports of pods that more than one part names. Policies of the network are about these. */
export const podPorts = {
  inferenceTable: 8080,
  mlflow: 5000,
  modelServer: 8080,
  rayClient: 10001,
  rayDashboard: 8265,
  rayGcs: 6379,
  rayMetrics: 8080,
} as const;
