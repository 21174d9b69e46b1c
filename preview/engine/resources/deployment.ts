import type { PreviewResource } from "../programRun";
import { completedOutputs, previewedOutputs, type SdkOutputs } from "./outputs";
import { computedOutputs, idOf } from "./computedOutputs";
import type { Journal } from "../journal";
import {
  isProviderType,
  packageOf,
  providerReference,
  Providers,
  type ProviderRequest,
} from "./providers";
import { messageOf } from "../rpc";
import type { SecretWatch } from "../values/secretFindings";
import type { EngineState, StateResource } from "./state";
import { formerUrns, stackType, urnFor, type AliasSpec, type UrnScope } from "./urns";
import {
  containsUnknown,
  isUnknown,
  sameValue,
  secret,
  type Wire,
  type WireObject,
} from "../values/wire";

/** What the program asks the engine to make. */
export interface Goal {
  type: string;
  name: string;
  parent: string;
  custom: boolean;
  remote: boolean;
  inputs: WireObject;
  provider: string;
  providers: Map<string, string>;
  version: string;
  pluginDownloadUrl: string;
  /** Overrides package, version and address where the package is parameterized. */
  packageRequest?: ProviderRequest;
  protect?: boolean;
  retainOnDelete?: boolean;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  aliases: AliasSpec[];
  ignoreChanges: string[];
  deleteBeforeReplace?: boolean;
  additionalSecretOutputs: string[];
  timeouts: { create: string; update: string; delete: string };
  importId: string;
}

/** A registered resource: its state, and what only this run knows of it. */
export interface Registration extends StateResource {
  operation: PreviewResource["operation"];
  /** Aliases of this resource, which its children's former URNs follow. */
  formerUrns: string[];
  goal: Goal;
}

/** Looks at a resource before it is made, and may change its inputs. */
export interface Inspection {
  remediate(registration: Registration): Promise<WireObject>;
  analyze(registration: Registration): void;
}

export interface DeploymentSettings {
  scope: UrnScope;
  preview: boolean;
  /** Nothing is known of what a provider would make whose own settings are not known. */
  first: boolean;
  config: Record<string, string>;
  secretKeys: string[];
  state: EngineState;
  journal: Journal;
  secrets: SecretWatch;
  inspection: Inspection;
  sdk: SdkOutputs;
}

/** The resources of one run, in the order in which the program registered them. */
export class Deployment {
  readonly registered = new Map<string, Registration>();
  readonly providers: Providers;
  private readonly reserved = new Set<string>();
  private readonly order: string[] = [];
  private readonly before = new Map<string, StateResource>();

  constructor(readonly settings: DeploymentSettings) {
    for (const resource of settings.state.resources) {
      this.before.set(resource.urn, resource);
    }
    this.providers = new Providers(settings.config, (request, name) =>
      this.makeDefaultProvider(request, name),
    );
  }

  /** The registrations in the order of their requests. */
  get resources(): Registration[] {
    return this.order
      .map((urn) => this.registered.get(urn))
      .filter((resource) => resource !== undefined);
  }

  /** URNs of the earlier state that this run continues, under their own or a former name. */
  get continued(): ReadonlySet<string> {
    return new Set(this.resources.flatMap((resource) => [resource.urn, ...resource.formerUrns]));
  }

  /** True where the provider's own settings wait for something that only an update would make. */
  waitsForProvider(reference: string): boolean {
    const { preview, first } = this.settings;
    if (!preview || !first || reference === "") {
      return false;
    }
    const provider = this.registered.get(reference.slice(0, reference.lastIndexOf("::")));
    return provider !== undefined && containsUnknown(provider.inputs);
  }

