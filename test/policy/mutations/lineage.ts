import { compliant } from "../compliant";
import { mutate, type Mutation } from "../mutations";

/** What the policies of this area refuse. */
export const lineageMutations: Mutation[] = [
  ...mutate("mlplatform-serving-require-lineage", "inferenceService", [
    [
      "no model-name",
      (p) => {
        delete p.metadata.annotations["mlplatform.dev/model-name"];
      },
      'InferenceService "churn": annotation mlplatform.dev/model-name is unset: set it to a name.',
    ],
    [
      "no model-version",
      (p) => {
        delete p.metadata.annotations["mlplatform.dev/model-version"];
      },
      'InferenceService "churn": annotation mlplatform.dev/model-version is unset: set it to ' +
        "a whole number in quotes.",
    ],
    [
      "no run-id",
      (p) => {
        delete p.metadata.annotations["mlplatform.dev/run-id"];
      },
      'InferenceService "churn": annotation mlplatform.dev/run-id is unset: set it to 32 hex ' +
        "digits.",
    ],
    [
      "no dataset-name",
      (p) => {
        delete p.metadata.annotations["mlplatform.dev/dataset-name"];
      },
      'InferenceService "churn": annotation mlplatform.dev/dataset-name is unset: set it ' +
        "to project/name, such as churn/customers.",
    ],
    [
      "a dataset without its project",
      (p) => {
        p.metadata.annotations["mlplatform.dev/dataset-name"] = "customers";
      },
      'InferenceService "churn": annotation mlplatform.dev/dataset-name is "customers": set it ' +
        "to project/name, such as churn/customers.",
    ],
    [
      "no dataset-version",
      (p) => {
        delete p.metadata.annotations["mlplatform.dev/dataset-version"];
      },
      'InferenceService "churn": annotation mlplatform.dev/dataset-version is unset: set it ' +
        "to a version.",
    ],
    [
      "no dataset-digest",
      (p) => {
        delete p.metadata.annotations["mlplatform.dev/dataset-digest"];
      },
      'InferenceService "churn": annotation mlplatform.dev/dataset-digest is unset: set it ' +
        "to 8 to 64 hex digits.",
    ],
    [
      "a version without quotes",
      (p) => {
        p.metadata.annotations["mlplatform.dev/model-version"] = 7;
      },
      'InferenceService "churn": annotation mlplatform.dev/model-version is 7: set it to a ' +
        "whole number in quotes.",
    ],
    [
      "a stage for a version",
      (p) => {
        p.metadata.annotations["mlplatform.dev/model-version"] = "latest";
      },
      'InferenceService "churn": annotation mlplatform.dev/model-version is "latest": set it ' +
        "to a whole number in quotes.",
    ],
    [
      "a short run id",
      (p) => {
        p.metadata.annotations["mlplatform.dev/run-id"] = "abc123";
      },
      'InferenceService "churn": annotation mlplatform.dev/run-id is "abc123": set it to 32 ' +
        "hex digits.",
    ],
    [
      "a digest that is none",
      (p) => {
        p.metadata.annotations["mlplatform.dev/dataset-digest"] = "n/a";
      },
      'InferenceService "churn": annotation mlplatform.dev/dataset-digest is "n/a": set it ' +
        "to 8 to 64 hex digits.",
    ],
    [
      "an empty name",
      (p) => {
        p.metadata.annotations["mlplatform.dev/model-name"] = "";
      },
      'InferenceService "churn": annotation mlplatform.dev/model-name is "": set it to a name.',
    ],
  ]),
  ...mutate("mlplatform-serving-require-inference-log", "inferenceService", [
    [
      "no logger",
      (p) => {
        delete p.spec.predictor.logger;
      },
      'InferenceService "churn": spec.predictor.logger.mode is unset: set it to all.',
      'InferenceService "churn": spec.predictor.logger.url is unset: set it to ' +
        "the url of the ConfigMap inference-table in the namespace.",
      'InferenceService "churn": spec.predictor.logger.metadataAnnotations does not list ' +
        "mlplatform.dev/model-name: add it.",
      'InferenceService "churn": spec.predictor.logger.metadataAnnotations does not list ' +
        "mlplatform.dev/model-version: add it.",
      'InferenceService "churn": spec.predictor.logger.metadataAnnotations does not list ' +
        "mlplatform.dev/run-id: add it.",
      'InferenceService "churn": spec.predictor.logger.metadataAnnotations does not list ' +
        "mlplatform.dev/dataset-name: add it.",
      'InferenceService "churn": spec.predictor.logger.metadataAnnotations does not list ' +
        "mlplatform.dev/dataset-version: add it.",
      'InferenceService "churn": spec.predictor.logger.metadataAnnotations does not list ' +
        "mlplatform.dev/dataset-digest: add it.",
    ],
    [
      "requests only",
      (p) => {
        p.spec.predictor.logger.mode = "request";
      },
      'InferenceService "churn": spec.predictor.logger.mode is "request": set it to all.',
    ],
    [
      "another sink",
      (p) => {
        p.spec.predictor.logger.url = "http://default-broker";
      },
      'InferenceService "churn": spec.predictor.logger.url is "http://default-broker": set ' +
        "it to the url of the ConfigMap inference-table in the namespace.",
    ],
    [
      "an address that proves nothing",
      (p) => {
        p.spec.predictor.logger.url = "http://inference-table.observability.svc.cluster.local";
      },
      'InferenceService "churn": spec.predictor.logger.url is ' +
        '"http://inference-table.observability.svc.cluster.local": set it to the url of the ' +
        "ConfigMap inference-table in the namespace.",
    ],
    [
      "another sink, said behind the logger's back",
      (p) => {
        p.spec.predictor.annotations = {
          "internal.serving.kserve.io/logger-sink-url": "http://127.0.0.1:1",
        };
      },
      'InferenceService "churn", spec.predictor.annotations: an annotation ' +
        "internal.serving.kserve.io/… is KServe's own: remove it.",
    ],
    [
      "a container in the logger's place",
      (p) => {
        const { securityContext, containers } = compliant.pod().props.spec;
        p.spec.predictor.containers = containers.map((container: any) => ({
          ...container,
          name: "agent",
          securityContext: { ...securityContext, ...container.securityContext },
        }));
      },
      'InferenceService "churn", spec.predictor.containers[0]: a container is named "agent", ' +
        "as KServe's logger is: give it another name.",
    ],
    [
      "an annotation that is not copied",
      (p) => {
        p.spec.predictor.logger.metadataAnnotations.splice(2, 1);
      },
      'InferenceService "churn": spec.predictor.logger.metadataAnnotations does not list ' +
        "mlplatform.dev/run-id: add it.",
    ],
  ]),
  ...mutate("mlplatform-ray-require-lineage", "rayJob", [
    [
      "no project",
      (p) => {
        delete p.metadata.labels["mlplatform.dev/project"];
      },
      'RayJob "train": label mlplatform.dev/project is unset: set it to the namespace.',
    ],
    [
      "no git-commit",
      (p) => {
        delete p.metadata.labels["mlplatform.dev/git-commit"];
      },
      'RayJob "train": label mlplatform.dev/git-commit is unset: set it to 7 to 40 hex digits.',
    ],
    [
      "no dataset-name",
      (p) => {
        delete p.metadata.annotations["mlplatform.dev/dataset-name"];
      },
      'RayJob "train": annotation mlplatform.dev/dataset-name is unset: set it ' +
        "to project/name, such as churn/customers.",
    ],
    [
      "the dataset's name as a label, which can't hold it whole",
      (p) => {
        delete p.metadata.annotations["mlplatform.dev/dataset-name"];
        p.metadata.labels["mlplatform.dev/dataset-name"] = "customers";
      },
      'RayJob "train": annotation mlplatform.dev/dataset-name is unset: set it ' +
        "to project/name, such as churn/customers.",
    ],
    [
      "a dataset without its project",
      (p) => {
        p.metadata.annotations["mlplatform.dev/dataset-name"] = "customers";
      },
      'RayJob "train": annotation mlplatform.dev/dataset-name is "customers": set it ' +
        "to project/name, such as churn/customers.",
    ],
    [
      "no dataset-version",
      (p) => {
        delete p.metadata.annotations["mlplatform.dev/dataset-version"];
      },
      'RayJob "train": annotation mlplatform.dev/dataset-version is unset: set it to a version.',
    ],
    [
      "a branch for a commit",
      (p) => {
        p.metadata.labels["mlplatform.dev/git-commit"] = "main";
      },
      'RayJob "train": label mlplatform.dev/git-commit is "main": set it to 7 to 40 hex digits.',
    ],
  ]),
  ...mutate("mlplatform-azure-require-ownership-tags", "account", [
    [
      "no tags",
      (p) => {
        delete p.tags;
      },
      '"core-audit" lacks the tags owner, project, environment, costCenter: add them to its tags.',
    ],
    [
      "no owner",
      (p) => {
        delete p.tags.owner;
      },
      '"core-audit" lacks the tags owner: add them to its tags.',
    ],
    [
      "an empty cost centre",
      (p) => {
        p.tags.costCenter = "";
      },
      '"core-audit" lacks the tags costCenter: add them to its tags.',
    ],
  ]),
];
