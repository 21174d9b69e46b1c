import * as pulumi from "@pulumi/pulumi";

/** One resource as the program registered it. */
export interface Recorded {
  type: string;
  name: string;
  urn: string;
  /** URN of the parent; empty for the top. */
  parent: string;
  /** Reference `urn::id` of the explicit or inherited provider; empty where the default is used. */
  provider: string;
  /** Inputs with secrets unwrapped. */
  inputs: Record<string, any>;
  /** Top-level inputs that carry a secret mark. */
  secretInputs: Set<string>;
  custom: boolean;
  protect: boolean;
  retainOnDelete: boolean;
  deleteBeforeReplace: boolean;
  ignoreChanges: string[];
  dependencies: string[];
}

/** Everything a program registered, with lookups that fail loudly. */
export class Recording {
  constructor(readonly resources: Recorded[]) {}

  /** All resources of a type, optionally by logical name. */
  all(type: string, name?: string): Recorded[] {
    return this.resources.filter((r) => r.type === type && (name === undefined || r.name === name));
  }

  /** The only resource of a type (and name). Throws where there is none or more than one. */
  one(type: string, name?: string): Recorded {
    const found = this.all(type, name);
    if (found.length !== 1) {
      const near = this.resources.filter((r) => r.type === type).map((r) => r.name);
      throw new Error(
        `expected one ${type} ${name ?? ""}, found ${found.length}; of that type: ` +
          `${near.join(", ") || "none"}`,
      );
    }
    return found[0]!;
  }
}

/** How a recording runs. */
export interface RecordOptions {
  /** True: ids and computed outputs are unknown, as in `pulumi preview`. Default false. */
  preview?: boolean;
  /** Outputs that a provider would compute, by resource type. */
  outputs?: (type: string, name: string, inputs: Record<string, any>) => Record<string, unknown>;
  /** Answers to invokes by token. */
  calls?: Record<string, unknown>;
}

/** Runs a program under Pulumi's mocks and records every registration. */
export async function record(
  program: () => unknown,
  options: RecordOptions = {},
): Promise<Recording> {
  const preview = options.preview ?? false;
  const resources: Recorded[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => ({
        id: preview ? undefined : args.id || `${args.name}-id`,
        state: preview
          ? args.inputs
          : { ...args.inputs, ...options.outputs?.(args.type, args.name, args.inputs) },
      }),
      call: (args) => (options.calls?.[args.token] ?? {}) as Record<string, any>,
    },
    "mlplatform",
    "test",
    preview,
    "acme",
  );
  const monitor: any = pulumi.runtime.getMonitor();
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request: any, callback: any) =>
    register(request, (error: unknown, response: any) => {
      if (!error) {
        resources.push(recorded(request, response.getUrn()));
      }
      callback(error, response);
    });
  monitor.registerResourceHook ??= (_: unknown, callback: any) => callback(null, {});
  monitor.registerErrorHook ??= (_: unknown, callback: any) => callback(null, {});
  await pulumi.runtime.runInPulumiStack(async () => {
    await program();
    return {};
  });
  await pulumi.runtime.disconnect();
  return new Recording(resources.filter((r) => r.type !== "pulumi:pulumi:Stack"));
}

function recorded(request: any, urn: string): Recorded {
  const wire = request.getObject()?.toJavaScript() ?? {};
  const secretInputs = new Set(Object.keys(wire).filter((key) => containsSecret(wire[key])));
  return {
    type: request.getType(),
    name: request.getName(),
    urn,
    parent: request.getParent(),
    provider: request.getProvider(),
    inputs: unwrap(wire) as Record<string, any>,
    secretInputs,
    custom: request.getCustom(),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    deleteBeforeReplace: request.getDeletebeforereplace(),
    ignoreChanges: request.getIgnorechangesList(),
    dependencies: request.getDependenciesList(),
  };
}

function containsSecret(value: unknown): boolean {
  if (pulumi.runtime.isRpcSecret(value)) {
    return true;
  }
  return typeof value === "object" && value !== null && Object.values(value).some(containsSecret);
}

function unwrap(value: unknown): unknown {
  if (pulumi.runtime.isRpcSecret(value)) {
    return unwrap((value as { value: unknown }).value);
  }
  if (Array.isArray(value)) {
    return value.map(unwrap);
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrap(inner)]));
  }
  return value;
}
