/**
 * Pulumi's host of Python programs: the SDK's own runtime. The CLI's host is in no Go module that
 * can be had.
 *
 * Environment: MLP_ENGINE_PYTHON (the interpreter), MLP_ENGINE_ROOT (root of the clone).
 */
import { join } from "node:path";
import { configuration, serveLanguage } from "./languageHost";

serveLanguage({
  run(request, engine) {
    const info = request.getInfo()!;
    return {
      program: process.env.MLP_ENGINE_PYTHON!,
      folder: request.getPwd(),
      env: { ...process.env, ...configuration(request) },
      args: [
        join(process.env.MLP_ENGINE_ROOT!, "test/engine/python/run.py"),
        ...["--project", request.getProject(), "--stack", request.getStack()],
        ...["--organization", request.getOrganization(), "--engine", engine],
        ...["--monitor", request.getMonitorAddress()],
        ...["--root-directory", info.getRootDirectory()],
        ...["--parallel", String(request.getParallel())],
        ...(request.getDryrun() ? ["--dry-run"] : []),
        "__main__.py",
      ],
    };
  },
});
