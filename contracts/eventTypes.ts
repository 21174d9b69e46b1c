/** Which half of a prediction a CloudEvent of KServe's logger holds. */
export enum EventType {
  Request = "org.kubeflow.serving.inference.request",
  Response = "org.kubeflow.serving.inference.response",
}
