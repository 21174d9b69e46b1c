import { promises as fs } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";

/** A held lock. */
export interface InstanceLock {
  release(): Promise<void>;
}

/** Another live process holds the directory. */
export class DirectoryInUseError extends Error {
  override readonly name = "DirectoryInUseError";
}

const lockName = "lock.sock";
const verifyAfterMs = 100;

/**
 * Takes the directory for this process. The lock is a listening Unix socket: the kernel drops the
 * listener with the process, kill -9 included, and the check works across PID namespaces, where a
 * process number in a file would name someone else.
 *
 * @throws DirectoryInUseError when a live process answers on it.
 */
export async function lockDirectory(directory: string): Promise<InstanceLock> {
  await fs.mkdir(directory, { recursive: true, mode: 0o700 });
  // A socket's path has at most 107 bytes; the directory's descriptor shortens any path on Linux.
  const handle = await fs.open(directory, "r");
  const address =
    process.platform === "linux"
      ? `/proc/self/fd/${handle.fd}/${lockName}`
      : join(directory, lockName);
  try {
    const server = await listenOnce(address, directory);
    return {
      async release() {
        await new Promise<void>((resolve) => server.close(() => resolve()));
        await handle.close();
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function listenOnce(address: string, directory: string): Promise<Server> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const server = await tryListen(address);
    if (server !== undefined) {
      await refuseIfReplaced(server, address, directory);
      server.unref();
      return server;
    }
    if (await isAnswered(address)) {
      throw new DirectoryInUseError(
        `${directory} is in use by another running process; stop that one, or choose another ` +
          "directory",
      );
    }
    await fs.rm(address, { force: true });
  }
  throw new DirectoryInUseError(
    `${directory} was taken by another process that started together with this one; stop ` +
      "that one, or " +
      `choose another directory`,
  );
}

function tryListen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen(address, () => resolve(server));
  });
}

function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNREFUSED" || error.code === "ENOENT" ? resolve(false) : reject(error),
    );
  });
}

// Two starters can both find a dead socket; the slower one's removal then hits the faster one's new
// socket. The faster one notices that its name leads elsewhere and gives way.
async function refuseIfReplaced(server: Server, address: string, directory: string): Promise<void> {
  const mine = await fs.stat(address, { bigint: true });
  await new Promise((resolve) => setTimeout(resolve, verifyAfterMs));
  const now = await fs.stat(address, { bigint: true }).catch(() => undefined);
  if (now?.ino !== mine.ino || now.dev !== mine.dev) {
    // Not server.close(): it would unlink the other's socket by name.
    server.unref();
    throw new DirectoryInUseError(
      `${directory} was taken by another process that started together with this one; stop ` +
        "that one, " +
        `or choose another directory`,
    );
  }
}
