import { type ChildProcess, spawn } from "node:child_process";
import * as grpc from "@grpc/grpc-js";
import * as services from "@pulumi/pulumi/proto/language_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/language_pb";
import * as plugins from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { serve } from "./serve";

/** A command that runs a program or a plugin in its language. */
export interface Command {
  program: string;
  args: string[];
  folder: string;
  env: NodeJS.ProcessEnv;
}

/** How a language runs what the engine asks for. */
export interface Language {
  run(request: messages.RunRequest, engine: string): Command;
  runPlugin?(request: messages.RunPluginRequest): Command;
}

/** Exit code of a program that has told its errors to the engine already. */
const saidAlready = 32;

/** Address of the engine, the last argument of a language host. */
const engine =
  process.argv
    .slice(2)
    .filter((argument) => !argument.startsWith("-"))
    .at(-1) ?? "";

/** Serves the language runtime of Pulumi for one language. */
export function serveLanguage(language: Language): void {
  const children = new Set<ChildProcess>();
  const launch = ({ program, args, folder, env }: Command): ChildProcess => {
    const child = spawn(program, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    children.add(child);
    child.once("close", () => children.delete(child));
    return child;
  };
  const endWith = (signal: NodeJS.Signals) => {
    process.on(signal, () => {
      for (const child of children) {
        child.kill("SIGTERM");
      }
      process.exit(0);
    });
  };
  endWith("SIGTERM");
  endWith("SIGINT");
  const answering =
    <T>(make: () => T) =>
    (_call: unknown, answer: grpc.sendUnaryData<T>) =>
      answer(null, make());

  serve(services.LanguageRuntimeService as unknown as grpc.ServiceDefinition, {
    handshake: answering(() => new messages.LanguageHandshakeResponse()),
    getRequiredPlugins: answering(() => new messages.GetRequiredPluginsResponse()),
    getRequiredPackages: answering(() => new messages.GetRequiredPackagesResponse()),
    getPluginInfo: answering(() => new plugins.PluginInfo()),
    about: answering(() => new messages.AboutResponse()),
    getProgramDependencies: answering(() => new messages.GetProgramDependenciesResponse()),
    runtimeOptionsPrompts: answering(() => new messages.RuntimeOptionsResponse()),
    run(
      call: grpc.ServerUnaryCall<messages.RunRequest, messages.RunResponse>,
      answer: grpc.sendUnaryData<messages.RunResponse>,
    ) {
      const child = launch(language.run(call.request, engine));
      child.stdout!.pipe(process.stdout);
      child.stderr!.pipe(process.stderr);
      call.on("cancelled", () => child.kill("SIGTERM"));
      child.once("error", (error) => answer({ code: grpc.status.UNKNOWN, details: error.message }));
      child.once("close", (code, signal) => {
        const response = new messages.RunResponse();
        if (code === saidAlready) {
          response.setBail(true);
        } else if (code !== 0) {
          response.setError(`the program ended with ${code ?? signal}`);
        }
        answer(null, response);
      });
    },
    runPlugin(
      call: grpc.ServerWritableStream<messages.RunPluginRequest, messages.RunPluginResponse>,
    ) {
      const command = language.runPlugin?.(call.request);
      if (!command) {
        call.destroy(new Error("this language host runs no plugins"));
        return;
      }
      const child = launch(command);
      const send = (fill: (response: messages.RunPluginResponse) => void) => {
        const response = new messages.RunPluginResponse();
        fill(response);
        call.write(response);
      };
      child.stdout!.on("data", (text: Buffer) => send((response) => response.setStdout(text)));
      child.stderr!.on("data", (text: Buffer) => send((response) => response.setStderr(text)));
      child.once("close", (code) => {
        send((response) => response.setExitcode(code ?? 1));
        call.end();
      });
      call.on("cancelled", () => child.kill("SIGTERM"));
    },
    cancel(_call: unknown, answer: grpc.sendUnaryData<Empty>) {
      for (const child of children) {
        child.kill("SIGINT");
      }
      answer(null, new Empty());
    },
  });
}

/** The program's configuration as its SDK reads it. */
export function configuration(request: messages.RunRequest): NodeJS.ProcessEnv {
  const config = Object.fromEntries(request.getConfigMap().entries());
  return {
    PULUMI_CONFIG: JSON.stringify(config),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
  };
}
