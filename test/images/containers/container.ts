import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Builder } from "../../../images/builder";
import { runCommand } from "../../../images/command";

/** How a container runs: what a pod's spec says of it. */
export interface ContainerSpec {
  /** Image in the builder's store. */
  image: string;
  /** User and group of the process. */
  uid: number;
  gid: number;
  /** Replaces the image's entrypoint and command. */
  command?: string[];
  /** Arguments of the image's entrypoint. */
  args?: string[];
  env?: Record<string, string>;
  /** Paths that are writable, each a folder of its own that the user owns. */
  writable?: string[];
  /** Folders of this machine, by path in the container. */
  mounts?: Record<string, string>;
  /** Whether the root file system is read-only. @default true */
  readOnly?: boolean;
}

interface ImageConfig {
  Entrypoint?: string[];
  Cmd?: string[];
  Env?: string[];
  WorkingDir?: string;
  User?: string;
}

const gracePeriodMs = 20_000;

/**
 * A process in an image's file system, by runc: as a pod of the `restricted` standard runs it, with
 * no capability, no new privileges, a read-only root and a user of its own. It shares this
 * machine's network and has no limits: those are the cluster's.
 */
export class Container {
  readonly #builder: Builder;
  readonly #working: string;
  readonly #folder: string;
  readonly #runtime: ChildProcess;
  #output = "";
  readonly ended: Promise<number>;

  private constructor(
    builder: Builder,
    working: string,
    folder: string,
    readonly id: string,
  ) {
    this.#builder = builder;
    this.#working = working;
    this.#folder = folder;
    this.#runtime = spawn("runc", ["--root", join(folder, "state"), "run", id], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const keep = (chunk: Buffer) => (this.#output += chunk.toString());
    this.#runtime.stdout!.on("data", keep);
    this.#runtime.stderr!.on("data", keep);
    this.ended = new Promise((done, fail) => {
      this.#runtime.once("error", fail).once("close", (code) => {
        done(code ?? 1);
      });
    });
  }

  /** Starts a container. */
  static async start(clone: string, spec: ContainerSpec): Promise<Container> {
    const builder = new Builder(clone);
    const inspected = await builder.run(["inspect", "--type=image", spec.image]);
    const config = (JSON.parse(inspected) as { OCIv1: { config: ImageConfig } }).OCIv1.config;
    const working = (await builder.run(["from", spec.image])).trim();
    const root = (await builder.run(["mount", working])).trim();
    const folder = mkdtempSync(join(tmpdir(), "mlplatform-container-"));
    const volumes = (spec.writable ?? []).map((path, index) => {
      const host = join(folder, `volume-${index}`);
      mkdirSync(host);
      chownSync(host, spec.uid, spec.gid);
      return [path, host] as const;
    });
    writeFileSync(
      join(folder, "config.json"),
      JSON.stringify(runtimeConfig(root, config, spec, [...volumes, ...mountsOf(spec)])),
    );
    return new Container(builder, working, folder, `mlplatform-${randomBytes(4).toString("hex")}`);
  }

  /** What it has written to both streams. */
  get output(): string {
    return this.#output;
  }

  /** Waits until a URL answers with a status; fails where the process ends first. */
  async answers(url: string, status = 200, timeoutMs = 120_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    let ended: number | undefined;
    void this.ended.then((code) => (ended = code));
    for (;;) {
      const seen = await fetch(url).then(
        (answer) => answer.status,
        () => undefined,
      );
      if (seen === status) {
        return;
      }
      if (ended !== undefined || Date.now() > deadline) {
        const state = ended === undefined ? "still runs" : `ended with ${ended}`;
        throw new Error(`${url} answers ${seen ?? "nothing"}, and it ${state}:\n${this.#output}`);
      }
      await new Promise((done) => setTimeout(done, 250));
    }
  }

  /**
   * Asks it to end as Kubernetes does, and removes it.
   *
   * @returns its exit code; undefined where it had to be killed
   */
  async stop(): Promise<number | undefined> {
    const signal = (name: string) =>
      runCommand("runc", ["--root", join(this.#folder, "state"), "kill", this.id, name]).catch(
        () => undefined,
      );
    await signal("TERM");
    const timer = setTimeout(() => void signal("KILL"), gracePeriodMs);
    const code = await this.ended;
    clearTimeout(timer);
    await this.#remove();
    return code === 137 ? undefined : code;
  }

  /** Waits for its end and removes it. */
  async finish(): Promise<{ code: number; output: string }> {
    const code = await this.ended;
    await this.#remove();
    return { code, output: this.#output };
  }

  async #remove(): Promise<void> {
    await this.#builder.run(["umount", this.#working]);
    await this.#builder.run(["rm", this.#working]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const mountsOf = ({ mounts = {} }: ContainerSpec) => Object.entries(mounts);

function runtimeConfig(
  root: string,
  image: ImageConfig,
  { uid, gid, command, args, env = {}, readOnly = true }: ContainerSpec,
  binds: (readonly [string, string])[],
): object {
  const none = { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] };
  const tmpfs = (destination: string, ...options: string[]) => ({
    destination,
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", ...options],
  });
  return {
    ociVersion: "1.0.2",
    hostname: "container",
    process: {
      user: { uid, gid },
      args: command ?? [...(image.Entrypoint ?? []), ...(args ?? image.Cmd ?? [])],
      env: [...(image.Env ?? []), ...Object.entries(env).map(([key, value]) => `${key}=${value}`)],
      cwd: image.WorkingDir || "/",
      capabilities: none,
      noNewPrivileges: true,
    },
    root: { path: root, readonly: readOnly },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      tmpfs("/dev", "strictatime", "mode=755", "size=65536k"),
      tmpfs("/dev/shm", "nodev", "mode=1777"),
      tmpfs("/tmp", "nodev", "mode=1777"),
      ...[...binds, ["/etc/resolv.conf", "/etc/resolv.conf"], ["/etc/hosts", "/etc/hosts"]].map(
        ([destination, source]) => ({
          destination,
          source,
          type: "bind",
          options: ["rbind", source!.startsWith("/etc/") ? "ro" : "rw"],
        }),
      ),
    ],
    linux: {
      namespaces: [{ type: "pid" }, { type: "ipc" }, { type: "uts" }, { type: "mount" }],
      maskedPaths: ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
      readonlyPaths: ["/proc/sys", "/proc/bus", "/proc/irq"],
    },
  };
}
