/**
 * Names of container images anywhere in a value: under the keys that Kubernetes objects and charts
 * use for them, and inside texts (arguments, embedded JSON and YAML) wherever a name has a registry
 * and a version. Left out is what is never pulled: examples in definitions of custom resources and
 * under `_example`, runtimes of KServe that are switched off, and what policies ask about.
 */
export function findImages(value: unknown): string[] {
  const found = new Set<string>();
  visit(value, "", found);
  return [...found].sort();
}

const version = String.raw`(?::[\w][\w.-]*(?:@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})`;
const path = String.raw`[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*`;
const host = String.raw`(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?|localhost(?::\d+)?)`;

/** A whole name, with or without a registry; `<none>:` and templates do not match. */
const whole = new RegExp(`^(?:${host}\\/)?${path}${version}$`);
/** A name with registry and version in a longer text; an address of `http://` is none. */
const inText = new RegExp(`(?<![\\w./:@-])${host}\\/${path}${version}(?![\\w/])`, "g");
/** A name after a key of embedded JSON or YAML. */
const afterKey = /["']?\w*[iI]mage["']?\s*:\s*["']?([^\s"',}]+)/g;
/** The explainer in KServe's configuration. */
const besideItsTag = /"image"\s*:\s*"([\w./-]+)",\s*"defaultImageVersion"\s*:\s*"([\w][\w.-]*)"/g;

/** The proxy that istiod adds to pods; its templates name it by parts. */
function istioProxy(values: string): string {
  const { hub, tag, proxy } = JSON.parse(values).global;
  return `${hub}/${proxy.image}:${tag}`;
}

/** Kinds that name images without running them. */
const neverPulls: ReadonlySet<unknown> = new Set([
  "CustomResourceDefinition",
  "ValidatingAdmissionPolicy",
]);

function visit(value: unknown, key: string, found: Set<string>): void {
  if (typeof value === "string") {
    if (/(^i|I)mage(Name)?$/.test(key) && whole.test(value)) {
      found.add(value);
    }
    for (const [name] of value.matchAll(inText)) {
      found.add(name);
    }
    if (!/\s/.test(value.trim())) {
      return;
    }
    for (const [, name] of value.matchAll(afterKey)) {
      if (whole.test(name!)) {
        found.add(name!);
      }
    }
    for (const [, name, tag] of value.matchAll(besideItsTag)) {
      found.add(`${name}:${tag}`);
    }
  } else if (Array.isArray(value)) {
    for (const item of value) {
      visit(item, key, found);
    }
  } else if (typeof value === "object" && value !== null) {
    const { kind, metadata, spec, data } = value as Record<string, any>;
    if (neverPulls.has(kind) || spec?.disabled === true) {
      return;
    }
    if (kind === "ConfigMap" && metadata?.name === "istio-sidecar-injector") {
      found.add(istioProxy(data.values));
      return;
    }
    for (const [name, inner] of Object.entries(value)) {
      if (name !== "_example") {
        visit(inner, name, found);
      }
    }
  }
}