  async register(goal: Goal): Promise<Registration> {
    const urn = this.reserve(goal);
    const provider = await this.providerFor(urn, goal);
    // After its provider, so that a default provider comes before its first user.
    this.order.push(urn);
    const parent = this.registered.get(goal.parent);
    const former = formerUrns(this.settings.scope, goal, goal.aliases, parent?.formerUrns ?? []);
    const old = [urn, ...former].map((known) => this.before.get(known)).find(Boolean);
    const registration: Registration = {
      urn,
      type: goal.type,
      name: goal.name,
      parent: goal.parent,
      provider,
      custom: goal.custom,
      id: "",
      inputs: withIgnored(goal, old),
      outputs: {},
      protect: goal.protect ?? parent?.protect ?? false,
      retainOnDelete: goal.retainOnDelete ?? parent?.retainOnDelete ?? false,
      external: false,
      dependencies: goal.dependencies,
      operation: "create",
      formerUrns: former,
      goal,
    };
    try {
      registration.inputs = await this.settings.inspection.remediate(registration);
    } catch (error) {
      throw this.refuse(urn, messageOf(error));
    }
    this.settings.inspection.analyze(registration);
    this.settings.secrets.observe(registration);
    this.settle(registration, old);
    this.registered.set(urn, registration);
    return registration;
  }

  /** Takes over a resource that exists elsewhere. */
  async read(goal: Goal, id: string, outputs: WireObject | undefined): Promise<Registration> {
    const urn = this.reserve(goal);
    const builtIn = goal.type === "pulumi:pulumi:StackReference";
    const provider = builtIn ? "" : await this.providerFor(urn, goal);
    this.order.push(urn);
    const registration: Registration = {
      urn,
      type: goal.type,
      name: goal.name,
      parent: goal.parent,
      provider,
      custom: true,
      id,
      inputs: goal.inputs,
      outputs: outputs ?? this.outputsOf(urn, goal, goal.inputs, id),
      protect: false,
      retainOnDelete: false,
      external: true,
      dependencies: goal.dependencies,
      operation: this.before.has(urn) ? "same" : "create",
      formerUrns: [],
      goal,
    };
    this.settings.secrets.observe(registration);
    this.registered.set(urn, registration);
    return registration;
  }

  registerOutputs(urn: string, outputs: WireObject): void {
    const registration = this.registered.get(urn);
    if (registration === undefined) {
      throw this.settings.journal.refuse(urn, `no resource with URN '${urn}' is registered`);
    }
    registration.outputs = outputs;
    this.settings.secrets.observeOutputs(registration);
  }

  private reserve(goal: Goal): string {
    const urn = urnFor(this.settings.scope, goal.parent, goal.type, goal.name);
    if ((goal.custom || goal.remote) && goal.type.split(":").length !== 3) {
      throw this.refuse(urn, `invalid resource type '${goal.type}': it must have three parts`);
    }
    if (goal.parent !== "" && !this.registered.has(goal.parent)) {
      throw this.refuse(urn, `could not find parent resource '${goal.parent}'`);
    }
    if (this.reserved.has(urn)) {
      throw this.refuse(urn, `Duplicate resource URN '${urn}'; try giving it a unique name`);
    }
    this.reserved.add(urn);
    return urn;
  }

  private refuse(urn: string, message: string): Error {
    return this.settings.journal.refuse(urn, message);
  }

  private async providerFor(urn: string, goal: Goal): Promise<string> {
    if (isProviderType(goal.type)) {
      this.providers.add(urn);
      return "";
    }
    if (!goal.custom && !goal.remote) {
      this.providers.giveToChildren(urn, goal.parent, goal.providers);
      return "";
    }
    const request = goal.packageRequest ?? {
      package: packageOf(goal.type),
      version: goal.version,
      pluginDownloadUrl: goal.pluginDownloadUrl,
    };
    try {
      const user = { token: goal.type, parent: goal.parent };
      const reference = await this.providers.resolve(user, goal.provider, goal.providers, request);
      if (goal.remote) {
        this.providers.giveToChildren(urn, goal.parent, goal.providers);
      }
      return reference;
    } catch (error) {
      throw this.refuse(urn, messageOf(error));
    }
  }

