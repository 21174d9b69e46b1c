import { attempts, type Bypass } from "./bypass";

const note = (o: any, what: string, value: string) => {
  o.spec.predictor.annotations = { [`internal.serving.kserve.io/${what}`]: value };
};
const kserves = /internal\.serving\.kserve\.io\/… is KServe's own/;
const named = /a container is named "agent"/;

/** Predictions that nobody would have recorded. */
export const inferenceLogBypasses: Bypass[] = [
  ...attempts("the record of predictions", [
    [
      "inferenceService",
      "another sink in KServe's own note",
      (o) => note(o, "logger-sink-url", "http://127.0.0.1:1"),
      kserves,
    ],
    [
      "inferenceService",
      "requests alone in KServe's own note",
      (o) => note(o, "logger-mode", "request"),
      kserves,
    ],
    [
      "inferenceService",
      "no annotations in KServe's own note",
      (o) => note(o, "logger-metadata-annotations", "none"),
      kserves,
    ],
    [
      "custom",
      "a container in the logger's place",
      (o) => {
        const [own] = o.spec.predictor.containers;
        o.spec.predictor.containers.push({ ...own, name: "agent" });
      },
      named,
    ],
    [
      "custom",
      "an address that proves no namespace",
      (o) => (o.spec.predictor.logger.url = "http://inference-table.observability.svc"),
      /logger\.url is/,
    ],
  ]),
];
