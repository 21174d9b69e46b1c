import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../screen/userError";
import { basicEnvironment } from "../processes/supervisor";

const run = promisify(execFile);
/** Versions that the locked requirements were resolved for. */
const minors = [11, 12];
const complete = ".complete";
const installTimeoutMs = 900_000;
const mebibyte = 1024 * 1024;
/** The environment itself plus the first run's data. */
const neededFreeMib = 4096;

/** Finds a Python that the requirements were locked for. */
export async function findPython(): Promise<string> {
  const seen: string[] = [];
  for (const name of ["python3", ...minors.map((minor) => `python3.${minor}`).reverse()]) {
    try {
      const { stdout } = await run(name, [
        "-c",
        "import sys; print(*sys.version_info[:2], sys.executable)",
      ]);
      const [major, minor, executable] = stdout.trim().split(" ");
      if (major === "3" && minors.includes(Number(minor)) && executable !== undefined) {
        return executable;
      }
      seen.push(`${name} is ${major}.${minor}`);
    } catch {
      continue; // not installed under this name
    }
  }
  throw new UserError({
    what: `Python 3.11 or 3.12 is needed, found ${seen.length > 0 ? seen.join(", ") : "none"}`,
    remedy:
      "Install it with its venv module (Debian and Ubuntu: `apt install python3 python3-venv`).",
  });
}

/** A Python environment made once from locked requirements and used by every later run. */
export class PythonEnvironment {
  private constructor(readonly directory: string) {}

  get python(): string {
    return this.program("python");
  }

  program(name: string): string {
    return join(this.directory, "bin", name);
  }

  /**
   * Makes the environment unless it is there already. Its folder is named after the hash of the
   * requirements, and a mark is written last: a changed file or an interrupted install makes a
   * new one.
   */
  static async prepare(
    stateRoot: string,
    requirements: string,
    say: (text: string) => void,
  ): Promise<PythonEnvironment> {
    const python = await findPython();
    const locked = readFileSync(requirements);
    const uvLock = join(dirname(requirements), "uv.txt");
    const key = createHash("sha256").update(locked).update(python).digest("hex").slice(0, 12);
    const directory = join(stateRoot, "venv", key);
    if (existsSync(join(directory, complete))) {
      say("made before");
      return new PythonEnvironment(directory);
    }
    requireFreeSpace(stateRoot, neededFreeMib);
    rmSync(join(stateRoot, "venv"), { recursive: true, force: true });
    say("making the environment");
    const installer = join(stateRoot, "venv", "uv");
    await install(python, ["-m", "venv", installer], "the venv module is needed");
    const pip = join(installer, "bin", "python");
    await install(
      pip,
      ["-m", "pip", "install", "--quiet", "--require-hashes", "-r", uvLock],
      "uv was not installed",
    );
    const uv = join(installer, "bin", "uv");
    await install(
      uv,
      ["venv", "--quiet", "--python", python, directory],
      "the environment was not made",
    );
    say("installing packages (once)");
    await install(
      uv,
      [
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--python",
        join(directory, "bin", "python"),
        requirements,
      ],
      "the packages were not installed",
    );
    writeFileSync(join(directory, complete), new Date().toISOString());
    return new PythonEnvironment(directory);
  }

  /** Installs locked packages into a folder of their own, once. */
  async packages(stateRoot: string, requirements: string): Promise<string> {
    const key = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
    const target = join(stateRoot, "packages", key);
    if (!existsSync(join(target, complete))) {
      rmSync(target, { recursive: true, force: true });
      const uv = join(stateRoot, "venv", "uv", "bin", "uv");
      const from = [
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--no-deps",
        "-r",
        requirements,
      ];
      await install(
        uv,
        [...from, "--python", this.python, "--target", target],
        "the packages were not installed",
      );
      writeFileSync(join(target, complete), new Date().toISOString());
    }
    return target;
  }
}

/** Stops early, with the figure, where a run would stop half-way for want of space. */
export function requireFreeSpace(directory: string, neededMiB: number): void {
  mkdirSync(directory, { recursive: true });
  const space = statfsSync(directory);
  const freeMiB = Math.floor((space.bavail * space.bsize) / mebibyte);
  if (freeMiB < neededMiB) {
    throw new UserError({
      what: `${freeMiB} MiB are free at ${directory}, ${neededMiB} MiB are needed`,
      remedy: "Free some space, or put the clone on a larger disk.",
    });
  }
}

async function install(command: string, args: string[], what: string): Promise<void> {
  try {
    const pipSettings = Object.entries(process.env).filter(([name]) =>
      /^(PIP|UV)_|_proxy$/i.test(name),
    );
    await run(command, args, {
      env: { ...basicEnvironment(), ...Object.fromEntries(pipSettings) },
      timeout: installTimeoutMs,
      maxBuffer: 16 * mebibyte,
    });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const reason = (stderr?.trim() || message).split("\n").slice(-6).join("\n    ");
    throw new UserError({
      what: `${what}: ${basename(command)} ${args.slice(0, 3).join(" ")} failed:\n    ${reason}`,
      remedy:
        "Check the network and the package index's settings, and that Python has its venv " +
        "module; then run again.",
    });
  }
}
