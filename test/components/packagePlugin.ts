import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { GetSchemaRequest } from "@pulumi/pulumi/proto/provider_pb";

/**
 * Schema of a component package, asked of the process that Pulumi's language host starts for it,
 * with the SDK that is installed for the package's folder.
 *
 * @param workingDir where the process runs: its TypeScript settings are taken, if it has any.
 *   Default: the package's folder
 */
export async function servedSchema(folder: string, workingDir = folder): Promise<string> {
  const engine = new grpc.Server();
  const enginePort = await listen(engine);
  try {
    const plugin = await startPlugin(folder, `127.0.0.1:${enginePort}`, workingDir);
    try {
      return await getSchema(plugin.port);
    } finally {
      plugin.child.kill();
    }
  } finally {
    engine.forceShutdown();
  }
}

function listen(server: grpc.Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
}

/** Starts the package as Pulumi's language host does; it prints its port. */
function startPlugin(
  folder: string,
  engine: string,
  workingDir: string,
): Promise<{ child: ChildProcess; port: number }> {
  const runner = createRequire(join(folder, "index.ts")).resolve("@pulumi/pulumi/cmd/run-plugin");
  const child = spawn(process.execPath, [runner, folder, engine], {
    cwd: workingDir,
    env: { ...process.env, NODE_OPTIONS: "", PULUMI_NODEJS_TYPESCRIPT: "true" },
  });
  return new Promise((resolve, reject) => {
    let [out, err] = ["", ""];
    child.stderr.on("data", (chunk) => (err += chunk));
    child.stdout.on("data", (chunk) => {
      out += chunk;
      if (/^\d+\s/.test(out)) {
        resolve({ child, port: Number.parseInt(out, 10) });
      }
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`the plugin ended with ${code}: ${err}`)));
  });
}

function getSchema(port: number): Promise<string> {
  const client = new ResourceProviderClient(
    `127.0.0.1:${port}`,
    grpc.credentials.createInsecure(),
    { "grpc.max_receive_message_length": -1 },
  );
  return new Promise<string>((resolve, reject) =>
    client.getSchema(new GetSchemaRequest(), (error: Error | null, response: any) =>
      error ? reject(error) : resolve(response.getSchema()),
    ),
  ).finally(() => client.close());
}
