import { type Attempt, attempts, type Bypass, headOf, offloaderOf, podOf } from "./bypass";

const digest = `sha256:${"0a".repeat(32)}`;
const moves = /which can change under the same name/;
const elsewhere = /which is of none of its registries/;
const noDigest = /which names no digest/;

const runs = (title: string, image: string, says: RegExp): Attempt => [
  "job",
  title,
  (o) => (podOf(o).containers[0].image = image),
  says,
];

/** Code that nobody looked at. */
export const imageBypasses: Bypass[] = attempts("images", [
  runs("no tag", "acme.azurecr.io/a", moves),
  runs("latest", "acme.azurecr.io/a:latest", moves),
  runs("latest and a number", "acme.azurecr.io/a:latest-123", moves),
  runs("latest and what looks like a commit", "acme.azurecr.io/a:latest-1234567", moves),
  runs("latest and a version", "acme.azurecr.io/a:latest-1.2", moves),
  runs("LATEST and a version", "acme.azurecr.io/a:1.2-LATEST", moves),
  runs("nightly by date", "acme.azurecr.io/a:nightly-2025-09-07", moves),
  runs("nightly by number", "acme.azurecr.io/a:nightly-20250907", moves),
  runs("a nightly version", "acme.azurecr.io/a:2.57.0.nightly", moves),
  runs("a snapshot", "acme.azurecr.io/a:1.2.0-SNAPSHOT", moves),
  runs("an edge", "acme.azurecr.io/a:edge-3f2c1ab", moves),
  runs("a canary", "acme.azurecr.io/a:canary.3.1", moves),
  runs("a major version", "acme.azurecr.io/a:3", moves),
  runs("a short digest", "acme.azurecr.io/a@sha256:0a0a", moves),
  runs("a version without a digest", "acme.azurecr.io/a:1.4.2", noDigest),
  runs("a commit without a digest", "acme.azurecr.io/a:main-3f2c1ab", noDigest),
  runs("Docker Hub, without its name", `python@${digest}`, elsewhere),
  runs("Docker Hub", `docker.io/acme/a@${digest}`, elsewhere),
  runs("another registry", `ghcr.io/acme/a@${digest}`, elsewhere),
  runs("a host that begins the same", `acme.azurecr.io.example.com/a@${digest}`, elsewhere),
  runs("a host that ends the same", `example-acme.azurecr.io/a@${digest}`, elsewhere),
  runs("the registry as a path", `example.com/acme.azurecr.io/a@${digest}`, elsewhere),
  runs("the registry at a port", `acme.azurecr.io:5000/a@${digest}`, elsewhere),
  runs("the registry in capitals", `ACME.azurecr.io/a@${digest}`, elsewhere),
  runs("a registry of Azure that is another's", `coreregistry.azurecr.io/a@${digest}`, elsewhere),
  [
    "inferenceService",
    "an image laid over the runtime's",
    (o) => (o.spec.predictor.model.image = `ghcr.io/acme/a@${digest}`),
    elsewhere,
  ],
  [
    "sklearn",
    "an image in predictor.sklearn",
    (o) => (o.spec.predictor.sklearn.image = "acme.azurecr.io/a:latest"),
    moves,
  ],
  [
    "rayJob",
    "an image of the autoscaler",
    (o) => (o.spec.rayClusterSpec.autoscalerOptions = { image: `ghcr.io/acme/a@${digest}` }),
    elsewhere,
  ],
  [
    "rayJob",
    "an image in a further init container",
    (o) => {
      const other = { ...structuredClone(offloaderOf(o)), name: "init", volumeMounts: [], env: [] };
      headOf(o).initContainers.push({ ...other, image: `quay.io/acme/a@${digest}` });
    },
    elsewhere,
  ],
  [
    "rayJob",
    "an image of the submitter",
    (o) => (o.spec.submitterPodTemplate.spec.containers[0].image = "acme.azurecr.io/a:1.2.3"),
    noDigest,
  ],
  [
    "cronJob",
    "an image of another registry",
    (o) => (podOf(o).containers[0].image = `ghcr.io/acme/a@${digest}`),
    elsewhere,
  ],
  [
    "replicaSet",
    "an image of another registry",
    (o) => (podOf(o).containers[0].image = `ghcr.io/acme/a@${digest}`),
    elsewhere,
  ],
]);
