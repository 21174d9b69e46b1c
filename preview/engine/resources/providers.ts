import { typeOf } from "./urns";
import { unknownValue } from "../values/wire";

const providerPrefix = "pulumi:providers:";

/** True for the type token of a provider resource. */
export function isProviderType(type: string): boolean {
  return type.startsWith(providerPrefix);
}

/** The package that a type or function token belongs to: `azure-native` of `azure-native:a:B`. */
export function packageOf(token: string): string {
  return isProviderType(token) ? token.slice(providerPrefix.length) : (token.split(":")[0] ?? "");
}

/** A package at a version, as a default provider is made for. */
export interface ProviderRequest {
  package: string;
  /** Semantic version; empty where the SDK states none. */
  version: string;
  pluginDownloadUrl: string;
}

/** A package of a parameterized provider, which the program registered. */
export type PackageReferences = Map<string, ProviderRequest>;

/**
 * The logical name of a default provider: `default_4_21_2`. Source: `ProviderRequest.DefaultName`
 * of Pulumi's engine.
 */
export function defaultProviderName(request: ProviderRequest): string {
  const version = /^v?(\d+)\.(\d+)\.(\d+)(?:-([^+]+))?(?:\+(.+))?$/.exec(request.version);
  const parts = ["default"];
  if (version !== null) {
    parts.push(...version.slice(1, 4).filter((part) => part !== undefined));
    for (const extra of version.slice(4)) {
      if (extra !== undefined) {
        parts.push(...extra.split("."));
      }
    }
  }
  if (request.pluginDownloadUrl !== "") {
    parts.push(request.pluginDownloadUrl.replaceAll(/[^A-Za-z0-9_.]/g, "_"));
  }
  return parts.join("_");
}

/** `urn::id`, with the unknown mark for the id of a provider that a preview would make. */
export function providerReference(urn: string, id: string): string {
  return `${urn}::${id === "" ? unknownValue : id}`;
}

/** The URN in a provider reference. */
export function providerUrn(reference: string): string {
  return reference.slice(0, Math.max(0, reference.lastIndexOf("::")));
}

/**
 * Which provider a resource or function uses: the one it names, the one its parents were given for
 * its package, or the default provider of its package, made when first needed.
 */
export class Providers {
  private readonly known = new Set<string>();
  private readonly ofComponents = new Map<string, Map<string, string>>();
  private readonly defaults = new Map<string, Promise<string>>();
  private readonly disabled: ReadonlySet<string>;

  constructor(
    config: Record<string, string>,
    private readonly makeDefault: (request: ProviderRequest, name: string) => Promise<string>,
  ) {
    this.disabled = new Set(disabledPackages(config["pulumi:disable-default-providers"]));
  }

  /** Remembers a provider that the program made. */
  add(urn: string): void {
    this.known.add(urn);
  }

  /** Remembers which providers a component hands to its children. */
  giveToChildren(urn: string, parent: string, given: Map<string, string>): void {
    this.ofComponents.set(urn, new Map([...(this.ofComponents.get(parent) ?? []), ...given]));
  }

  /**
   * The reference of the provider.
   *
   * @throws Error with the engine's words where default providers of the package are disabled, or
   *   the provider named is not one of this stack.
   */
  async resolve(
    user: { token: string; parent: string },
    named: string,
    given: ReadonlyMap<string, string>,
    request: ProviderRequest,
  ): Promise<string> {
    const reference =
      named ||
      given.get(request.package) ||
      this.ofComponents.get(user.parent)?.get(request.package) ||
      "";
    if (reference !== "") {
      const urn = providerUrn(reference);
      if (!this.known.has(urn)) {
        throw new Error(`unknown provider '${reference}' for resource '${user.token}'`);
      }
      const expected = `${providerPrefix}${request.package}`;
      if (typeOf(urn) !== expected) {
        throw new Error(
          `provider '${reference}' is not a provider of package '${request.package}', ` +
            `which '${user.token}' needs`,
        );
      }
      return reference;
    }
    if (this.disabled.has("*") || this.disabled.has(request.package)) {
      throw new Error(
        `Default provider for '${request.package}' disabled. ` +
          `'${user.token}' must use an explicit provider.`,
      );
    }
    const name = defaultProviderName(request);
    const key = `${request.package}::${name}`;
    let made = this.defaults.get(key);
    if (made === undefined) {
      made = this.makeDefault(request, name);
      this.defaults.set(key, made);
    }
    return made;
  }
}

function disabledPackages(value: string | undefined): string[] {
  if (value === undefined || value === "") {
    return [];
  }
  const parsed: unknown = JSON.parse(value);
  if (!Array.isArray(parsed)) {
    throw new Error("pulumi:disable-default-providers must be a list of package names");
  }
  return parsed.map(String);
}
