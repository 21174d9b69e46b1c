import { readFileSync } from "node:fs";

/** How an image runs Node. */
export interface ImageRuntime {
  /** Node's flags. */
  flags: string[];
  /** The allocator's settings. */
  env: NodeJS.ProcessEnv;
}

/**
 * Reads Node's flags and the allocator's settings from a Dockerfile, so that a bench runs what the
 * image would.
 */
export function readImageRuntime(dockerfile: string): ImageRuntime {
  const image = readFileSync(dockerfile, "utf8");
  const flags = /^(?:ENTRYPOINT|CMD) \["node", (.*)"\/app\/main.js"\]$/m.exec(image)?.[1];
  if (flags === undefined) {
    throw new Error(`${dockerfile} doesn't start /app/main.js with node`);
  }
  return {
    flags: [...flags.matchAll(/"([^"]+)"/g)].map(([, flag]) => flag!),
    env: Object.fromEntries(
      [...image.matchAll(/\b(MALLOC_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
    ),
  };
}
