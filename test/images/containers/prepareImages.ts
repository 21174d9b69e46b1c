import { execFileSync, spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { type BuiltImage, buildImages } from "../../../images/buildImages";
import { type OwnImageName, ownImages } from "../../../program/ownImages";

/** Root of the clone. */
export const clone = resolve(__dirname, "../../..");

/** The services' images, which `npm test` builds and runs. */
export const serviceImages: OwnImageName[] = [
  ...(["minio", "minioClient", "logOffloader", "inferenceTable"] as const),
];

/** Longest wait for a build: cold, on two busy cores. */
export const buildTimeoutMs = 1_800_000;

const packages = ["buildah", "runc", "mmdebstrap"];

/** Why no container runs here; undefined where they do. */
export const noContainers = reasonAgainst();

/**
 * Skips a suite where no container runs, and says why. Before images are published that is a
 * failure: what was never run must not be signed.
 */
export function requireContainers(suite: { skip(): void }): void {
  if (noContainers === undefined) {
    return;
  }
  if (process.env.MLP_TEST_IMAGE_BASES === "published") {
    throw new Error(noContainers);
  }
  console.log(`      ${noContainers}`);
  suite.skip();
}

function reasonAgainst(): string | undefined {
  const none = "no image is built or run";
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    return `${none}: that takes Linux and root`;
  }
  if (!runs("unshare", "--mount", "--pid", "--fork", "true")) {
    return `${none}: this machine gives root no namespaces of mounts and processes`;
  }
  const absent = missingPackages();
  return absent.length === 0 || runs("apt-get", "--version")
    ? undefined
    : `${none}: ${absent.join(", ")} are missing, and there is no apt-get to install them by`;
}

function missingPackages(): string[] {
  return packages.filter((program) => !runs(program, "--version"));
}

function runs(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

/**
 * Builds own images, or takes what an earlier build left. On bases made from packages, unless
 * `MLP_TEST_IMAGE_BASES` is `published`.
 */
export async function prepareImages(
  names: readonly OwnImageName[],
  say = (text: string) => console.log(`      ${text}`),
): Promise<BuiltImage[]> {
  installPrograms(say);
  let told = "";
  const built = await buildImages(
    names.map((name) => ownImages[name]),
    {
      clone,
      withoutRegistry: process.env.MLP_TEST_IMAGE_BASES !== "published",
      onProgress: (image) => {
        if (image !== told) {
          say(`building the image ${image} (minutes, once)`);
        }
        told = image;
      },
    },
  );
  return built;
}

/** Installs what builds and runs images, where it is missing and Debian has it. */
function installPrograms(say: (text: string) => void): void {
  const missing = missingPackages();
  if (missing.length === 0) {
    return;
  }
  say(`installing ${missing.join(", ")}`);
  const apt = (...args: string[]) =>
    execFileSync("apt-get", args, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  apt("update");
  apt("install", "--yes", "--no-install-recommends", ...missing);
}
