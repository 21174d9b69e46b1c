import assert from "node:assert/strict";
import { findImages } from "../../charts/images/findImages";

const digest = `sha256:${"a".repeat(64)}`;

describe("images in an object", () => {
  const rows: [name: string, value: unknown, images: string[]][] = [
    ["a container", { containers: [{ image: "kserve/agent:v1" }] }, ["kserve/agent:v1"]],
    ["a digest", { image: `gcr.io/a/b@${digest}` }, [`gcr.io/a/b@${digest}`]],
    ["a tag and a digest", { image: `quay.io/a/b:v1@${digest}` }, [`quay.io/a/b:v1@${digest}`]],
    [
      "a custom resource",
      { imageName: "ghcr.io/pg/postgresql:17.6" },
      ["ghcr.io/pg/postgresql:17.6"],
    ],
    ["a key of a component", { modelServerImage: "a/b:1" }, ["a/b:1"]],
    ["an argument", { args: ["--reloader=quay.io/p/reloader:v1"] }, ["quay.io/p/reloader:v1"]],
    ["a port of a registry", { args: ["localhost:5000/a:1"] }, ["localhost:5000/a:1"]],
    ["embedded JSON", { data: { agent: '{ "image" : "kserve/agent:v1" }' } }, ["kserve/agent:v1"]],
    ["embedded YAML", { data: { c: "spec:\n  image: a/b:1\n" } }, ["a/b:1"]],
    ["the same one twice", [{ image: "a/b:1" }, { image: "a/b:1" }], ["a/b:1"]],
    ["a template", { data: { c: 'image: "{{ .Values.hub }}/x:{{ .tag }}"' } }, []],
    ["an address", { url: "http://loki.example.com/api:v1", image: "" }, []],
    ["a Service and its port", { url: "loki.observability.svc:3100" }, []],
    ["a pull policy", { imagePullPolicy: "Always", image: { repository: "a/b" } }, []],
    [
      "an image and its tag apart",
      { explainers: '{\n "image" : "kserve/art",\n "defaultImageVersion": "v1"\n}' },
      ["kserve/art:v1"],
    ],
    [
      "Istio's injector",
      {
        kind: "ConfigMap",
        metadata: { name: "istio-sidecar-injector" },
        data: {
          config: "image: busybox:1.28",
          values: '{"global":{"hub":"docker.io/istio","tag":"1.30.3","proxy":{"image":"proxyv2"}}}',
        },
      },
      ["docker.io/istio/proxyv2:1.30.3"],
    ],
    ["a runtime that is off", { spec: { disabled: true, containers: [{ image: "a/b:1" }] } }, []],
    ["an example in configuration", { data: { _example: "image: a/b:1" } }, []],
    [
      "an example in a definition",
      { kind: "CustomResourceDefinition", d: "e.g. gcr.io/a/b:1" },
      [],
    ],
  ];
  for (const [name, value, images] of rows) {
    it(`finds ${images.length === 0 ? "nothing in" : "the one of"} ${name}`, () => {
      assert.deepEqual(findImages(value), images);
    });
  }
});
