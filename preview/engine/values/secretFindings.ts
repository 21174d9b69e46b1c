import type { SecretFinding } from "../programRun";
import { isGithubSecret, isKubernetesSecret, isSecretKey } from "./secretNames";
import type { StateResource } from "../resources/state";
import { stackType } from "../resources/urns";
import { isPlaceholder } from "../program/stackConfig";
import { forEachText, isUnknown, pathText, type Wire, type WireObject } from "./wire";

/** Texts shorter than this appear everywhere by chance. */
const minimumTraceable = 6;

/**
 * Watches values on the wire, where secrets carry marks that neither the program's source nor a
 * policy can see. An unknown value has no text, so what an update would fill in is not traced.
 */
export class SecretWatch {
  private readonly findings: SecretFinding[] = [];
  private readonly secretTexts = new Set<string>();
  private readonly plainConfig = new Map<string, string>();
  private readonly shown: { urn: string; text: string; property: string; stack: boolean }[] = [];

  constructor(config: Record<string, string>, secretKeys: string[]) {
    for (const [key, value] of Object.entries(config)) {
      const parsed = parsedValue(value);
      if (secretKeys.includes(key)) {
        // Of an object only the encrypted leaves are secrets; what stands beside them is not.
        forEachText(parsed, (text) => {
          if (text === value || isPlaceholder(text)) {
            this.rememberText(text);
          }
        });
      } else {
        forEachText(parsed, (text, path) => {
          if (text.length >= minimumTraceable) {
            this.plainConfig.set(text, pathText([key, ...path]));
          }
        });
      }
    }
  }

  /** Looks at the inputs of a registered resource and remembers every secret in it. */
  observe(resource: StateResource): void {
    // The SDK marks every GitHub secret's value, also a public id; a true secret is known already
    // from where it was made.
    if (!isGithubSecret(resource.type, ["value"])) {
      this.remember(resource.inputs);
      this.remember(resource.outputs);
    }
    if (!resource.custom) {
      return;
    }
    const secretBag = isKubernetesSecret(resource);
    forEachText(resource.inputs, (text, path, hiding) => {
      if (text === "" || isUnknown(text)) {
        return;
      }
      const property = pathText(path);
      const hidden = hiding !== "shown";
      const inBag = secretBag && (path[0] === "data" || path[0] === "stringData");
      if (isGithubSecret(resource.type, path)) {
        this.checkGithubSecret(resource, property, text, hidden);
      } else if (inBag && !hidden) {
        this.checkSecret(resource, property, text, hidden);
      } else if (this.looksSecret(resource.inputs, path) && !isReference(text)) {
        this.checkSecret(resource, property, text, hidden);
      }
    });
  }

  /** Looks at the outputs of a component or of the stack. */
  observeOutputs(resource: StateResource): void {
    this.remember(resource.outputs);
    forEachText(resource.outputs, (text, path, hiding) => {
      if (hiding !== "shown" || isUnknown(text)) {
        return;
      }
      this.shown.push({
        urn: resource.urn,
        text,
        property: pathText(path),
        stack: resource.type === stackType,
      });
    });
  }

  /**
   * Remembers the secrets in a value, so that they are known where they turn up unmarked. The SDK
   * marks a whole property for one secret in it; there only secret-looking keys count.
   */
  remember(value: WireObject): void {
    forEachText(value, (text, path, hiding) => {
      const isOwn = hiding === "marked" || (hiding === "inside" && this.looksSecret(value, path));
      if (isOwn && !isUnknown(text)) {
        this.rememberText(text);
      }
    });
  }

  /** All findings; call it when the program has ended, because a secret may be seen late. */
  finish(): SecretFinding[] {
    const leaks = this.shown
      .filter(({ text }) => [...this.secretTexts].some((known) => text.includes(known)))
      .map(({ urn, property, stack }): SecretFinding => {
        const what = stack ? `stack output "${property}"` : `output "${property}"`;
        return {
          kind: "secretInPlainOutput",
          urn,
          property,
          message: `${what} shows a secret value. Wrap it in pulumi.secret, or do not export it.`,
        };
      });
    return [...this.findings, ...leaks];
  }

  private rememberText(text: string): void {
    if (text.length >= minimumTraceable) {
      this.secretTexts.add(text);
    }
  }

  /** By the key itself, or as the value beside a telling name: `{name: DB_PASSWORD, value: …}`. */
  private looksSecret(inputs: WireObject, path: string[]): boolean {
    const key = path.findLast((part) => !part.startsWith("["));
    if (key === undefined) {
      return false;
    }
    if (key !== "value") {
      return isSecretKey(key);
    }
    let container: Wire | undefined = inputs;
    for (const part of path.slice(0, -1)) {
      container = step(container, part);
    }
    const name = step(container, "name");
    return typeof name === "string" && isSecretKey(name);
  }

  private checkSecret(
    resource: StateResource,
    property: string,
    text: string,
    hidden: boolean,
  ): void {
    const source = this.plainConfig.get(text);
    if (hidden && source === undefined) {
      return;
    }
    const remedy =
      source === undefined
        ? "Pass a pulumi.secret, or refer to a Secret."
        : `It is plain text in config key ${source}: set that with pulumi config set --secret.`;
    this.findings.push({
      kind: "plainSecret",
      urn: resource.urn,
      property,
      message: `"${property}" of ${resource.type} "${resource.name}" is a plain value. ${remedy}`,
    });
  }

  /** The SDK marks every GitHub secret, so the mark alone does not tell where it came from. */
  private checkGithubSecret(
    resource: StateResource,
    property: string,
    text: string,
    hidden: boolean,
  ): void {
    const source = this.plainConfig.get(text);
    if (hidden && source === undefined) {
      return;
    }
    const from = source === undefined ? "a plain value" : `plain config key ${source}`;
    this.findings.push({
      kind: "githubSecretFromPlainConfig",
      urn: resource.urn,
      property,
      message:
        `"${property}" of ${resource.type} "${resource.name}" comes from ${from}. ` +
        `Set it with pulumi config set --secret.`,
    });
  }
}

function step(container: Wire | undefined, part: string): Wire | undefined {
  if (Array.isArray(container)) {
    return container[Number(part.slice(1, -1))];
  }
  if (typeof container !== "object" || container === null) {
    return undefined;
  }
  // A mark above the value has no part in the path.
  return container[part] ?? step(container.value, part);
}

/** `$(PASSWORD)` and `${PASSWORD}` name a value; they are none. */
function isReference(text: string): boolean {
  return /^\$[({].+[)}]$/.test(text) || /^\{\{.+\}\}$/.test(text);
}

function parsedValue(value: string): Wire {
  if (!/^[[{]/.test(value)) {
    return value;
  }
  try {
    return JSON.parse(value) as Wire;
  } catch {
    // Config values are text; one that only looks like JSON is taken as written.
    return value;
  }
}
