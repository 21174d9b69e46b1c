import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../screen/userError";
import { basicEnvironment } from "../processes/supervisor";

const run = promisify(execFile);
const buildTimeoutMs = 2_400_000;

/** A program built from a pinned Go module, by a `go.mod` that names it as a tool. */
export interface GoTool {
  /** Name as a reader knows it; in lower case, the name of the binary. */
  name: string;
  /** Folder of `go.mod` and `go.sum`, from the root of the clone. */
  module: string;
  /** Import path of its main package. */
  package: string;
  /** Build tags. Default: none. */
  tags?: string[];
  /** Linker flags beside `-s -w`. Default: none. */
  ldflags?: string[];
  /** Own source files of `module`, by name. Default: none, all of it comes from other modules. */
  sources?: string[];
  /** Files that the build finds in `module`'s folder and that lie in a module it requires. */
  embedded?: { module: string; files: string[] };
  /** What a reader can do without it; completes "…, or". */
  without: string;
}

/**
 * Builds a program once: the binary is named after the hash of `go.sum`, of its own sources and of
 * the flags, so that a later run with the same pins takes what is there.
 *
 * @param clone root of the clone; the binary goes to its `.cache/bin`
 * @param say told once, before a build that takes minutes
 * @returns path of the binary
 * @throws UserError where Go is missing or the build fails, with the build's last lines
 */
export async function buildGoTool(
  clone: string,
  tool: GoTool,
  say: (text: string) => void,
): Promise<string> {
  const module = join(clone, tool.module);
  const flags = [
    "-trimpath",
    `-tags=${(tool.tags ?? []).join(",")}`,
    `-ldflags=${["-s", "-w", ...(tool.ldflags ?? [])].join(" ")}`,
  ];
  const hash = createHash("sha256").update(readFileSync(join(module, "go.sum")));
  for (const source of tool.sources ?? []) {
    hash.update(readFileSync(join(module, source)));
  }
  const key = hash.update(flags.join("\0")).digest("hex").slice(0, 12);
  const binary = join(clone, ".cache", "bin", `${tool.name.toLowerCase()}-${key}`);
  if (existsSync(binary)) {
    return binary;
  }
  say(`building ${tool.name} from its Go module (minutes, once)`);
  const draft = `${binary}.${process.pid}`;
  mkdirSync(dirname(binary), { recursive: true });
  const goSettings = Object.entries(process.env).filter(([name]) => /^GO|_proxy$/i.test(name));
  const options = {
    cwd: module,
    env: { ...basicEnvironment(), ...Object.fromEntries(goSettings), CGO_ENABLED: "0" },
    timeout: buildTimeoutMs,
    maxBuffer: 1 << 24,
  };
  const overlay = `${draft}.overlay.json`;
  try {
    if (tool.embedded) {
      await writeOverlay(overlay, tool.embedded, options);
    }
    const given = tool.embedded ? [...flags, `-overlay=${overlay}`] : flags;
    await run("go", ["build", ...given, "-o", draft, tool.package], options);
  } catch (error) {
    rmSync(draft, { force: true });
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === "ENOENT") {
      throw new UserError({
        what: `Go is not installed, and ${tool.name} is built from source`,
        remedy: `Install Go 1.26 or later, or ${tool.without}`,
      });
    }
    throw new UserError({
      what:
        `${tool.name} did not build: ` +
        `${(stderr?.trim() || message).split("\n").slice(-4).join("\n    ")}`,
      remedy: `Check the network and free space, or ${tool.without}`,
    });
  } finally {
    rmSync(overlay, { force: true });
  }
  renameSync(draft, binary);
  return binary;
}

/** Maps the files into the module's folder, for a `go:embed` that cannot reach outside of it. */
async function writeOverlay(
  file: string,
  { module, files }: NonNullable<GoTool["embedded"]>,
  options: { cwd: string; env: NodeJS.ProcessEnv; maxBuffer: number },
): Promise<void> {
  const downloaded = await run("go", ["mod", "download", "-json", module], options);
  const { Dir: folder } = JSON.parse(downloaded.stdout) as { Dir: string };
  const mapped = files.map((name) => [join(options.cwd, basename(name)), join(folder, name)]);
  writeFileSync(file, JSON.stringify({ Replace: Object.fromEntries(mapped) }));
}
