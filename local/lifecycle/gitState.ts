import { execFile } from "node:child_process";
import { basename } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a training run is told about the code it runs. */
export interface GitState {
  commit: string;
  repository: string;
}

/** Reads the clone's commit and origin; a copy without history says so instead. */
export async function readGitState(clone: string): Promise<GitState> {
  const git = async (...args: string[]) => {
    try {
      return (await run("git", ["-C", clone, ...args])).stdout.trim();
    } catch {
      return ""; // no git, no history or no remote
    }
  };
  const commit = await git("rev-parse", "--verify", "HEAD");
  const isDirty =
    commit !== "" && (await git("status", "--porcelain", "--untracked-files=no")) !== "";
  const origin = await git("remote", "get-url", "origin");
  return {
    commit: commit === "" ? "unversioned" : `${commit}${isDirty ? "-dirty" : ""}`,
    repository: origin === "" ? basename(clone) : withoutCredentials(origin),
  };
}

/** A remote's address without a user's name or token. */
export function withoutCredentials(address: string): string {
  return address.replace(/^([a-z+]+:\/\/)[^/@]*@/i, "$1");
}
