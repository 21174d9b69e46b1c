import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { ended } from "./provisioned";

/** PostgreSQL refuses to run as root; `nobody` runs it then. */
const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined;
const startTimeoutMs = 60_000;

/** A PostgreSQL server on loopback, to take a backup of or to restore one with. */
export class BackupServer {
  private child: ChildProcess | undefined;

  constructor(
    private readonly bin: string,
    readonly data: string,
    private readonly port: number,
  ) {}

  /** Variables by which PostgreSQL's clients find it. */
  get environment(): NodeJS.ProcessEnv {
    return { PGHOST: "127.0.0.1", PGPORT: String(this.port), PGUSER: "postgres" };
  }

  /** Makes an empty database. Whoever reaches loopback is let in. */
  async init(): Promise<void> {
    mkdirSync(this.data, { mode: 0o700 });
    this.hand(this.data);
    const options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"];
    await ended(join(this.bin, "initdb"), ["-D", this.data, ...options], { LC_ALL: "C" }, user);
  }

  /**
   * Has the next start recover to the end of the write-ahead log that lies in a folder.
   */
  recoverFrom(log: string): void {
    const settings = `restore_command = 'cp ${log}/%f %p'\nrecovery_target_action = 'promote'\n`;
    for (const [name, text] of [
      ["recovery.signal", ""],
      ["postgresql.auto.conf", settings],
    ] as const) {
      writeFileSync(join(this.data, name), text);
      this.hand(join(this.data, name));
    }
  }

  async start(): Promise<void> {
    const settings = [
      `port=${this.port}`,
      "listen_addresses=127.0.0.1",
      "unix_socket_directories=",
      "dynamic_shared_memory_type=mmap",
    ].flatMap((setting) => ["-c", setting]);
    chmodSync(this.data, 0o700);
    const server = spawn(join(this.bin, "postgres"), ["-D", this.data, ...settings], {
      env: { LC_ALL: "C", PATH: process.env["PATH"] },
      cwd: "/",
      ...user,
    });
    this.child = server;
    let log = "";
    server.stdout.resume();
    server.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
    const until = Date.now() + startTimeoutMs;
    while (!log.includes("ready to accept connections") || !(await this.answers())) {
      if (server.exitCode !== null || Date.now() > until) {
        throw new Error(`PostgreSQL didn't start: ${log.slice(-2000)}`);
      }
      await wait(200);
    }
  }

  async stop(): Promise<void> {
    const server = this.child;
    if (server === undefined || server.exitCode !== null) {
      return;
    }
    const exit = new Promise((settle) => server.once("exit", settle));
    server.kill("SIGQUIT");
    await exit;
  }

  private hand(path: string): void {
    if (user !== undefined) {
      chownSync(path, user.uid, user.gid);
    }
  }

  private answers(): Promise<boolean> {
    return new Promise((settle) => {
      const socket = createConnection({ host: "127.0.0.1", port: this.port });
      socket.once("connect", () => settle(true));
      socket.once("error", () => settle(false));
      socket.once("close", () => settle(false));
      socket.once("connect", () => socket.destroy());
    });
  }
}

/** Hands a tree of files to the user that runs PostgreSQL. */
export async function handToServer(folder: string): Promise<void> {
  if (user !== undefined) {
    await ended("chown", ["-R", `${user.uid}:${user.gid}`, folder], { PATH: process.env["PATH"] });
  }
}
