import assert from "node:assert/strict";
import { imageFrom, imageParts } from "../../../components/kubernetes/imageName";

const digest = `sha256:${"0".repeat(64)}`;

describe("image registry", () => {
  const parts: [image: string, registry: string, repository: string, suffix: string][] = [
    ["busybox", "docker.io", "library/busybox", ""],
    ["busybox:1.37", "docker.io", "library/busybox", ":1.37"],
    ["kserve/agent:v0.20.0", "docker.io", "kserve/agent", ":v0.20.0"],
    ["docker.io/grafana/loki:3.7.6", "docker.io", "grafana/loki", ":3.7.6"],
    ["localhost/model:1", "localhost", "model", ":1"],
    ["localhost:5000/model", "localhost:5000", "model", ""],
    ["registry.example.com:5000/a/b:1", "registry.example.com:5000", "a/b", ":1"],
    [`gcr.io/knative-releases/cmd@${digest}`, "gcr.io", "knative-releases/cmd", `@${digest}`],
    [`quay.io/a/b:v1@${digest}`, "quay.io", "a/b", `:v1@${digest}`],
  ];
  for (const [image, registry, repository, suffix] of parts) {
    it(`takes ${image} apart`, () => {
      assert.deepEqual(imageParts(image), { registry, repository, suffix });
    });
  }

  const moves: [registry: string | undefined, image: string, expected: string][] = [
    [undefined, "kserve/agent:v0.20.0", "kserve/agent:v0.20.0"],
    ["acme.azurecr.io", "kserve/agent:v0.20.0", "acme.azurecr.io/kserve/agent:v0.20.0"],
    ["acme.azurecr.io/mirror", "ghcr.io/a/b:1", "acme.azurecr.io/mirror/a/b:1"],
    ["acme.azurecr.io", `quay.io/a/b:v1@${digest}`, `acme.azurecr.io/a/b:v1@${digest}`],
    ["acme.azurecr.io/mirror", "acme.azurecr.io/mirror/a:1", "acme.azurecr.io/mirror/a:1"],
    // Begins with the same letters, and is another host.
    ["acme.azurecr.io", "acme.azurecr.io.example.com/a:1", "acme.azurecr.io/a:1"],
  ];
  for (const [registry, image, expected] of moves) {
    it(`names ${image} ${expected} in ${registry ?? "no registry"}`, () => {
      assert.equal(imageFrom(registry, image), expected);
    });
  }
});
