import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { hexOf } from "../values/identifiers";
import type { OutputSubject, SdkOutputs } from "./outputs";
import { isProviderType, packageOf } from "./providers";
import type { WireObject } from "../values/wire";

/**
 * Outputs that the table of computed outputs does not have. The SDK's class names its outputs
 * (`resourceInputs["fqdn"] = undefined /*out*\/`) and its declarations their types; each output
 * that is text gets a text of its own in an update. Other kinds stay undefined, as an output that
 * a provider leaves out does. In a preview they are all unknown and nothing is looked up.
 */
export class InstalledSdks implements SdkOutputs {
  private readonly outputs = new Map<string, string[]>();
  private readonly resolve: NodeJS.RequireResolve;

  constructor(projectDirectory: string) {
    this.resolve = createRequire(join(projectDirectory, "index.js")).resolve;
  }

  texts(subject: OutputSubject): WireObject {
    let names = this.outputs.get(subject.type);
    if (names === undefined) {
      names = this.outputNames(subject.type);
      this.outputs.set(subject.type, names);
    }
    return Object.fromEntries(
      names.map((name) => [name, `${name}-${hexOf(`${subject.urn} ${name}`, 8)}`]),
    );
  }

  private outputNames(type: string): string[] {
    const file = isProviderType(type) ? undefined : this.classFile(type);
    if (file === undefined) {
      return [];
    }
    const code = readFileSync(`${file}.js`, "utf8");
    // The constructor's second branch declares every property for a resource that is only read.
    const declared = code.slice(0, code.indexOf("else {", code.indexOf("constructor(")));
    const outputs = [...declared.matchAll(/\["(\w+)"\] = undefined \/\*out\*\//g)];
    const types = readFileSync(`${file}.d.ts`, "utf8");
    const isText = (name: string) =>
      new RegExp(`readonly ${name}!?: pulumi\\.Output<string(?: \\| undefined)?>`).test(types);
    return outputs.map((match) => match[1] ?? "").filter(isText);
  }

  /** The class's file without its ending, where the package is installed and has one. */
  private classFile(type: string): string | undefined {
    const [, module = "", name = ""] = type.split(":");
    const base = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
    const folder = module === `index/${base}` ? "" : (module.split("/")[0] ?? "");
    try {
      const manifest = this.resolve(`@pulumi/${packageOf(type)}/package.json`);
      const file = join(dirname(manifest), folder, base);
      return existsSync(`${file}.js`) && existsSync(`${file}.d.ts`) ? file : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") {
        return undefined;
      }
      throw error;
    }
  }
}
