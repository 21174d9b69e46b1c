import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type CommandOptions, runCommand } from "./command";
import { imagesCache } from "./imagesCache";

/** What one build makes an image of. */
export interface BuildInput {
  /** Name and version that the image gets in the builder's store. */
  name: string;
  dockerfile: string;
  context: string;
  /** Host paths that steps see, by path in the container; none of them stays in the image. */
  mounts?: Record<string, string>;
  buildArgs?: Record<string, string>;
}

/**
 * Time that every file and image carries, in seconds since 1970: without it two builds of the same
 * would differ. `SOURCE_DATE_EPOCH` replaces it (https://reproducible-builds.org/specs/).
 */
export const sourceDateEpoch = process.env.SOURCE_DATE_EPOCH ?? "1767225600";

const install =
  "Install it: `apt-get install --no-install-recommends buildah runc` on Debian or Ubuntu, `dnf " +
  "install buildah` on Fedora.";

/**
 * Builds images by buildah: no daemon, no root daemon's socket, a store of the clone's own. Steps
 * run in a chroot, which needs no container runtime.
 */
export class Builder {
  readonly #store: string[];

  constructor(clone: string) {
    const folder = imagesCache(clone);
    mkdirSync(folder, { recursive: true });
    this.#store = ["--root", join(folder, "store"), "--runroot", join(folder, "run")];
    if (process.getuid?.() === 0) {
      // Without it the store stays mounted on itself, and nobody can delete the clone.
      const option = "overlay.skip_mount_home=true";
      this.#store.push("--storage-driver=overlay", `--storage-opt=${option}`);
    }
  }

  /** Version of buildah, with those of the specifications it writes. */
  async version(): Promise<string> {
    return (await this.run(["--version"])).trim();
  }

  /** Builds an image; steps that an earlier build ran on the same are taken from it. */
  async build(
    { name, dockerfile, context, mounts = {}, buildArgs = {} }: BuildInput,
    options: CommandOptions = {},
  ): Promise<void> {
    await this.run(
      [
        "build",
        ...["--layers", "--isolation=chroot", "--format=oci", `--timestamp=${sourceDateEpoch}`],
        ...Object.entries(mounts).map(([path, host]) => `--volume=${host}:${path}`),
        ...Object.entries(buildArgs).map(([key, value]) => `--build-arg=${key}=${value}`),
        `--file=${dockerfile}`,
        `--tag=${name}`,
        context,
      ],
      options,
    );
  }

  /** Id of an image in the store; undefined where it has none of that name. */
  async imageId(name: string): Promise<string | undefined> {
    const listed = await this.run(["images", "--json"]);
    const images = JSON.parse(listed) as { id: string; names: string[] | null }[];
    const wanted = name.includes(":") ? name : `${name}:latest`;
    return images.find(({ names }) => names?.includes(wanted))?.id;
  }

  /** Runs one command of buildah on the store. */
  async run(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const label = `buildah ${args.find((arg) => !arg.startsWith("-")) ?? args[0]}`;
    return runCommand("buildah", [...this.#store, ...args], { install, label, ...options });
  }
}
