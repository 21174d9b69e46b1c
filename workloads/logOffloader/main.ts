import { runService } from "@mlplatform/lake";
import { readConfig } from "./config";
import { startLogOffloader } from "./logOffloader";
import { makeStatusServer } from "./statusServer";

runService("log-offloader", async (logLine) => {
  const config = readConfig(process.env);
  const offloader = await startLogOffloader(config, logLine);
  logLine("info", `following ${config.rayDirectory} as node ${config.origin.node}`);
  if (config.port !== undefined) {
    const server = makeStatusServer(() => offloader.metrics());
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(config.port, config.host, resolve);
    });
  }
  return offloader;
});