  private async makeDefaultProvider(request: ProviderRequest, name: string): Promise<string> {
    const inputs: WireObject = {};
    for (const [key, value] of Object.entries(this.settings.config)) {
      const [namespace, ...rest] = key.split(":");
      if (namespace !== request.package) {
        continue;
      }
      inputs[rest.join(":")] = this.settings.secretKeys.includes(key) ? secret(value) : value;
    }
    if (request.version !== "") {
      inputs.version = request.version.replace(/^v/, "");
    }
    if (request.pluginDownloadUrl !== "") {
      inputs.pluginDownloadURL = request.pluginDownloadUrl;
    }
    const made = await this.register({
      ...emptyGoal,
      type: `pulumi:providers:${request.package}`,
      name,
      custom: true,
      inputs,
    });
    return providerReference(made.urn, made.id);
  }

  /** Decides what an update would do, and with it id and outputs. */
  private settle(registration: Registration, old: StateResource | undefined): void {
    const { goal, inputs } = registration;
    if (!goal.custom && !goal.remote) {
      registration.operation = old === undefined ? "create" : "same";
      registration.outputs = inputs;
      if (goal.type === stackType) {
        registration.outputs = {};
      }
      return;
    }
    if (old !== undefined) {
      const same = sameValue(old.inputs, inputs) && old.provider === registration.provider;
      registration.operation = same ? "same" : "update";
      registration.id = old.id;
      registration.outputs = same ? old.outputs : completedOutputs(inputs, old.outputs);
      return;
    }
    registration.operation = "create";
    registration.id = goal.importId;
    if (registration.id === "" && !this.settings.preview && goal.custom) {
      registration.id = idOf(registration, this.settings.config);
    }
    registration.outputs = this.waitsForProvider(registration.provider)
      ? {}
      : this.outputsOf(registration.urn, goal, inputs, registration.id);
  }

  private outputsOf(urn: string, goal: Goal, inputs: WireObject, id: string): WireObject {
    const subject = { urn, type: goal.type, name: goal.name, id, inputs };
    const computed = computedOutputs(subject, this.settings.config);
    const outputs = this.settings.preview
      ? previewedOutputs(inputs, computed, goal.additionalSecretOutputs)
      : completedOutputs(inputs, { ...this.settings.sdk.texts(subject), ...computed });
    for (const key of goal.additionalSecretOutputs) {
      const value = outputs[key];
      if (value !== undefined) {
        outputs[key] = secret(value);
      }
    }
    return outputs;
  }
}

/** A request for nothing, to be filled in. */
export const emptyGoal: Goal = {
  type: "",
  name: "",
  parent: "",
  custom: false,
  remote: false,
  inputs: {},
  provider: "",
  providers: new Map(),
  version: "",
  pluginDownloadUrl: "",
  dependencies: [],
  propertyDependencies: {},
  aliases: [],
  ignoreChanges: [],
  additionalSecretOutputs: [],
  timeouts: { create: "", update: "", delete: "" },
  importId: "",
};

/** The inputs with the old values of those that `ignoreChanges` names. */
function withIgnored(goal: Goal, old: StateResource | undefined): WireObject {
  if (old === undefined || goal.ignoreChanges.length === 0) {
    return goal.inputs;
  }
  if (goal.ignoreChanges.includes("*")) {
    return old.inputs;
  }
  const inputs = structuredClone(goal.inputs);
  for (const path of goal.ignoreChanges) {
    const keys = path.replaceAll(/\[["']?([^\]"']+)["']?\]/g, ".$1").split(".");
    keepOld(inputs, old.inputs, keys);
  }
  return inputs;
}

function keepOld(target: Wire, source: Wire | undefined, keys: string[]): void {
  const [key, ...rest] = keys;
  if (key === undefined || typeof target !== "object" || target === null) {
    return;
  }
  const into = target as Record<string, Wire>;
  const from =
    typeof source === "object" && source !== null ? (source as Record<string, Wire>) : {};
  if (rest.length > 0) {
    const inner = into[key];
    if (inner !== undefined && !isUnknown(inner)) {
      keepOld(inner, from[key], rest);
    }
    return;
  }
  const kept = from[key];
  if (kept === undefined) {
    delete into[key];
  } else {
    into[key] = kept;
  }
}
