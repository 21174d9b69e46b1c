import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { loadConfig } from "../../program/loadConfig";

const file = resolve(__dirname, "../../Pulumi.local.yaml");

/** What the program says of the local stack with other values, some of them encrypted. */
function complaint(changes: Record<string, string>, secretKeys: string[] = []): string {
  const { config } = parse(readFileSync(file, "utf8"));
  const texts = Object.entries(config as Record<string, unknown>).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  pulumi.runtime.setAllConfig({ ...Object.fromEntries(texts), ...changes }, secretKeys);
  try {
    loadConfig();
  } catch (error) {
    assert.ok(error instanceof pulumi.RunError, String(error));
    return error.message;
  } finally {
    pulumi.runtime.setAllConfig({});
  }
  return "";
}

describe("reading a stack's configuration", () => {
  before(() => {
    void pulumi.runtime.setMocks(
      {
        newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
        call: ({ inputs }) => inputs,
      },
      "mlplatform",
      "local",
    );
  });

  it("takes the local stack", () => {
    assert.equal(complaint({}), "");
  });

  it("names the file, each key, the value and the remedy", () => {
    assert.equal(
      complaint({ "mlplatform:domain": "ML", "mlplatform:admission": "block" }),
      "Pulumi.local.yaml has 2 problems:\n" +
        "  domain: must be a lower-case DNS name of at least two labels and at most 190 " +
        'characters, got "ML". Write e.g. ml.example.com.\n' +
        '  admission: must be one of deny, warn, got "block". Pick one.',
    );
  });

  it("shows no value of a key that is encrypted", () => {
    const text = complaint({ "mlplatform:domain": "s3cret" }, ["mlplatform:domain"]);
    assert.equal(
      text,
      "Pulumi.local.yaml has 1 problem:\n" +
        "  domain: must be a lower-case DNS name of at least two labels and at most 190 " +
        "characters, got a value that is not shown. `pulumi config get domain` shows it.",
    );
  });

  for (const text of ["[ray", "{", '{"cpuQuota": 8,}', "[1] and more"]) {
    it(`takes ${text} for a text, since it is no list and no map`, () => {
      assert.match(
        complaint({ "mlplatform:ray": text }),
        /ray: must be a map of keys, got .+ Write its keys below it, indented\./,
      );
    });
  }
});
