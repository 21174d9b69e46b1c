import { type ChildProcessByStdio, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { BedFolder } from "../cluster/bedFolder";
import { buildPlugins } from "./buildPlugins";
import { type EnginePrograms, kubernetesProviderVersion } from "./programs";
import { standInVersions } from "./standIn/versions";

const root = resolve(__dirname, "../..");
/** Left out of a copy of the project: what no program reads, and what is linked instead. */
const notCopied = new Set([
  ".cache",
  ".git",
  ".mlplatform",
  "bench",
  "docs",
  "node_modules",
  "test",
]);

/** How one command of the CLI ended. */
export interface Ran {
  /** Exit code; null where a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
  seconds: number;
}

/** What a bed is made for. */
export interface BedOptions {
  programs: Pick<EnginePrograms, "pulumi"> & Partial<EnginePrograms>;
  /** Address of the services that the stand-in providers speak to. */
  cloud: string;
  /** Token that the stand-in for kubelogin hands out. */
  clusterToken?: string;
}

/**
 * The real engine for one test: a home of its own with its plugins, a state of its own, and a copy
 * of the project, which the CLI writes to.
 */
export class EngineBed {
  readonly #passphrase = randomBytes(8).toString("hex");
  readonly #folder = BedFolder.make("mlplatform-engine-");

  constructor(private readonly options: BedOptions) {
    try {
      for (const name of ["home", "bin", "backend"]) {
        mkdirSync(join(this.folder, name));
      }
      const bundled = buildPlugins(join(this.folder, "plugins"));
      this.#installPlugins(bundled);
      this.#installHosts(bundled);
    } catch (error) {
      this.#folder.remove();
      throw error;
    }
  }

  get folder(): string {
    return this.#folder.path;
  }

  /** The copy of the project, where commands run unless they say otherwise. */
  get project(): string {
    return join(this.folder, "project");
  }

  /** Environment of the CLI: nothing of the caller's Pulumi, Azure, GitHub or Kubernetes. */
  get environment(): Record<string, string> {
    return {
      PATH: [join(this.folder, "bin"), dirname(process.execPath), "/usr/bin:/bin"].join(":"),
      HOME: join(this.folder, "home"),
      TMPDIR: tmpdir(),
      ...this.#folder.environment,
      MLP_ENGINE_ROOT: root,
      MLP_ENGINE_CLOUD: this.options.cloud,
      PULUMI_HOME: join(this.folder, "home"),
      // Without metadata, which a kill leaves half-written beside a whole state: then every command
      // ends with "failed to load checkpoint: EOF".
      PULUMI_BACKEND_URL: `file://${join(this.folder, "backend")}?metadata=skip`,
      PULUMI_CONFIG_PASSPHRASE: this.#passphrase,
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // For `--event-log`.
      PULUMI_DEBUG_COMMANDS: "true",
      NODE_COMPILE_CACHE: join(root, ".cache", "compile"),
      GITHUB_TOKEN: "not-a-token",
    };
  }

  /** Copies the project as it is in the working tree; dependencies are linked. */
  copyProject(): void {
    cpSync(root, this.project, {
      recursive: true,
      filter: (source) => {
        const [first] = relative(root, source).split(sep);
        return !notCopied.has(first!) && basename(source) !== "node_modules";
      },
    });
    symlinkSync(join(root, "node_modules"), join(this.project, "node_modules"));
  }

  /**
   * Makes a stack and gives it the text of a stack file, to which the CLI's salt is added: `stack
   * init` would write the file anew in its own style.
   */
  async initStack(stack: string, text: string): Promise<void> {
    const file = join(this.project, `Pulumi.${stack}.yaml`);
    rmSync(file, { force: true });
    await this.mustRun("stack", "init", stack);
    const salt = /^encryptionsalt: .*$/m.exec(readFileSync(file, "utf8"))?.[0];
    if (!salt) {
      throw new Error(`\`pulumi stack init ${stack}\` wrote no salt to ${file}`);
    }
    writeFileSync(file, `${text}\n${salt}\n`);
  }

  /** Starts the CLI. */
  start(args: string[], options: { folder?: string; env?: Record<string, string> } = {}) {
    const command = [this.options.programs.pulumi, ...args, "--non-interactive", "--color=never"];
    // The kernel ends it with this process, however that ends.
    return spawn("setpriv", ["--pdeathsig", "KILL", "--", ...command], {
      cwd: options.folder ?? this.project,
      env: { ...this.environment, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** Runs the CLI to its end. */
  async run(
    args: string[],
    options: { folder?: string; env?: Record<string, string> } = {},
  ): Promise<Ran> {
    return ended(this.start(args, options));
  }

  /** Runs `mlp` of the copied project to its end, with the bed's engine on PATH. */
  async mlp(...args: string[]): Promise<Ran> {
    const command = [process.execPath, join(this.project, "cli/bin.js"), ...args];
    return ended(
      spawn("setpriv", ["--pdeathsig", "KILL", "--", ...command], {
        cwd: this.project,
        env: this.environment,
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
  }

  /** @throws Error with the CLI's last words where it fails */
  async mustRun(...args: string[]): Promise<Ran> {
    const ran = await this.run(args);
    if (ran.code !== 0) {
      const words = `${ran.stdout}\n${ran.stderr}`.trim().split("\n").slice(-60).join("\n");
      throw new Error(`\`pulumi ${args.join(" ")}\` ended with ${ran.code}:\n${words}`);
    }
    return ran;
  }

  /** Ends what outlived its run; returns the programs that did. */
  async reap(): Promise<string[]> {
    return this.#folder.reap();
  }

  /** Ends every process of the bed and removes its files. */
  async stop(): Promise<string[]> {
    const left = await this.reap();
    this.#folder.remove();
    return left;
  }

  #installPlugins(bundled: (source: string) => string): void {
    const { kubernetesProvider } = this.options.programs;
    if (kubernetesProvider) {
      const file = this.#plugin("kubernetes", kubernetesProviderVersion);
      symlinkSync(kubernetesProvider, file);
    }
    for (const [name, version] of Object.entries(standInVersions(root))) {
      const provider = bundled("standIn/provider.ts");
      writeScript(this.#plugin(name, version), provider, name, version);
    }
  }

  #plugin(name: string, version: string): string {
    const folder = join(this.folder, "home/plugins", `resource-${name}-v${version}`);
    mkdirSync(folder, { recursive: true });
    return join(folder, `pulumi-resource-${name}`);
  }

  #installHosts(bundled: (source: string) => string): void {
    const bin = (name: string) => join(this.folder, "bin", name);
    const { pulumi, yamlHost } = this.options.programs;
    symlinkSync(pulumi, bin("pulumi"));
    if (yamlHost) {
      symlinkSync(yamlHost, bin("pulumi-language-yaml"));
    }
    writeScript(bin("pulumi-language-nodejs"), bundled("hosts/nodejs.ts"));
    writeScript(bin("pulumi-language-python"), bundled("hosts/python.ts"));
    const credential = {
      apiVersion: "client.authentication.k8s.io/v1beta1",
      kind: "ExecCredential",
      status: { token: this.options.clusterToken ?? "" },
    };
    // Signs in as kubelogin does, and refuses to be called otherwise.
    const text = `#!/bin/sh
[ "$1 $2" = "get-token --login" ] || { echo "unexpected: $*" >&2; exit 1; }
cat <<'END'
${JSON.stringify(credential)}
END
`;
    writeFileSync(bin("kubelogin"), text, { mode: 0o700 });
  }
}

/** An executable that runs a JavaScript file. */
function writeScript(file: string, ...words: string[]): void {
  const quoted = [process.execPath, ...words].map((word) => `'${word}'`).join(" ");
  writeFileSync(file, `#!/bin/sh\nexec ${quoted} "$@"\n`, { mode: 0o700 });
}

async function ended(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ran> {
  const started = performance.now();
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((done, fail) => {
      child.once("error", fail);
      child.once("close", done);
    }),
  ]);
  return { code, stdout, stderr, seconds: (performance.now() - started) / 1000 };
}
