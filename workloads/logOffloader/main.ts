import { runService } from "@mlplatform/lake/service/runService";
import { readConfig } from "./config";
import { keeperMain } from "./keeper/main";
import { startLogOffloader } from "./logOffloader";
import { makeStatusServer } from "./statusServer";

function offloaderMain(): void {
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
}

const [command] = process.argv.slice(2);
if (command === undefined) {
  offloaderMain();
} else if (command === "keeper") {
  void keeperMain();
} else {
  process.stderr.write(`log-offloader: there is only the command keeper, got ${command}\n`);
  process.exitCode = 2;
}
