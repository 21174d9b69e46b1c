/** First folders of the lake's bucket: who may read or write what is told by them. */
export const lakeFolders = {
  /** `datasets/<project>/<name>/<version>/…` */
  datasets: "datasets/",
  /** `artifacts/<project>/…`, written through MLflow. */
  artifacts: "artifacts/",
  /** Ray's logs, by namespace, and what their keeper knows of them. */
  rayLogs: "raylogs/",
  /** Payloads of predictions, by namespace. */
  inferences: "inferences/",
} as const;
