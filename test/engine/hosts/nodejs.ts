/** Pulumi's host of Node.js programs and policy packs, which run in the SDK's own runners. */
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as messages from "@pulumi/pulumi/proto/language_pb";
import { configuration, serveLanguage } from "./languageHost";

interface Options {
  nodeargs: string[];
  typescript: boolean;
  tsconfig?: string;
}

function optionsOf(info: messages.ProgramInfo | undefined): Options {
  const options = info?.getOptions()?.toJavaScript() ?? {};
  const { nodeargs, tsconfig } = options;
  return {
    nodeargs: typeof nodeargs === "string" ? nodeargs.split(/\s+/).filter(Boolean) : [],
    typescript: options.typescript !== false,
    ...(typeof tsconfig === "string" && { tsconfig }),
  };
}

const scriptFor = (folder: string, script: string) =>
  createRequire(join(folder, "index.js")).resolve(`@pulumi/pulumi/cmd/${script}`);

const environment = ({ typescript, tsconfig }: Options): NodeJS.ProcessEnv => ({
  ...process.env,
  PULUMI_NODEJS_TYPESCRIPT: String(typescript),
  ...(tsconfig !== undefined && { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
});

serveLanguage({
  run(request, engine) {
    const info = request.getInfo()!;
    const options = optionsOf(info);
    return {
      program: process.execPath,
      folder: request.getPwd(),
      env: { ...environment(options), ...configuration(request) },
      args: [
        ...options.nodeargs,
        scriptFor(info.getProgramDirectory(), "run"),
        ...["--monitor", request.getMonitorAddress(), "--engine", engine],
        ...["--organization", request.getOrganization(), "--project", request.getProject()],
        ...["--stack", request.getStack(), "--pwd", request.getPwd()],
        ...["--root-directory", info.getRootDirectory()],
        ...["--parallel", String(request.getParallel())],
        ...(request.getDryrun() ? ["--dry-run"] : []),
        info.getEntryPoint() || ".",
        ...request.getArgsList(),
      ],
    };
  },
  runPlugin(request) {
    const info = request.getInfo()!;
    const folder = info.getProgramDirectory();
    const options = optionsOf(info);
    const isPolicyPack = request.getKind() === "analyzer";
    const script = scriptFor(folder, isPolicyPack ? "run-policy-pack" : "run-plugin");
    const args = request.getArgsList();
    const given = request
      .getEnvList()
      .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);
    return {
      program: process.execPath,
      folder: isPolicyPack ? folder : request.getPwd(),
      env: { ...environment(options), ...Object.fromEntries(given) },
      args: [
        ...options.nodeargs,
        script,
        ...(isPolicyPack ? [...args, folder] : [folder, ...args]),
      ],
    };
  },
});
